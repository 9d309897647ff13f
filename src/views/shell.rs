//! What stands around every page: navigation, the live state, banners, toasts.

use askama::Template;
use askama::filters::HtmlSafe;

use super::Around;
use super::requests::OpenRequests;
use super::toast::Toast;
use crate::assets;
use crate::link::Base;

/// The frame of a page.
#[derive(Debug, Clone)]
pub struct Shell {
    pub around: Around,
    pub person: Option<Person>,
    pub admin: bool,
    pub here: Here,
    /// `dark` or `light`; absent when the system decides.
    pub theme: Option<String>,
    /// The address of the live stream, with the page and the cursor; absent when nobody is
    /// signed in.
    pub stream: Option<String>,
    /// What exactly is looked at, below `here`, such as one actor: the `page` of the stream.
    pub watched: Option<String>,
    pub at_work: AtWork,
    pub open_requests: OpenRequests,
    pub services_up: ServicesUp,
    pub banners: Vec<Banner>,
    pub toast: Option<Toast>,
}

impl Shell {
    /// The frame of a page that anybody may see.
    pub fn bare(base: Base, theme: Option<&str>) -> Self {
        Self {
            around: Around { base, csrf: None },
            person: None,
            admin: false,
            here: Here::Elsewhere,
            theme: theme.map(str::to_owned),
            stream: None,
            watched: None,
            at_work: AtWork { running: 0 },
            open_requests: OpenRequests { open: 0 },
            services_up: ServicesUp { up: 0, all: 0 },
            banners: Vec::new(),
            toast: None,
        }
    }

    /// Says what exactly is looked at, below [`Shell::here`], such as an actor or a download.
    pub fn watching(mut self, what: impl std::fmt::Display) -> Self {
        self.watched = Some(format!("{}/{what}", self.here.path()));
        self
    }

    /// Connects the page to the live stream; `cursor` is what the page already shows.
    pub fn live(mut self, cursor: &str) -> Self {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("page", self.watched.as_deref().unwrap_or_else(|| self.here.path()))
            .append_pair("since", cursor)
            .finish();
        self.stream = Some(format!("{}?{query}", self.link("/events")));
        self
    }

    pub fn link(&self, path: &str) -> String {
        self.around.link(path)
    }

    pub fn asset(&self, name: &str) -> String {
        self.link(assets::url(name))
    }

    pub(super) fn is_compact(&self) -> bool {
        self.here == Here::Actors
    }

    pub(super) fn other_theme(&self) -> &'static str {
        if self.theme.as_deref() == Some("light") { "dark" } else { "light" }
    }

    pub(super) fn main_nav(&self) -> &'static [Entry] {
        &MAIN
    }

    pub(super) fn admin_nav(&self) -> &'static [Entry] {
        &ADMIN
    }

    /// The letters that lead somewhere after a `g`.
    pub(super) fn keys(&self) -> [(&'static str, &'static str); 7] {
        [
            ("h", "/"),
            ("l", "/library"),
            ("d", "/discover"),
            ("r", "/requests"),
            ("o", "/downloads"),
            ("s", "/status"),
            ("a", "/account"),
        ]
    }

    /// The bottom bar of a phone.
    pub(super) fn tabs(&self) -> Vec<Entry> {
        let admin = self.admin.then_some(Entry { word: "Admin", ..ADMIN[0] });
        // Titles are found from the page of requests; the account is in the corner above.
        let main = MAIN.into_iter().filter(|entry| entry.path != "/discover");
        main.chain(admin).collect()
    }

    pub(super) fn current(&self, entry: &Entry) -> Current {
        Current(self.here.path() == entry.path)
    }

    /// On the bottom bar all admin pages are one entry.
    pub(super) fn current_tab(&self, entry: &Entry) -> Current {
        let is_admin = self.here.path().starts_with("/admin/") && entry.path.starts_with("/admin/");
        let is_asking = self.here == Here::Discover && entry.path == "/requests";
        Current(is_admin || is_asking || self.here.path() == entry.path)
    }
}

