//! Looking for titles, and at them.

use domain::media::{Genre, ImagePath, ImageSize, MediaType, Row, Season, TitleDetails, Titles, TmdbId};
use http::header::ACCEPT;
use http::{HeaderValue, StatusCode};

use super::wire::MessageWire;
use super::{Family, Overseerr};
use crate::Error;
use crate::http::{Answer, Call};
use crate::titles::{DetailsWire, GenreWire, Image, SeasonWire, TitlesWire};

/// TMDB counts no further.
const LAST_PAGE: u32 = 500;
/// The most characters of a search, which TMDB cuts anyway.
const QUERY: usize = 200;

impl Overseerr {
    /// Films and series by their name. While Overseerr cannot reach TMDB it answers that there are
    /// none.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn search(&self, query: &str, page: u32) -> Result<Titles, Error> {
        let query: String = query.trim().chars().take(QUERY).collect();
        if query.is_empty() {
            return Ok(Titles { titles: Vec::new(), page: 1, pages: 0, total: 0 });
        }
        let call = self.http.get("api/v1/search").query(&[("query", &query), ("page", &number(page))]);
        self.titles(call, None).await
    }

    /// A page of a row of the discover page.
    ///
    /// # Errors
    /// What every call may give; [`Error::Failed`] also while Overseerr cannot reach TMDB.
    pub async fn discover(&self, row: Row, page: u32) -> Result<Titles, Error> {
        let path = match row {
            Row::Trending => "trending".to_owned(),
            Row::Movies => "movies".to_owned(),
            Row::Tv => "tv".to_owned(),
            Row::UpcomingMovies => "movies/upcoming".to_owned(),
            Row::UpcomingTv => "tv/upcoming".to_owned(),
            Row::Genre(MediaType::Movie, id) => format!("movies/genre/{id}"),
            Row::Genre(MediaType::Tv, id) => format!("tv/genre/{id}"),
        };
        let call = self.http.get(&format!("api/v1/discover/{path}")).query(&[("page", &number(page))]);
        self.titles(call, row.media_type()).await
    }

    /// What those who like this one like too.
    ///
    /// # Errors
    /// As [`Overseerr::discover`].
    pub async fn recommendations(
        &self,
        media_type: MediaType,
        id: TmdbId,
        page: u32,
    ) -> Result<Titles, Error> {
        let path = format!("api/v1/{media_type}/{id}/recommendations");
        self.titles(self.http.get(&path).query(&[("page", &number(page))]), Some(media_type)).await
    }

    async fn titles(&self, call: Call<'_>, media_type: Option<MediaType>) -> Result<Titles, Error> {
        let answer = call.interactive().accept(is_of_tmdb).send().await?;
        self.refuse_failure(&answer)?;
        Ok(answer.json::<TitlesWire>(self.http.service())?.into_titles(media_type))
    }

    /// A film. Nothing when there is none of this number, and while Overseerr cannot reach TMDB:
    /// it gives the same answer to both.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn movie(&self, id: TmdbId) -> Result<Option<TitleDetails>, Error> {
        self.details(MediaType::Movie, id).await
    }

    /// A series with its seasons; otherwise as [`Overseerr::movie`].
    ///
    /// # Errors
    /// What every call may give.
    pub async fn tv(&self, id: TmdbId) -> Result<Option<TitleDetails>, Error> {
        self.details(MediaType::Tv, id).await
    }

    /// As [`Overseerr::movie`], for either kind.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn details(&self, media_type: MediaType, id: TmdbId) -> Result<Option<TitleDetails>, Error> {
        let Some(answer) = self.one(&format!("api/v1/{media_type}/{id}")).await? else { return Ok(None) };
        let wire: DetailsWire = answer.json(self.http.service())?;
        wire.into_details(media_type).map(Some).ok_or_else(|| self.garbled("a title without a name"))
    }

    /// A season with its episodes; otherwise as [`Overseerr::movie`]. What the household has of it
    /// is in the seasons of [`Overseerr::tv`].
    ///
    /// # Errors
    /// What every call may give.
    pub async fn season(&self, id: TmdbId, number: u32) -> Result<Option<Season>, Error> {
        let Some(answer) = self.one(&format!("api/v1/tv/{id}/season/{number}")).await? else {
            return Ok(None);
        };
        let wire: SeasonWire = answer.json(self.http.service())?;
        // Seerr leaves the number out, since it was asked for.
        let season = wire.into_season(Some(number), None);
        season.map(Some).ok_or_else(|| self.garbled("a season without a number"))
    }

    async fn one(&self, path: &str) -> Result<Option<Answer>, Error> {
        let is_known = |status| is_of_tmdb(status) || status == StatusCode::NOT_FOUND;
        let answer = self.http.get(path).interactive().accept(is_known).send().await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::INTERNAL_SERVER_ERROR if message(&answer).starts_with("Unable to retrieve") => {
                Ok(None)
            }
            _ => self.refuse_failure(&answer).map(|()| Some(answer)),
        }
    }

    /// The genres of films or of series.
    ///
    /// # Errors
    /// As [`Overseerr::discover`].
    pub async fn genres(&self, media_type: MediaType) -> Result<Vec<Genre>, Error> {
        let call = self.http.get(&format!("api/v1/genres/{media_type}")).interactive();
        let answer = call.accept(is_of_tmdb).send().await?;
        self.refuse_failure(&answer)?;
        let wire: Vec<GenreWire> = answer.json(self.http.service())?;
        Ok(wire.into_iter().filter_map(GenreWire::into_genre).collect())
    }

    /// A picture of TMDB, through the proxy that Overseerr has for them. Nothing when there is
    /// none.
    ///
    /// # Errors
    /// What every call may give; [`Error::Garbled`] when it is no picture.
    pub async fn image(&self, path: &ImagePath, size: ImageSize) -> Result<Option<Image>, Error> {
        let folder = match self.family().await? {
            Family::Seerr => "imageproxy/tmdb/t/p",
            Family::Overseerr => "imageproxy/t/p",
        };
        let call = self.http.get(&format!("{folder}/{}{path}", size.as_str())).interactive();
        let call = call.header(ACCEPT, HeaderValue::from_static("image/*"));
        let answer = call.accept(|status| status == StatusCode::NOT_FOUND).send().await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        Image::from_answer(answer).map(Some).ok_or_else(|| self.garbled("not a picture"))
    }

    /// A 500 that was let through so that it does not count against Overseerr is one after all.
    pub(super) fn refuse_failure(&self, answer: &Answer) -> Result<(), Error> {
        if answer.status.is_server_error() {
            let (service, status) = (self.http.service().clone(), answer.status.as_u16());
            return Err(Error::Failed { service, status, retry_after: None });
        }
        Ok(())
    }

    pub(super) fn garbled(&self, reason: &str) -> Error {
        Error::Garbled { service: self.http.service().clone(), reason: reason.to_owned() }
    }
}

/// 500 is also the answer when it is TMDB that is away or does not know the title: then Overseerr
/// itself is well, and its breaker stays closed.
fn is_of_tmdb(status: StatusCode) -> bool {
    status == StatusCode::INTERNAL_SERVER_ERROR
}

/// What an answer that is not good says; empty when it says nothing.
pub(super) fn message(answer: &Answer) -> String {
    serde_json::from_slice::<MessageWire>(&answer.body).ok().and_then(|wire| wire.message).unwrap_or_default()
}

fn number(page: u32) -> String {
    page.clamp(1, LAST_PAGE).to_string()
}
