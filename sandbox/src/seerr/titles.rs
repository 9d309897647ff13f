//! Finding titles, and everything about one: TMDB's words in Seerr's spelling, with what Seerr knows.

use serde_json::{Value, json};

use super::media::Media;
use super::{Family, Inner, Outcome, Refusal, State, checks, id, ok};
use crate::catalogue::{self, Only, PAGE, Row, Title};
use crate::lock;
use crate::server::Request;
use crate::world::{Episode, Movie, Role, Season, Show};

impl Inner {
    pub(super) fn titles(&self, parts: &[&str], request: &Request) -> Outcome {
        let state = lock(&self.state);
        let page = usize::try_from(request.number("page", 1)).unwrap_or(1);
        match parts {
            ["search"] => ok(&state.search(&request.query["query"], page)),
            ["discover", rest @ ..] => ok(&state.discover(rest, request, page)?),
            ["genres", kind @ ("movie" | "tv")] => ok(&state.genres(*kind == "movie")),
            ["person", text] => {
                let id = id(text, "Person")?;
                let person = state.world.person(id).filter(|_| !state.tmdb_down);
                let person = person.ok_or_else(|| Refusal::internal("Unable to retrieve person."))?;
                ok(&json!({
                    "id": person.tmdb, "name": person.name, "profilePath": person.profile_path(),
                    "knownForDepartment": "Acting", "biography": "", "alsoKnownAs": [], "gender": 2,
                }))
            }
            ["movie", text] => {
                let found = id(text, "Movie").ok().and_then(|id| state.world.movie(id));
                let found = found.filter(|_| !state.tmdb_down);
                let movie = found.ok_or_else(|| Refusal::internal("Unable to retrieve movie."))?;
                ok(&state.movie(movie))
            }
            ["tv", text] => ok(&state.show(state.must_have(text)?)),
            ["tv", text, "season", number] => {
                let show = state.must_have(text)?;
                let season = number.parse().ok().and_then(|number| show.season(number));
                let season = season.ok_or_else(|| Refusal::internal("Unable to retrieve season."))?;
                ok(&state.season(season))
            }
            [kind @ ("movie" | "tv"), text, "recommendations" | "similar"] => {
                let id = id(text, "Title")?;
                let title = if *kind == "movie" {
                    state.world.movie(id).map(Title::Movie)
                } else {
                    state.world.show(id).map(Title::Show)
                };
                let title = title.filter(|_| !state.tmdb_down);
                let title = title.ok_or_else(|| Refusal::internal("Unable to retrieve recommendations."))?;
                ok(&state.listed(&catalogue::similar(&state.world, title), page))
            }
            _ => Err(checks::no_route(&request.path)),
        }
    }
}

impl State {
    fn must_have(&self, text: &str) -> Result<&Show, Refusal> {
        let found = text.parse().ok().and_then(|id| self.world.show(id)).filter(|_| !self.tmdb_down);
        found.ok_or_else(|| Refusal::internal("Unable to retrieve series."))
    }

    /// TMDB away looks like nothing found.
    fn search(&self, query: &str, page: usize) -> Value {
        if self.tmdb_down {
            return self.listed(&[], page);
        }
        let query = query.trim();
        if let Some(number) = query.strip_prefix("tmdb:") {
            let id: i64 = number.parse().unwrap_or_default();
            let movie = self.world.movie(id).map(Title::Movie);
            let found: Vec<Title<'_>> = movie.or(self.world.show(id).map(Title::Show)).into_iter().collect();
            return self.listed(&found, page);
        }
        let words = query.split_once("year:").map_or(query, |(words, _)| words);
        let mut json = self.listed(&catalogue::search(&self.world, Only::Everything, words), page);
        let lower = words.to_lowercase();
        let people = self.world.people.iter().filter(|person| person.name.to_lowercase().contains(&lower));
        let people: Vec<Value> = people
            .map(|person| {
                json!({
                    "id": person.tmdb, "name": person.name, "popularity": 9.1, "adult": false,
                    "mediaType": "person", "profilePath": person.profile_path(), "knownFor": [],
                })
            })
            .collect();
        if page == 1
            && let Some(results) = json["results"].as_array_mut()
            && results.len() + people.len() <= PAGE
        {
            results.extend(people.iter().cloned());
            json["totalResults"] = json!(json["totalResults"].as_u64().unwrap_or(0) + people.len() as u64);
        }
        json
    }

