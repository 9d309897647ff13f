//! Search: a page with a part for each source, and the palette that says the same in short.

use askama::Template;

use super::Around;
use super::poster::Thumb;
use super::shell::Shell;
use crate::search::{Found, Hit, Source};

/// The page at `/search`.
#[derive(Debug, Template)]
#[template(path = "search.html")]
pub struct SearchPage {
    pub shell: Shell,
    /// What is searched for; empty before anything is.
    pub words: String,
    pub parts: Vec<Part>,
    /// One source by itself.
    pub alone: bool,
}

/// What one source says; it comes by itself when the page did not wait for it.
#[derive(Debug, Clone, Template)]
#[template(path = "search/_part.html")]
pub struct Part {
    pub around: Around,
    pub words: String,
    pub source: Source,
    /// Nothing while it is asked.
    pub found: Option<Found>,
    /// In the palette, where each hit is an option of one list.
    pub short: bool,
}

/// What is listed below the box of the palette.
#[derive(Debug, Clone, Template)]
#[template(path = "search/_palette.html")]
pub struct Palette {
    pub around: Around,
    pub words: String,
    pub parts: Vec<Part>,
    pub commands: Vec<Command>,
    /// What this person searched for last.
    pub recent: Vec<String>,
}

/// Somewhere to go.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    pub path: &'static str,
    pub icon: &'static str,
    pub words: &'static str,
    pub keys: &'static str,
    pub admin: bool,
}

/// Everywhere to go, with the keys that lead there.
pub const COMMANDS: [Command; 9] = [
    Command { path: "/", icon: "house", words: "Go home", keys: "g h", admin: false },
    Command { path: "/library", icon: "film", words: "Go to the library", keys: "g l", admin: false },
    Command {
        path: "/discover",
        icon: "sparkles",
        words: "Discover something new",
        keys: "g d",
        admin: false,
    },
    Command { path: "/requests", icon: "clock", words: "Go to requests", keys: "g r", admin: false },
    Command {
        path: "/downloads",
        icon: "link",
        words: "Paste a link to download",
        keys: "g o",
        admin: false,
    },
    Command {
        path: "/status",
        icon: "activity",
        words: "See how the services are",
        keys: "g s",
        admin: false,
    },
    Command { path: "/account", icon: "circle-user", words: "Go to your account", keys: "g a", admin: false },
    Command { path: "/admin/services", icon: "server", words: "Set up services", keys: "", admin: true },
    Command {
        path: "/admin/users",
        icon: "users",
        words: "See the people of the house",
        keys: "",
        admin: true,
    },
];

fragment!(Part, Palette);

/// A title in three pieces: before the words, the words, after them.
type Pieces<'a> = (&'a str, &'a str, &'a str);

impl SearchPage {
    /// The words for an address.
    fn all(&self) -> String {
        super::query("q", &self.words)
    }
}

impl Part {
    fn hits(&self) -> &[Hit] {
        match &self.found {
            Some(Found::Hits { hits, .. }) => hits,
            _ => &[],
        }
    }

    fn stale(&self) -> Option<&str> {
        match &self.found {
            Some(Found::Hits { stale, .. }) => stale.as_deref(),
            _ => None,
        }
    }

    fn failed(&self) -> Option<&str> {
        match &self.found {
            Some(Found::Failed(why)) => Some(why),
            _ => None,
        }
    }

    fn is_not_set_up(&self) -> bool {
        self.found == Some(Found::NotSetUp)
    }

    /// In the palette a source that has nothing to say takes no room.
    fn is_shown(&self) -> bool {
        !self.short
            || (!self.is_not_set_up()
                && (self.found.is_none() || !self.hits().is_empty() || self.failed().is_some()))
    }

    fn itself(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("q", &self.words);
        if self.short {
            query.append_pair("short", "1");
        }
        self.around.link(&format!("/search/{}?{}", self.source.word(), query.finish()))
    }

    fn icon(&self) -> &'static str {
        match self.source {
            Source::Library => "film",
            Source::Discover => "sparkles",
            Source::Requests => "clock",
            Source::Downloads => "download",
            Source::People => "circle-user",
        }
    }

    fn link(&self, hit: &Hit) -> String {
        self.around.link(&hit.path)
    }

    fn pieces<'a>(&self, hit: &'a Hit) -> Pieces<'a> {
        pieces(&hit.title, &self.words)
    }

    fn thumb<'a>(&self, hit: &'a Hit) -> Option<Thumb<'a>> {
        let has_art = matches!(self.source, Source::Library | Source::Discover | Source::Requests);
        has_art.then(|| Thumb { title: &hit.title, image: hit.picture.as_deref(), size: "" })
    }
}

impl Palette {
    fn all(&self) -> String {
        self.recent_link(&self.words)
    }

    fn recent_link(&self, words: &str) -> String {
        self.around.link(&format!("/search?{}", super::query("q", words)))
    }

    fn command<'a>(&self, command: &'a Command) -> Pieces<'a> {
        pieces(command.words, &self.words)
    }

    fn path(&self, command: &Command) -> String {
        self.around.link(command.path)
    }
}

/// The commands that `words` may mean; the first few when there are no words.
pub fn commands(words: &str, is_admin: bool) -> Vec<Command> {
    let words = words.to_lowercase();
    let fits = |command: &&Command| {
        (is_admin || !command.admin) && command.words.to_lowercase().contains(words.as_str())
    };
    COMMANDS.iter().filter(fits).take(if words.is_empty() { 9 } else { 4 }).copied().collect()
}

/// Finds the words in a title, whatever their case. Letters that change their length with their
/// case mark nothing rather than the wrong piece.
fn pieces<'a>(title: &'a str, words: &str) -> Pieces<'a> {
    let (lower, wanted) = (title.to_lowercase(), words.to_lowercase());
    let found = lower.find(&wanted).filter(|_| lower.len() == title.len() && !wanted.is_empty());
    let cut = found.map(|start| (start, start + wanted.len()));
    match cut {
        Some((start, end)) if title.is_char_boundary(start) && title.is_char_boundary(end) => {
            (&title[..start], &title[start..end], &title[end..])
        }
        _ => (title, "", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_marked_where_they_are() {
        assert_eq!(pieces("Glass Harbour", "HARB"), ("Glass ", "Harb", "our"));
        assert_eq!(pieces("Glass", "x"), ("Glass", "", ""));
        assert_eq!(pieces("İstanbul", "stan"), ("İstanbul", "", ""));
        assert_eq!(pieces("王小明", "小"), ("王", "小", "明"));
        assert_eq!(pieces("", ""), ("", "", ""));
    }

    #[test]
    fn members_are_not_led_to_admin_pages() {
        assert!(commands("", true).iter().any(|command| command.admin));
        assert!(commands("", false).iter().all(|command| !command.admin));
        assert_eq!(commands("LIBRARY", false).len(), 1);
    }
}
