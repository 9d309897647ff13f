//! The Movie Database, asked directly: for households without Overseerr, and for pictures.

use domain::Secret;
use domain::media::{Genre, ImagePath, ImageSize, MediaType, Row, Season, TitleDetails, Titles, TmdbId};
use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;

use crate::Error;
use crate::http::{Answer, Call, Client};
use crate::titles::{DetailsWire, GenreWire, Image, SeasonWire, TitlesWire};
use crate::tolerant;

#[cfg(test)]
mod tests;

/// It counts no further.
const LAST_PAGE: u32 = 500;
/// The most characters of a search.
const QUERY: usize = 200;

/// A client for TMDB. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Tmdb {
    http: Client,
    key: Key,
}

/// It gives out two kinds, and either will do.
#[derive(Debug, Clone)]
enum Key {
    /// 32 hexadecimal digits, sent in the query.
    V3(Secret),
    /// A long token with two dots, sent as `Authorization: Bearer`.
    V4(Secret),
}

impl Tmdb {
    /// `http` has the address of the API, such as `https://api.themoviedb.org/3`.
    pub fn new(http: Client, key: &Secret) -> Self {
        let text = key.expose().trim();
        let key = if text.matches('.').count() == 2 {
            Key::V4(Secret::new(format!("Bearer {text}")))
        } else {
            Key::V3(Secret::new(text))
        };
        Self { http, key }
    }

    fn get(&self, path: &str) -> Call<'_> {
        let call = self.http.get(path).interactive();
        match &self.key {
            Key::V3(key) => call.secret_query("api_key", key),
            Key::V4(token) => call.secret_header(AUTHORIZATION, token),
        }
    }

    /// Whether it takes the key.
    ///
    /// # Errors
    /// [`Error::AccessDenied`] when it does not, and what every call may give.
    pub async fn check(&self) -> Result<(), Error> {
        #[derive(Deserialize)]
        struct Wire {
            images: serde_json::Map<String, serde_json::Value>,
        }
        let wire: Wire = self.get("configuration").json().await?;
        if wire.images.is_empty() { Err(self.garbled("a configuration without pictures")) } else { Ok(()) }
    }

    /// Films and series by their name.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn search(&self, query: &str, page: u32) -> Result<Titles, Error> {
        let query: String = query.trim().chars().take(QUERY).collect();
        if query.is_empty() {
            return Ok(Titles { titles: Vec::new(), page: 1, pages: 0, total: 0 });
        }
        let call = self.get("search/multi").query(&[("query", &query), ("include_adult", "false")]);
        self.titles(call, page, None).await
    }

    /// A page of a row of the discover page.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn discover(&self, row: Row, page: u32) -> Result<Titles, Error> {
        let call = match row {
            Row::Trending => self.get("trending/all/day"),
            Row::Movies => self.get("movie/popular"),
            Row::Tv => self.get("tv/popular"),
            Row::UpcomingMovies => self.get("movie/upcoming"),
            Row::UpcomingTv => self.get("tv/on_the_air"),
            Row::Genre(media_type, id) => {
                self.get(&format!("discover/{media_type}")).query(&[("with_genres", &id.to_string())])
            }
        };
        self.titles(call, page, row.media_type()).await
    }

    /// What those who like this one like too.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn recommendations(
        &self,
        media_type: MediaType,
        id: TmdbId,
        page: u32,
    ) -> Result<Titles, Error> {
        self.titles(self.get(&format!("{media_type}/{id}/recommendations")), page, Some(media_type)).await
    }

    async fn titles(
        &self,
        call: Call<'_>,
        page: u32,
        media_type: Option<MediaType>,
    ) -> Result<Titles, Error> {
        let call = call.query(&[("page", &page.clamp(1, LAST_PAGE).to_string())]);
        Ok(call.json::<TitlesWire>().await?.into_titles(media_type))
    }

    /// A film; nothing when there is none of this number.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn movie(&self, id: TmdbId) -> Result<Option<TitleDetails>, Error> {
        self.details(MediaType::Movie, id).await
    }

    /// A series with its seasons; nothing when there is none of this number.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn tv(&self, id: TmdbId) -> Result<Option<TitleDetails>, Error> {
        self.details(MediaType::Tv, id).await
    }

    /// # Errors
    /// What every call may give.
    pub async fn details(&self, media_type: MediaType, id: TmdbId) -> Result<Option<TitleDetails>, Error> {
        let more = match media_type {
            MediaType::Movie => "credits,external_ids,videos,release_dates",
            MediaType::Tv => "credits,external_ids,videos,content_ratings",
        };
        let call = self.get(&format!("{media_type}/{id}")).query(&[("append_to_response", more)]);
        let Some(answer) = some(call).await? else { return Ok(None) };
        let wire: DetailsWire = answer.json(self.http.service())?;
        wire.into_details(media_type).map(Some).ok_or_else(|| self.garbled("a title without a name"))
    }

    /// A season with its episodes; nothing when there is none of this number.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn season(&self, id: TmdbId, number: u32) -> Result<Option<Season>, Error> {
        let Some(answer) = some(self.get(&format!("tv/{id}/season/{number}"))).await? else {
            return Ok(None);
        };
        let wire: SeasonWire = answer.json(self.http.service())?;
        let season = wire.into_season(Some(number), None);
        season.map(Some).ok_or_else(|| self.garbled("a season without a number"))
    }

    /// The genres of films or of series.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn genres(&self, media_type: MediaType) -> Result<Vec<Genre>, Error> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(deserialize_with = "tolerant::list")]
            genres: Vec<GenreWire>,
        }
        let wire: Wire = self.get(&format!("genre/{media_type}/list")).json().await?;
        Ok(wire.genres.into_iter().filter_map(GenreWire::into_genre).collect())
    }

    fn garbled(&self, reason: &str) -> Error {
        Error::Garbled { service: self.http.service().clone(), reason: reason.to_owned() }
    }
}

/// Nothing for 404.
async fn some(call: Call<'_>) -> Result<Option<Answer>, Error> {
    let answer = call.accept(|status| status == StatusCode::NOT_FOUND).send().await?;
    Ok((answer.status != StatusCode::NOT_FOUND).then_some(answer))
}

/// A picture of TMDB's picture server; `http` has its address, such as
/// `https://image.tmdb.org/t/p`. Needs no key. Nothing when there is none.
///
/// # Errors
/// What every call may give; [`Error::Garbled`] when it is no picture.
pub async fn image(http: &Client, path: &ImagePath, size: ImageSize) -> Result<Option<Image>, Error> {
    let call = http.get(&format!("{}{path}", size.as_str())).interactive();
    let Some(answer) = some(call.header(ACCEPT, HeaderValue::from_static("image/*"))).await? else {
        return Ok(None);
    };
    let garbled = || Error::Garbled { service: http.service().clone(), reason: "not a picture".to_owned() };
    Image::from_answer(answer).map(Some).ok_or_else(garbled)
}
