//! The pages of discovering, with titles that nobody made.

use askama::Template;
use domain::media::{
    CastMember, Genre, ImagePath, MediaState, MediaStatus, MediaType, Row, Season, Title, TitleDetails,
    TmdbId,
};
use domain::request::RequestStatus;

use super::{Words, ago, requests, shell};
use crate::views::discover::sheet::{Asked, Quality, Quota};
use crate::views::discover::title::TitleAwayPage;
use crate::views::discover::{
    DiscoverPage, Hero, PosterGrid, Rail, RailState, RowPage, Sheet, Stale, TitlePage, poster,
};
use crate::views::requests::Away;
use crate::views::shell::Here;

fn state(status: MediaStatus) -> Option<MediaState> {
    Some(MediaState { status, status_4k: MediaStatus::Unknown, plex_key: None, plex_key_4k: None })
}

fn title(words: &Words, number: i64, media_type: MediaType, state: Option<MediaState>) -> Title {
    Title {
        media_type,
        tmdb_id: TmdbId(number),
        name: words.title.clone(),
        year: Some(2027),
        released: Some("2027-12-04".to_owned()),
        poster: (number % 3 == 0).then(|| ImagePath::parse("/p1.jpg").unwrap()),
        backdrop: ImagePath::parse("/b1.jpg"),
        overview: words.text.clone(),
        vote: Some(7.9),
        state,
    }
}

fn titles(words: &Words) -> Vec<Title> {
    [
        None,
        state(MediaStatus::Available),
        state(MediaStatus::Pending),
        state(MediaStatus::PartiallyAvailable),
        state(MediaStatus::Unknown),
        None,
        None,
        None,
        None,
    ]
    .into_iter()
    .zip(1..)
    .map(|(state, number)| {
        let media_type = if number % 2 == 0 { MediaType::Tv } else { MediaType::Movie };
        let plain = title(words, number, media_type, state);
        // In the gallery every title has a name of its own; what is hostile stays so everywhere.
        let names = [
            "Blue Foundry",
            "Glass Harbour",
            "Eleven Tides",
            "The Cartographer",
            "Low Orbit",
            "Iron Weather",
            "Night Ferry North",
            "Open Ground",
            "Velvet Static",
        ];
        match words.name == "Ana" {
            true => Title { name: names[number as usize - 1].to_owned(), ..plain },
            false => plain,
        }
    })
    .collect()
}

fn stale(words: &Words) -> Stale {
    Stale { at: ago(360), reason: words.text.clone() }
}

pub fn page(words: &Words) -> String {
    let shell = shell(words, Here::Discover);
    let around = shell.around.clone();
    let rail = |row, genre: Option<&str>, state| Rail {
        around: around.clone(),
        row,
        genre: genre.map(str::to_owned),
        state,
    };
    let posters = |soon| titles(words).iter().map(|title| poster(&around, title, soon)).collect::<Vec<_>>();
    let genre = Genre { id: 18, name: words.title.clone() };
    let page = DiscoverPage {
        hero: Hero::of(&around, &titles(words)),
        kind: None,
        rails: vec![
            rail(Row::Trending, None, RailState::Shown { posters: posters(false), stale: None }),
            rail(
                Row::UpcomingMovies,
                None,
                RailState::Shown { posters: posters(true), stale: Some(stale(words)) },
            ),
            rail(Row::Movies, None, RailState::Loading),
            rail(Row::Tv, None, RailState::Failed { reason: words.text.clone(), retry_in: None }),
            rail(
                Row::Genre(MediaType::Movie, 18),
                Some(&words.title),
                RailState::Shown { posters: Vec::new(), stale: None },
            ),
        ],
        genres: vec![genre, Genre { id: 878, name: "Science fiction".to_owned() }],
        nobody_to_ask: false,
        away: Some(Away { reason: words.text.clone() }),
        shell,
    };
    page.render().unwrap()
}

pub fn nobody_to_ask(words: &Words) -> String {
    let page = DiscoverPage {
        shell: shell(words, Here::Discover),
        kind: Some(MediaType::Tv),
        genres: Vec::new(),
        hero: None,
        rails: Vec::new(),
        nobody_to_ask: true,
        away: None,
    };
    page.render().unwrap()
}

pub fn row(words: &Words) -> String {
    let shell = shell(words, Here::Discover);
    let posters = titles(words).iter().map(|title| poster(&shell.around, title, false)).collect();
    let next = Some(shell.link("/discover/trending?page=2"));
    let page = RowPage {
        heading: words.title.clone(),
        grid: Ok(PosterGrid { posters, next }),
        stale: Some(stale(words)),
        shell,
    };
    page.render().unwrap()
}

