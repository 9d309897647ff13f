//! Titles in TMDB's spelling, in a list and whole.

use serde_json::{Value, json};

use crate::catalogue::Title;
use crate::world::{Person, Role, Season};

/// A title in a list.
pub(super) fn short(title: Title<'_>, with_type: bool) -> Value {
    let mut json = match title {
        Title::Movie(movie) => json!({
            "adult": false, "backdrop_path": movie.backdrop_path(), "genre_ids": title.genre_ids(),
            "id": movie.tmdb, "original_language": "en", "original_title": movie.title,
            "overview": movie.overview, "popularity": movie.popularity, "poster_path": movie.poster_path(),
            "release_date": movie.released, "title": movie.title, "video": false,
            "vote_average": movie.rating, "vote_count": movie.votes,
        }),
        Title::Show(show) => json!({
            "adult": false, "backdrop_path": show.backdrop_path(), "genre_ids": title.genre_ids(),
            "id": show.tmdb, "origin_country": ["US"], "original_language": "en",
            "original_name": show.title, "overview": show.overview, "popularity": show.popularity,
            "poster_path": show.poster_path(), "first_air_date": show.first_aired(), "name": show.title,
            "vote_average": show.rating, "vote_count": show.votes,
        }),
    };
    if with_type {
        json["media_type"] = json!(if matches!(title, Title::Movie(_)) { "movie" } else { "tv" });
    }
    json
}

/// Everything about a title.
pub(super) fn whole(title: Title<'_>) -> Value {
    let mut json = short(title, false);
    let genres: Vec<Value> =
        title.genres().iter().map(|genre| json!({ "id": genre.id, "name": genre.name })).collect();
    let more = match title {
        Title::Movie(movie) => json!({
            "belongs_to_collection": null, "budget": 0, "genres": genres, "homepage": "",
            "imdb_id": movie.imdb(), "origin_country": ["US"],
            "production_companies": [{ "id": 508, "logo_path": null, "name": movie.studio, "origin_country": "US" }],
            "production_countries": [{ "iso_3166_1": "US", "name": "United States of America" }],
            "revenue": 0, "runtime": movie.minutes,
            "spoken_languages": [{ "english_name": "English", "iso_639_1": "en", "name": "English" }],
            "status": "Released", "tagline": movie.tagline,
        }),
        Title::Show(show) => {
            let episodes: usize = show.seasons.iter().map(|season| season.episodes.len()).sum();
            let specials = json!({
                "air_date": show.first_aired(), "episode_count": 2, "id": show.tmdb * 100,
                "name": "Specials", "overview": "", "poster_path": show.poster_path(), "season_number": 0,
                "vote_average": 0.0,
            });
            let seasons = show.seasons.iter().map(|season| {
                json!({
                    "air_date": season.aired(), "episode_count": season.episodes.len(), "id": season.tmdb,
                    "name": format!("Season {}", season.number), "overview": "",
                    "poster_path": season.poster_path(), "season_number": season.number,
                    "vote_average": show.rating,
                })
            });
            let seasons: Vec<Value> = [specials].into_iter().chain(seasons).collect();
            json!({
                "created_by": [{ "id": show.creator.tmdb, "credit_id": "x", "name": show.creator.name, "gender": 0, "profile_path": null }],
                "episode_run_time": [show.minutes], "genres": genres, "homepage": "",
                "in_production": !show.has_ended, "languages": ["en"], "last_air_date": show.last_aired(),
                "last_episode_to_air": null, "next_episode_to_air": null,
                "networks": [{ "id": 174, "logo_path": null, "name": show.network, "origin_country": "US" }],
                "number_of_episodes": episodes, "number_of_seasons": show.seasons.len(),
                "production_companies": [], "production_countries": [], "seasons": seasons,
                "spoken_languages": [{ "english_name": "English", "iso_639_1": "en", "name": "English" }],
                "status": if show.has_ended { "Ended" } else { "Returning Series" },
                "tagline": show.tagline, "type": "Scripted",
            })
        }
    };
    if let (Some(json), Value::Object(more)) = (json.as_object_mut(), more) {
        json.remove("genre_ids");
        json.extend(more);
    }
    json
}

