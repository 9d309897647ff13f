//! The pages of the library and of search, with titles that nobody made.

use askama::Template;
use domain::UserId;
use integrations::plex::{Collection, ItemQuery, Letter, Tag};

use super::{Words, ago, shell};
use crate::search::{Found, Hit, Source};
use crate::views::library::collection::Tools;
use crate::views::library::section::Removing;
use crate::views::library::title::{Adding, Face, Part, Parts};
use crate::views::library::{
    CollectionPage, CollectionsPage, Hero, HomeShelves, LibraryPage, Nothing, SectionPage, Shelf, Tab,
    TitlePage, Titles, Upset,
};
use crate::views::poster::Poster;
use crate::views::search::{Palette, Part as SearchPart, SearchPage, commands};
use crate::views::shell::{Here, Person};

pub fn pages(words: &Words) -> Vec<(&'static str, String)> {
    vec![
        ("library", library(words)),
        ("library-away", away(words)),
        ("library-none", none(words)),
        ("section", section(words)),
        ("section-empty", section_empty(words)),
        ("title", title(words, "Seasons", false)),
        ("season", title(words, "Episodes", true)),
        ("collections", collections(words)),
        ("collection", collection(words)),
        ("search", search(words)),
        ("search-new", search_new(words)),
        ("palette", palette(words)),
        ("home-shelves", home_shelves(words)),
    ]
}

fn link(words: &Words, path: &str) -> String {
    shell(words, Here::Library).link(path)
}

fn posters(words: &Words) -> Vec<Poster> {
    let names = ["Glass Harbour", "The Long Ferry", "Nightjar", "Salt Meridian", "Paper Comets", "Low Orbit"];
    let poster = |(n, name): (usize, &&str)| Poster {
        image: (n == 1).then(|| link(words, "/images/plex/poster/metadata/1/thumb/1?k=x")),
        tag: (n % 3 == 0).then(|| "4K".to_owned()),
        watched: (n == 1).then_some(62),
        ..Poster::new(
            link(words, "/library/title/1"),
            if words.name == "Ana" { (*name).to_owned() } else { words.title.clone() },
            words.name.clone(),
        )
    };
    names.iter().enumerate().map(poster).collect()
}

fn upset(words: &Words) -> Upset {
    Upset {
        around: shell(words, Here::Library).around,
        reason: words.text.clone(),
        at: Some(ago(360)),
        retry_in: Some(std::time::Duration::from_secs(18)),
        will_pass: true,
    }
}

fn tabs(words: &Words) -> Vec<Tab> {
    let tab =
        |title: &str, current| Tab { href: link(words, "/library/1"), title: title.to_owned(), current };
    vec![tab("All", false), tab(&words.title, true), tab("Collections", false)]
}

fn hero(words: &Words) -> Hero {
    Hero {
        pill: "In your library · 4K".to_owned(),
        title: words.title.clone(),
        summary: words.text.clone(),
        facts: format!("2026 · 2 h 04 min · {} · 8.1", words.name),
        image: Some(link(words, "/images/plex/art/metadata/1/art/1?k=x")),
        href: Some(link(words, "/library/title/1")),
        plex: Some("https://video.example/desktop".to_owned()),
        plex_away: None,
        watched: Some(40),
        tall: false,
    }
}

fn shelf(words: &Words, id: &str) -> Shelf {
    Shelf {
        id: id.to_owned(),
        heading: words.title.clone(),
        all: Some(link(words, "/library/1")),
        posters: posters(words),
        stale: (id == "new-1").then(|| (ago(360), words.text.clone())),
        failed: None,
    }
}

fn library(words: &Words) -> String {
    let failed = Shelf { failed: Some(words.text.clone()), ..shelf(words, "new-2") };
    let page = LibraryPage {
        shell: shell(words, Here::Library),
        tabs: tabs(words),
        upset: Some(upset(words)),
        nothing: None,
        hero: Some(hero(words)),
        shelves: vec![shelf(words, "continue"), shelf(words, "new-1"), failed],
        hint: Some("Sign in with Plex."),
    };
    page.render().unwrap()
}

