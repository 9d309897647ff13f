//! Posters and art, in the size that a page needs.

use bytes::Bytes;
use http::header;

use super::Server;
use crate::Error;

/// A picture as the server drew it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Always begins with `image/`.
    pub content_type: String,
    pub bytes: Bytes,
}

/// No picture of ours is wider or higher.
const LARGEST: u32 = 2160;

impl Server {
    /// The picture at `path`, one of [`super::Item`]'s, drawn to fill `width` × `height`.
    ///
    /// # Errors
    /// Every variant of [`Error`]; [`Error::Internal`] when `path` is not one of the server's
    /// pictures, for it would fetch any address for us; [`Error::Garbled`] when no picture came.
    pub async fn image(&self, path: &str, width: u32, height: u32) -> Result<Image, Error> {
        let service = self.service();
        if !is_picture(path) {
            return Err(Error::Internal { service, reason: "that is not a picture of Plex".to_owned() });
        }
        let (width, height) = (width.clamp(1, LARGEST).to_string(), height.clamp(1, LARGEST).to_string());
        let pairs = [
            ("url", path),
            ("width", width.as_str()),
            ("height", height.as_str()),
            ("minSize", "1"),
            ("upscale", "1"),
            ("format", "jpg"),
        ];
        let call = self.get("photo/:/transcode").query(&pairs);
        let answer = call.header(header::ACCEPT, header::HeaderValue::from_static("image/*")).send().await?;
        let content_type = answer.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        match content_type.map(|kind| kind.trim().to_ascii_lowercase()) {
            Some(content_type) if content_type.starts_with("image/") && !answer.body.is_empty() => {
                Ok(Image { content_type, bytes: answer.body })
            }
            _ => Err(Error::Garbled { service, reason: "not a picture".to_owned() }),
        }
    }
}

/// A path below those where the server keeps pictures, or a portrait at plex.tv.
fn is_picture(path: &str) -> bool {
    let is_own =
        ["/library/", "/:/resources/", "/hubs/", "/playlists/"].iter().any(|folder| path.starts_with(folder));
    let is_portrait = path.starts_with("https://metadata-static.plex.tv/");
    let is_plain = !path.contains("..") && !path.contains(['\\', '#']) && !path.contains(char::is_control);
    (is_own || is_portrait) && is_plain && path.len() <= 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_of_the_server_are_drawn() {
        for good in [
            "/library/metadata/102/thumb/1795361832",
            "/library/collections/128/composite/1795362131?width=400&height=600",
            "/:/resources/movie-fanart.jpg",
            "https://metadata-static.plex.tv/people/5d776826.jpg",
        ] {
            assert!(is_picture(good), "{good}");
        }
        for bad in [
            "",
            "http://169.254.169.254/latest",
            "https://evil.example/a.jpg",
            "https://metadata-static.plex.tv.evil.example/a.jpg",
            "//nas/a.jpg",
            "/library/../identity",
            "/photo/:/transcode?url=http://nas/",
            "/library/a\r\nb",
        ] {
            assert!(!is_picture(bad), "{bad}");
        }
    }
}