/// What can be appended to a title, or asked for below it.
pub(super) fn part(title: Title<'_>, name: &str) -> Option<Value> {
    let id = title.tmdb();
    let mut json = match (title, name) {
        (Title::Movie(movie), "credits") => credits(&movie.cast, &movie.director, "Director", "Directing"),
        (Title::Show(show), "credits" | "aggregate_credits") => {
            credits(&show.cast, &show.creator, "Executive Producer", "Production")
        }
        (Title::Movie(movie), "external_ids") => {
            json!({ "imdb_id": movie.imdb(), "wikidata_id": null, "facebook_id": null, "instagram_id": null, "twitter_id": null })
        }
        (Title::Show(show), "external_ids") => {
            json!({ "imdb_id": show.imdb(), "tvdb_id": show.tvdb(), "tvrage_id": null, "wikidata_id": null })
        }
        (Title::Movie(movie), "release_dates") => {
            json!({ "results": [{ "iso_3166_1": "US", "release_dates": [{
            "certification": movie.certificate, "descriptors": [], "iso_639_1": "", "note": "",
            "release_date": format!("{}T00:00:00.000Z", movie.released), "type": 3,
        }] }] })
        }
        (Title::Show(show), "content_ratings") => {
            json!({ "results": [{ "descriptors": [], "iso_3166_1": "US", "rating": show.certificate }] })
        }
        (_, "videos") => json!({ "results": [{
            "iso_639_1": "en", "iso_3166_1": "US", "name": "Trailer", "key": "sandbox0000", "site": "YouTube",
            "size": 1080, "type": "Trailer", "official": true, "id": "v1",
        }] }),
        (_, "keywords") => json!({ "keywords": [], "results": [] }),
        (_, "images") => json!({ "backdrops": [], "logos": [], "posters": [] }),
        _ => return None,
    };
    json["id"] = json!(id);
    Some(json)
}

pub(super) fn season(season: &Season) -> Value {
    let episodes: Vec<Value> = season
        .episodes
        .iter()
        .map(|episode| {
            json!({
                "air_date": episode.aired, "episode_number": episode.number, "episode_type": "standard",
                "id": episode.tmdb, "name": episode.title, "overview": episode.overview,
                "production_code": "", "runtime": episode.minutes, "season_number": season.number,
                "show_id": season.show, "still_path": episode.still_path(), "vote_average": 8.2,
                "vote_count": 200, "crew": [], "guest_stars": [],
            })
        })
        .collect();
    json!({
        "_id": format!("{:024x}", season.tmdb), "air_date": season.aired(), "episodes": episodes,
        "id": season.tmdb, "name": format!("Season {}", season.number), "overview": "",
        "poster_path": season.poster_path(), "season_number": season.number, "vote_average": 8.0,
    })
}

pub(super) fn person(person: &Person) -> Value {
    json!({
        "adult": false, "id": person.tmdb, "name": person.name, "original_name": person.name,
        "media_type": "person", "popularity": 9.1, "gender": 0, "known_for_department": "Acting",
        "profile_path": person.profile_path(), "biography": "", "known_for": [],
    })
}

fn credits(cast: &[Role], maker: &Person, job: &str, department: &str) -> Value {
    let cast: Vec<Value> = (0..)
        .zip(cast)
        .map(|(order, role)| {
            json!({
                "adult": false, "gender": 0, "id": role.person.tmdb, "known_for_department": "Acting",
                "name": role.person.name, "original_name": role.person.name, "popularity": 9.1,
                "profile_path": role.person.profile_path(), "cast_id": order, "character": role.character,
                "credit_id": format!("c{order}"), "order": order,
            })
        })
        .collect();
    json!({
        "cast": cast,
        "crew": [{
            "adult": false, "gender": 0, "id": maker.tmdb, "known_for_department": department,
            "name": maker.name, "original_name": maker.name, "popularity": 5.0, "profile_path": null,
            "credit_id": "d1", "department": department, "job": job,
        }],
    })
}