fn nothing(words: &Words, will_pass: bool) -> Option<Nothing> {
    Some(Nothing {
        around: shell(words, Here::Library).around,
        icon: "cloud-off",
        title: "The library can't be shown right now",
        detail: words.text.clone(),
        way: Some((link(words, "/admin/services"), "Connect Plex")),
        will_pass,
    })
}

fn bare(words: &Words, nothing: Option<Nothing>) -> String {
    let page = LibraryPage {
        shell: shell(words, Here::Library),
        tabs: Vec::new(),
        upset: None,
        nothing,
        hero: None,
        shelves: Vec::new(),
        hint: None,
    };
    page.render().unwrap()
}

fn away(words: &Words) -> String {
    bare(words, nothing(words, true))
}

fn none(words: &Words) -> String {
    bare(words, nothing(words, false))
}

fn section_page(words: &Words) -> SectionPage {
    let letter = |title: &str, offset| Letter { title: title.to_owned(), size: 40, offset };
    SectionPage {
        shell: shell(words, Here::Library),
        title: words.title.clone(),
        path: link(words, "/library/1"),
        tabs: tabs(words),
        upset: None,
        nothing: None,
        query: ItemQuery { size: 60, ..ItemQuery::default() },
        sort: "title".to_owned(),
        genres: vec![Tag { id: Some("500".to_owned()), name: words.name.clone() }],
        letters: vec![letter("#", 0), letter("A", 40), letter("B", 80)],
        is_own: true,
        total: 1_284,
        titles: Titles {
            posters: posters(words),
            next: Some(link(words, "/library/1?start=60")),
            before: Some(link(words, "/library/1")),
            removing: None,
        },
    }
}

fn section(words: &Words) -> String {
    SectionPage { query: ItemQuery { size: 48, ..ItemQuery::default() }, ..section_page(words) }
        .render()
        .unwrap()
}

fn section_empty(words: &Words) -> String {
    let query = ItemQuery { title: Some(words.title.clone()), year: Some(1999), ..ItemQuery::default() };
    let page = SectionPage { query, is_own: false, total: 0, titles: Titles::empty(), ..section_page(words) };
    page.render().unwrap()
}

fn part(words: &Words, n: usize) -> Part {
    Part {
        href: link(words, "/library/title/2"),
        title: words.title.clone(),
        note: words.name.clone(),
        summary: words.text.clone(),
        image: (n == 0).then(|| link(words, "/images/plex/wide/metadata/2/thumb/1?k=x")),
        plex: Some("https://video.example/desktop".to_owned()),
        seen: Some((10, n)),
        watched: n == 0,
        percent: (n == 1).then_some(30),
    }
}

fn made(words: &Words, key: &str) -> Collection {
    Collection {
        rating_key: key.parse().unwrap(),
        title: words.title.clone(),
        summary: words.text.clone(),
        kind: None,
        smart: false,
        child_count: 7,
        thumb: None,
        art: None,
        section: None,
        section_title: None,
        min_year: None,
        max_year: None,
        labels: Vec::new(),
        added_at: None,
        updated_at: None,
    }
}

