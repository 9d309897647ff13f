//! The films of the video site: test pictures and a tone, made once by ffmpeg and kept in a folder.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use bytes::Bytes;
use tokio::process::Command;

/// Part of the folder's name: a change of the films needs a new one.
const EDITION: &str = "films-1";

/// The film behind `/files/NAME.mp4`: what `NAME` has before its first hyphen.
const FILMS: [Film; 4] = [
    Film { name: "low", size: "320x180", seconds: 8, video_kbit: 500 },
    Film { name: "small", size: "320x180", seconds: 3, video_kbit: 900 },
    Film { name: "clip", size: "640x360", seconds: 8, video_kbit: 1_500 },
    Film { name: "large", size: "1280x720", seconds: 8, video_kbit: 2_700 },
];

struct Film {
    name: &'static str,
    size: &'static str,
    seconds: u32,
    video_kbit: u32,
}

/// The folder with the finished films.
#[derive(Clone)]
pub(crate) struct Media {
    folder: PathBuf,
}

impl Media {
    /// Makes the films in `cache`, unless they are there. Several processes may do so at once:
    /// each works in a folder of its own, and the first to finish names the result.
    pub async fn prepare(cache: &Path) -> io::Result<Self> {
        let folder = cache.join(EDITION);
        if tokio::fs::try_exists(&folder).await? {
            return Ok(Self { folder });
        }
        let nonce = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let workshop = cache.join(format!(".{EDITION}-{}-{}", std::process::id(), nonce.as_nanos()));
        tokio::fs::create_dir_all(&workshop).await?;
        let made = make_all(&workshop).await;
        let renamed = match made {
            Ok(()) => tokio::fs::rename(&workshop, &folder).await,
            Err(error) => Err(error),
        };
        if let Err(error) = renamed {
            let _ = tokio::fs::remove_dir_all(&workshop).await;
            if !tokio::fs::try_exists(&folder).await? {
                return Err(error);
            }
        }
        Ok(Self { folder })
    }

    /// The bytes of `name`, such as `clip.mp4` or `hls/low.m3u8`; nothing if there is no such file.
    pub async fn read(&self, name: &str) -> Option<Bytes> {
        let is_plain = !name.split('/').any(|part| part.is_empty() || part.starts_with('.'));
        if !is_plain {
            return None;
        }
        tokio::fs::read(self.folder.join(name)).await.ok().map(Bytes::from)
    }

    /// The film behind a file name: `clip-17.mp4` is a copy of `clip.mp4` under a name of its own.
    pub async fn film(&self, file_name: &str) -> Option<Bytes> {
        let stem = file_name.strip_suffix(".mp4")?;
        let film = stem.split('-').next()?;
        self.read(&format!("{film}.mp4")).await
    }
}

async fn make_all(folder: &Path) -> io::Result<()> {
    for film in &FILMS {
        make_film(folder, film).await?;
    }
    make_hls(folder).await?;
    make_dash(folder).await?;
    let poster = ["-i", "clip.mp4", "-frames:v", "1", "-q:v", "4", "poster.jpg"];
    ffmpeg(folder, &poster.map(str::to_owned)).await
}

/// Noise over the test picture keeps the encoder at the wanted rate, and so the file at its size.
async fn make_film(folder: &Path, film: &Film) -> io::Result<()> {
    let picture = format!("testsrc2=size={}:rate=12,noise=alls=30:allf=t", film.size);
    let rate = format!("{}k", film.video_kbit);
    let seconds = film.seconds.to_string();
    let target = format!("{}.mp4", film.name);
    #[rustfmt::skip]
    let arguments = [
        "-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100", "-t",
        &seconds, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-b:v", &rate, "-minrate",
        &rate, "-maxrate", &rate, "-bufsize", &rate, "-g", "24", "-c:a", "aac", "-b:a", "64k", "-movflags",
        "+faststart", &target,
    ];
    ffmpeg(folder, &arguments.map(str::to_owned)).await
}

/// Two renditions with a master list of our own: without CODECS in it yt-dlp would not know that
/// the streams carry sound.
async fn make_hls(folder: &Path) -> io::Result<()> {
    let hls = folder.join("hls");
    tokio::fs::create_dir(&hls).await?;
    for (name, film) in [("low", "low"), ("high", "clip")] {
        let source = format!("../{film}.mp4");
        let pieces = format!("{name}-%d.ts");
        let list = format!("{name}.m3u8");
        #[rustfmt::skip]
        let arguments = [
            "-i", &source, "-c", "copy", "-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod",
            "-hls_segment_filename", &pieces, &list,
        ];
        ffmpeg(&hls, &arguments.map(str::to_owned)).await?;
    }
    let master = "#EXTM3U\n#EXT-X-VERSION:3\n\
        #EXT-X-STREAM-INF:BANDWIDTH=600000,RESOLUTION=320x180,CODECS=\"avc1.42c00c,mp4a.40.2\"\nlow.m3u8\n\
        #EXT-X-STREAM-INF:BANDWIDTH=1700000,RESOLUTION=640x360,CODECS=\"avc1.42c01e,mp4a.40.2\"\nhigh.m3u8\n";
    tokio::fs::write(hls.join("master.m3u8"), master).await
}

/// Picture and sound apart, as the big sites do it: the downloader has to merge them.
async fn make_dash(folder: &Path) -> io::Result<()> {
    let dash = folder.join("dash");
    tokio::fs::create_dir(&dash).await?;
    #[rustfmt::skip]
    let arguments = [
        "-i", "../low.mp4", "-i", "../clip.mp4", "-map", "0:v", "-map", "1:v", "-map", "1:a", "-c", "copy",
        "-f", "dash", "-seg_duration", "2", "-adaptation_sets", "id=0,streams=v id=1,streams=a", "manifest.mpd",
    ];
    ffmpeg(&dash, &arguments.map(str::to_owned)).await
}

async fn ffmpeg(folder: &Path, arguments: &[String]) -> io::Result<()> {
    let output = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-nostdin", "-y"])
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("could not start ffmpeg: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(io::Error::other(format!("ffmpeg could not make a test film: {said}")))
}