    fn discover(&self, parts: &[&str], request: &Request, page: usize) -> Result<Value, Refusal> {
        let (only, row, what) = match parts {
            ["trending"] => (Only::Everything, Row::Popular, "trending items"),
            ["movies"] | ["movies", "genre", _] => (Only::Movies, Row::Popular, "popular movies"),
            ["tv"] | ["tv", "genre", _] => (Only::Shows, Row::Popular, "popular series"),
            ["movies", "upcoming"] => (Only::Movies, Row::Upcoming, "upcoming movies"),
            ["tv", "upcoming"] => (Only::Shows, Row::Upcoming, "upcoming series"),
            ["watchlist"] => {
                return Ok(json!({ "page": 1, "totalPages": 1, "totalResults": 0, "results": [] }));
            }
            ["genreslider", kind @ ("movie" | "tv")] => return Ok(self.genres(*kind == "movie")),
            _ => return Err(checks::no_route(&request.path)),
        };
        if self.tmdb_down {
            return Err(Refusal::internal(&format!("Unable to retrieve {what}.")));
        }
        let genre = match parts {
            [_, "genre", id] => id.parse().ok(),
            _ => request.query.get("genre").and_then(|id| id.parse::<i64>().ok()),
        };
        let mut titles = catalogue::row(&self.world, only, row);
        titles.retain(|title| genre.is_none_or(|genre| title.genre_ids().contains(&genre)));
        let mut json = self.listed(&titles, page);
        if parts == ["tv"] || parts == ["movies"] {
            json["keywords"] = json!([]);
        }
        Ok(json)
    }

    fn genres(&self, movies: bool) -> Value {
        let only = if movies { Only::Movies } else { Only::Shows };
        let titles = catalogue::titles(&self.world, only);
        let mut genres: Vec<_> = titles.iter().flat_map(|title| title.genres()).copied().collect();
        genres.sort();
        genres.dedup();
        genres.iter().map(|genre| json!({ "id": genre.id, "name": genre.name })).collect()
    }