/// The page in the navigation that a visitor is on. Its path is also the `page` of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Here {
    Home,
    Discover,
    Requests,
    Downloads,
    /// One download, whose stream shows the same rows as the list.
    Download,
    Library,
    /// Everything at once.
    Search,
    Status,
    Account,
    Services,
    People,
    Actors,
    Elsewhere,
}

impl Here {
    pub fn path(self) -> &'static str {
        match self {
            Here::Home => "/",
            Here::Discover => "/discover",
            Here::Requests => "/requests",
            Here::Downloads | Here::Download => "/downloads",
            Here::Library => "/library",
            Here::Search => "/search",
            Here::Status => "/status",
            Here::Account => "/account",
            Here::Services => "/admin/services",
            Here::People => "/admin/users",
            Here::Actors => "/admin/actors",
            Here::Elsewhere => "",
        }
    }
}

/// A line of the navigation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) path: &'static str,
    pub(super) icon: &'static str,
    pub(super) word: &'static str,
}

const MAIN: [Entry; 6] = [
    Entry { path: "/", icon: "house", word: "Home" },
    Entry { path: "/library", icon: "film", word: "Library" },
    Entry { path: "/discover", icon: "compass", word: "Discover" },
    Entry { path: "/requests", icon: "sparkles", word: "Requests" },
    Entry { path: "/downloads", icon: "download", word: "Downloads" },
    Entry { path: "/status", icon: "activity", word: "Status" },
];
const ADMIN: [Entry; 3] = [
    Entry { path: "/admin/services", icon: "server", word: "Services" },
    Entry { path: "/admin/users", icon: "users", word: "People" },
    Entry { path: "/admin/actors", icon: "network", word: "Actors" },
];

/// Marks the entry of the page that is shown.
pub(super) struct Current(bool);

impl std::fmt::Display for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0 { " aria-current=\"page\"" } else { "" })
    }
}

impl HtmlSafe for Current {}

/// Somebody, as a round mark with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub name: String,
}

impl Person {
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }

    /// `AN` for Ana, `MP` for Maya Park.
    pub fn initials(&self) -> String {
        let mut words = self.name.split_whitespace();
        let first = words.next().unwrap_or_default();
        let letters: Vec<char> = match words.next_back() {
            Some(last) => first.chars().take(1).chain(last.chars().take(1)).collect(),
            None => first.chars().take(2).collect(),
        };
        letters.into_iter().collect::<String>().to_uppercase()
    }

    /// One of the tints, always the same for the same name.
    pub fn tint(&self) -> &'static str {
        const TINTS: [&str; 5] = ["b1", "b2", "b3", "b4", "b5"];
        let sum: usize = self.name.bytes().map(usize::from).sum();
        TINTS[sum % TINTS.len()]
    }
}

/// One sentence above a page.
#[derive(Debug, Clone)]
pub struct Banner {
    pub tone: &'static str,
    pub icon: &'static str,
    pub text: String,
}

/// The number of running downloads beside the word in the navigation.
#[derive(Debug, Clone, Copy, Template)]
#[template(path = "_at_work.html")]
pub struct AtWork {
    pub running: usize,
}

/// `6 of 7 services up`, below the live state.
#[derive(Debug, Clone, Copy, Template)]
#[template(path = "_services_up.html")]
pub struct ServicesUp {
    pub up: usize,
    pub all: usize,
}

/// One word for the pages: whatever they show of it may be read again.
#[derive(Debug, Clone, Copy, Template)]
#[template(path = "_again.html")]
pub struct Again<'a> {
    pub what: &'a str,
}

fragment!(AtWork, ServicesUp, Again<'_>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_and_tints_hold_for_every_name() {
        for (name, initials) in
            [("ana", "AN"), ("Maya  de Park", "MP"), ("王小明", "王小"), ("", ""), ("ß", "SS")]
        {
            let person = Person::new(name);
            assert_eq!(person.initials(), initials);
            assert!(person.tint().starts_with('b'));
        }
    }

    #[test]
    fn the_stream_starts_where_the_page_ends() {
        let base = Base::parse("/medianest").unwrap();
        let shell = Shell { here: Here::Status, ..Shell::bare(base, None) }.live("17-3&x");

        assert_eq!(shell.stream.unwrap(), "/medianest/events?page=%2Fstatus&since=17-3%26x");
    }
}