pub fn row_away(words: &Words) -> String {
    let page = RowPage {
        shell: shell(words, Here::Discover),
        heading: words.title.clone(),
        grid: Err(words.text.clone()),
        stale: None,
    };
    page.render().unwrap()
}

pub fn away(words: &Words) -> String {
    let retry_in = Some(std::time::Duration::from_secs(18));
    TitleAwayPage { shell: shell(words, Here::Discover), reason: words.text.clone(), retry_in }
        .render()
        .unwrap()
}

fn season(words: &Words, number: u32, status: MediaStatus) -> Season {
    Season {
        number,
        name: if number == 3 { words.title.clone() } else { format!("Season {number}") },
        overview: words.text.clone(),
        aired: Some(format!("{}-10-02", 2021 + number)),
        poster: None,
        episode_count: 10,
        status,
        status_4k: MediaStatus::Unknown,
        is_requested: status == MediaStatus::Pending,
        is_requested_4k: false,
        episodes: Vec::new(),
    }
}

fn details(words: &Words, media_type: MediaType) -> TitleDetails {
    let seasons = match media_type {
        MediaType::Movie => Vec::new(),
        MediaType::Tv => [
            MediaStatus::Unknown,
            MediaStatus::Available,
            MediaStatus::PartiallyAvailable,
            MediaStatus::Processing,
            MediaStatus::Pending,
            MediaStatus::Unknown,
            MediaStatus::Blocklisted,
        ]
        .into_iter()
        .zip(0..)
        .map(|(status, number)| season(words, number, status))
        .collect(),
    };
    TitleDetails {
        title: title(words, 603, media_type, state(MediaStatus::PartiallyAvailable)),
        tagline: Some(words.title.clone()),
        genres: vec![words.title.clone(), "Drama".to_owned()],
        minutes: Some(112),
        production: Some("Released".to_owned()),
        certification: Some("12".to_owned()),
        cast: (0..9)
            .map(|number| CastMember {
                name: format!("{} {number}", words.name),
                role: Some(words.title.clone()),
                picture: (number == 2).then(|| ImagePath::parse("/c.jpg").unwrap()),
            })
            .collect(),
        makers: vec![words.name.clone()],
        studios: vec![words.title.clone()],
        trailer: None,
        imdb_id: None,
        tvdb_id: None,
        seasons,
        last_aired: Some("2028-01-01".to_owned()),
    }
}

fn asked(words: &Words, status: RequestStatus, is_mine: bool) -> Asked {
    let request = requests::request(words, status);
    Asked { request, by: words.name.clone(), is_mine, is_followed: false }
}

pub fn film(words: &Words) -> String {
    let shell = shell(words, Here::Discover);
    let details = details(words, MediaType::Movie);
    let mut sheet = Sheet::new(shell.around.clone(), &details);
    sheet.asked =
        vec![asked(words, RequestStatus::Processing, false), asked(words, RequestStatus::Pending, true)];
    sheet.quality = Quality::Both;
    sheet.closed = Some(words.text.clone());
    sheet.refusal = Some(words.text.clone());
    TitlePage { shell, details, stale: Some(stale(words)), sheet, library: None }.render().unwrap()
}

pub fn show(words: &Words) -> String {
    let shell = shell(words, Here::Discover);
    let library = Some(shell.link("/library/title/7"));
    let details = details(words, MediaType::Tv);
    let mut sheet = Sheet::new(shell.around.clone(), &details);
    sheet.suggest();
    sheet.quality = Quality::Both;
    sheet.quota = Some(Quota { used: 6, limit: 8, days: Some(7) });
    sheet.needs_approval = Some(false);
    TitlePage { shell, details, stale: None, sheet, library }.render().unwrap()
}

#[test]
fn a_season_that_somebody_asked_for_cannot_be_asked_for_again() {
    let words = Words::plain();
    let mut sheet = Sheet::new(shell(&words, Here::Discover).around, &details(&words, MediaType::Tv));
    assert!(sheet.seasons.iter().any(|season| season.number == 5 && season.is_open));

    let mut request = requests::request(&words, RequestStatus::Pending);
    request.seasons = vec![5];
    sheet.take(&request, "Ben");
    sheet.suggest();

    assert!(sheet.seasons.iter().all(|season| season.number != 5 || !season.is_open && !season.is_checked));
    assert!(sheet.to_string().contains("Ben asked"));
}