    fn listed(&self, titles: &[Title<'_>], number: usize) -> Value {
        let (some, pages) = catalogue::page(titles, number);
        let results: Vec<Value> = some.into_iter().map(|title| self.result(title)).collect();
        json!({ "page": number.max(1), "totalPages": pages, "totalResults": titles.len(), "results": results })
    }

    fn result(&self, title: Title<'_>) -> Value {
        let mut json = match title {
            Title::Movie(movie) => json!({
                "id": movie.tmdb, "mediaType": "movie", "adult": false, "genreIds": title.genre_ids(),
                "originalLanguage": "en", "originalTitle": movie.title, "overview": movie.overview,
                "popularity": movie.popularity, "releaseDate": movie.released, "title": movie.title,
                "video": false, "voteAverage": movie.rating, "voteCount": movie.votes,
                "backdropPath": movie.backdrop_path(), "posterPath": movie.poster_path(),
            }),
            Title::Show(show) => json!({
                "id": show.tmdb, "firstAirDate": show.first_aired(), "genreIds": title.genre_ids(),
                "mediaType": "tv", "name": show.title, "originCountry": ["US"], "originalLanguage": "en",
                "originalName": show.title, "overview": show.overview, "popularity": show.popularity,
                "voteAverage": show.rating, "voteCount": show.votes,
                "backdropPath": show.backdrop_path(), "posterPath": show.poster_path(),
            }),
        };
        if let Some(media) = self.media_of(matches!(title, Title::Movie(_)), title.tmdb()) {
            let mut known = self.media_json(media);
            if self.family == Family::Seerr {
                known["watchlists"] = json!([]);
            }
            json["mediaInfo"] = known;
        }
        json
    }

    /// What Seerr knows of a title on its own page.
    fn info(&self, media: &Media) -> Value {
        let mut info = self.media_json(media);
        let Some(owner) = self.users.get(&1) else { return info };
        let requests: Vec<Value> = self
            .requests
            .values()
            .filter(|asked| asked.media == media.id)
            .map(|asked| self.whole(asked, owner))
            .collect();
        info["requests"] = json!(requests);
        info["issues"] = json!([]);
        info["seasons"] = self.seasons_json(media);
        info
    }

    fn movie(&self, movie: &Movie) -> Value {
        let genres: Vec<Value> =
            movie.genres.iter().map(|genre| json!({ "id": genre.id, "name": genre.name })).collect();
        let mut json = json!({
            "id": movie.tmdb, "adult": false, "budget": 0, "genres": genres,
            "relatedVideos": [{
                "site": "YouTube", "key": "sandbox0000", "name": "Trailer", "size": 1080, "type": "Trailer",
                "url": "https://www.youtube.com/watch?v=sandbox0000",
            }],
            "originalLanguage": "en", "originalTitle": movie.title, "popularity": movie.popularity,
            "productionCompanies": [{ "id": 508, "name": movie.studio, "originCountry": "US", "logoPath": null }],
            "productionCountries": [{ "iso_3166_1": "US", "name": "United States of America" }],
            "releaseDate": movie.released,
            "releases": { "results": [{ "iso_3166_1": "US", "release_dates": [{
                "certification": movie.certificate, "iso_639_1": "", "note": "",
                "release_date": format!("{}T00:00:00.000Z", movie.released), "type": 3,
            }] }] },
            "revenue": 0, "spokenLanguages": [{ "english_name": "English", "iso_639_1": "en", "name": "English" }],
            "status": "Released", "title": movie.title, "video": false, "voteAverage": movie.rating,
            "voteCount": movie.votes, "backdropPath": movie.backdrop_path(), "homepage": "",
            "imdbId": movie.imdb(), "overview": movie.overview, "posterPath": movie.poster_path(),
            "runtime": movie.minutes, "tagline": movie.tagline,
            "credits": credits(&movie.cast, movie.director.tmdb, movie.director.name, "Director"),
            "externalIds": { "facebookId": null, "imdbId": movie.imdb(), "instagramId": null, "twitterId": null },
            "watchProviders": [], "keywords": [], "onUserWatchlist": false,
        });
        if let Some(media) = self.media_of(true, movie.tmdb) {
            json["mediaInfo"] = self.info(media);
        }
        json
    }

    fn show(&self, show: &Show) -> Value {
        let genres: Vec<Value> =
            show.genres.iter().map(|genre| json!({ "id": genre.id, "name": genre.name })).collect();
        let episodes: usize = show.seasons.iter().map(|season| season.episodes.len()).sum();
        let specials = json!({
            "airDate": show.first_aired(), "episodeCount": 2, "id": show.tmdb * 100, "name": "Specials",
            "overview": "", "seasonNumber": 0, "posterPath": show.poster_path(),
        });
        let seasons = show.seasons.iter().map(|season| {
            json!({
                "airDate": season.aired(), "episodeCount": season.episodes.len(), "id": season.tmdb,
                "name": format!("Season {}", season.number), "overview": "", "seasonNumber": season.number,
                "posterPath": season.poster_path(),
            })
        });
        let seasons: Vec<Value> = [specials].into_iter().chain(seasons).collect();
        let mut json = json!({
            "createdBy": [{ "id": show.creator.tmdb, "credit_id": "x", "name": show.creator.name, "gender": 2, "profile_path": null }],
            "episodeRunTime": [show.minutes], "firstAirDate": show.first_aired(), "genres": genres,
            "relatedVideos": [], "homepage": "", "id": show.tmdb, "inProduction": !show.has_ended,
            "languages": ["en"], "lastAirDate": show.last_aired(), "name": show.title,
            "networks": [{ "id": 174, "name": show.network, "originCountry": "US", "logoPath": null }],
            "numberOfEpisodes": episodes, "numberOfSeasons": show.seasons.len(), "originCountry": ["US"],
            "originalLanguage": "en", "originalName": show.title, "tagline": show.tagline,
            "overview": show.overview, "popularity": show.popularity, "productionCompanies": [],
            "productionCountries": [{ "iso_3166_1": "US", "name": "United States of America" }],
            "contentRatings": { "results": [{ "descriptors": [], "iso_3166_1": "US", "rating": show.certificate }] },
            "spokenLanguages": [{ "englishName": "English", "iso_639_1": "en", "name": "English" }],
            "seasons": seasons, "status": if show.has_ended { "Ended" } else { "Returning Series" },
            "type": "Scripted", "voteAverage": show.rating, "voteCount": show.votes,
            "backdropPath": show.backdrop_path(), "posterPath": show.poster_path(),
            "credits": credits(&show.cast, show.creator.tmdb, show.creator.name, "Executive Producer"),
            "externalIds": {
                "facebookId": null, "freebaseId": null, "freebaseMid": null, "imdbId": show.imdb(),
                "instagramId": null, "tvdbId": show.tvdb(), "tvrageId": null, "twitterId": null,
            },
            "keywords": [], "watchProviders": [], "onUserWatchlist": false,
        });
        if let Some(season) = show.seasons.last()
            && let Some(last) = season.episodes.last()
        {
            json["lastEpisodeToAir"] = self.episode(season, last, false);
        }
        if let Some(media) = self.media_of(false, show.tmdb) {
            json["mediaInfo"] = self.info(media);
        }
        json
    }

    fn season(&self, season: &Season) -> Value {
        let episodes: Vec<Value> =
            season.episodes.iter().map(|episode| self.episode(season, episode, true)).collect();
        json!({
            "airDate": season.aired(), "episodes": episodes,
            "externalIds": { "tvdbId": null }, "id": season.tmdb, "name": format!("Season {}", season.number),
            "overview": "", "seasonNumber": season.number, "posterPath": season.poster_path(),
        })
    }

    fn episode(&self, season: &Season, episode: &Episode, in_its_season: bool) -> Value {
        let still = episode.still_path();
        // Seerr builds a whole address here, with one slash too many.
        let still = match self.family {
            Family::Seerr if in_its_season => format!("https://image.tmdb.org/t/p/original/{still}"),
            _ => still,
        };
        json!({
            "id": episode.tmdb, "airDate": episode.aired, "episodeNumber": episode.number,
            "name": episode.title, "overview": episode.overview, "productionCode": "",
            "seasonNumber": season.number, "showId": season.show, "voteAverage": 8.2, "voteCount": 200,
            "stillPath": still,
        })
    }
}

fn credits(cast: &[Role], maker: i64, name: &str, job: &str) -> Value {
    let cast: Vec<Value> = (0..)
        .zip(cast)
        .map(|(order, role)| {
            json!({
                "castId": order + 4, "character": role.character, "creditId": format!("c{order}"),
                "id": role.person.tmdb, "name": role.person.name, "order": order, "gender": 2,
                "profilePath": role.person.profile_path(),
            })
        })
        .collect();
    let department = if job == "Director" { "Directing" } else { "Production" };
    json!({
        "cast": cast,
        "crew": [{ "creditId": "d1", "department": department, "id": maker, "job": job, "name": name, "gender": 2, "profilePath": null }],
    })
}