fn title(words: &Words, heading: &'static str, stills: bool) -> String {
    let face = |name: &str| Face {
        person: Person::new(name),
        role: Some(words.name.clone()),
        picture: Some(link(words, "/images/plex/face/people/1/photo/a.jpg?k=x")),
    };
    let page = TitlePage {
        shell: shell(words, Here::Library),
        name: words.title.clone(),
        upset: Some(upset(words)),
        nothing: None,
        trail: vec![(words.name.clone(), link(words, "/library/1"))],
        hero: Some(Hero { tall: true, href: None, plex_away: Some(words.text.clone()), ..hero(words) }),
        summary: words.text.clone(),
        tagline: Some(words.title.clone()),
        parts: Parts {
            heading,
            note: "26 of 34".to_owned(),
            lines: (0..3).map(|n| part(words, n)).collect(),
            failed: stills.then(|| words.text.clone()),
            next: Some(link(words, "/library/title/1?start=100")),
            stills,
        },
        cast: vec![face("Ines Marlow"), face(&words.name)],
        related: posters(words),
        facts: vec![("Studio", words.title.clone()), ("File", words.text.clone())],
        collections: vec![
            (words.title.clone(), Some(link(words, "/library/collection/7"))),
            (words.name.clone(), None),
        ],
        adding: Some(Adding {
            item: "12".to_owned(),
            collections: vec![made(words, "7"), made(words, "8")],
            away: Some(words.text.clone()),
            error: Some(words.text.clone()),
            title: words.title.clone(),
        }),
    };
    page.render().unwrap()
}

fn collections(words: &Words) -> String {
    let page = CollectionsPage {
        shell: shell(words, Here::Library),
        tabs: tabs(words),
        upset: None,
        nothing: None,
        shelves: vec![
            shelf(words, "collections-1"),
            Shelf { posters: Vec::new(), ..shelf(words, "collections-2") },
        ],
    };
    page.render().unwrap()
}

fn collection(words: &Words) -> String {
    let shell = shell(words, Here::Library);
    let removing = Removing {
        action: shell.link("/library/collection/7/remove"),
        csrf: shell.around.csrf.clone(),
        keys: (1..7).map(|key| key.to_string()).collect(),
    };
    let page = CollectionPage {
        title: words.title.clone(),
        path: shell.link("/library/collection/7"),
        note: words.name.clone(),
        summary: words.text.clone(),
        upset: None,
        nothing: None,
        titles: Titles { posters: posters(words), next: None, before: None, removing: Some(removing) },
        tools: Some(Tools {
            section: "1".to_owned(),
            away: Some(words.text.clone()),
            error: Some(words.text.clone()),
        }),
        shell,
    };
    page.render().unwrap()
}

fn hit(words: &Words) -> Hit {
    Hit {
        kind: "movie",
        title: words.title.clone(),
        note: words.name.clone(),
        state: Some(("ok", "In Plex")),
        path: format!("/downloads/{}", UserId::generate()),
        picture: Some(link(words, "/images/tmdb/w92/a.jpg")),
    }
}

fn parts(words: &Words, short: bool) -> Vec<SearchPart> {
    let hits = || Found::Hits { hits: vec![hit(words), hit(words)], stale: Some(words.text.clone()) };
    let found =
        [Some(hits()), Some(Found::Failed(words.text.clone())), None, Some(hits()), Some(Found::NotSetUp)];
    let part = |(source, found)| SearchPart {
        around: shell(words, Here::Search).around,
        // What is searched for is nowhere in these titles, so nothing is marked.
        words: format!("{} zzz", words.title),
        source,
        found,
        short,
    };
    Source::ALL.into_iter().zip(found).map(part).collect()
}

fn search(words: &Words) -> String {
    let shell = shell(words, Here::Search);
    SearchPage { shell, words: words.title.clone(), parts: parts(words, false), alone: true }
        .render()
        .unwrap()
}

fn search_new(words: &Words) -> String {
    let shell = shell(words, Here::Search);
    SearchPage { shell, words: String::new(), parts: Vec::new(), alone: false }.render().unwrap()
}

fn palette(words: &Words) -> String {
    let palette = Palette {
        around: shell(words, Here::Home).around,
        words: words.title.clone(),
        parts: parts(words, true),
        commands: commands("", true),
        recent: vec![words.title.clone(), words.name.clone()],
    };
    palette.render().unwrap()
}

pub fn home_shelves(words: &Words) -> String {
    let around = shell(words, Here::Home).around;
    HomeShelves { around, shelves: vec![shelf(words, "continue")], loading: false, ill: true }
        .render()
        .unwrap()
}
