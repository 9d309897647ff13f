//! Requests: the list by what they wait for, one request, and the short list of the dashboard.

use askama::Template;
use domain::UserId;
use domain::request::{Comment, RequestStatus};

use super::Around;
use super::discover::sheet::Quota;
use super::human::{Count, Moment};
use super::shell::{Person, Shell};

pub mod row;
pub mod wording;

pub use row::RequestRow;

/// Which requests a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Show {
    /// Everything that this person may see.
    #[default]
    All,
    /// Those that wait for a decision.
    Waiting,
    /// This person's own, and those that they joined.
    Mine,
    OnTheWay,
    Here,
    /// Failed, declined or taken back.
    Stopped,
}

impl Show {
    pub fn parse(text: &str) -> Self {
        match text {
            "waiting" => Show::Waiting,
            "mine" => Show::Mine,
            "on-the-way" => Show::OnTheWay,
            "in-plex" => Show::Here,
            "stopped" => Show::Stopped,
            _ => Show::All,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Show::All => "all",
            Show::Waiting => "waiting",
            Show::Mine => "mine",
            Show::OnTheWay => "on-the-way",
            Show::Here => "in-plex",
            Show::Stopped => "stopped",
        }
    }

    /// The states that it shows; empty for all of them.
    pub fn statuses(self) -> &'static [RequestStatus] {
        match self {
            Show::All | Show::Mine => &[],
            Show::Waiting => &[RequestStatus::Pending],
            Show::OnTheWay => &[RequestStatus::Approved, RequestStatus::Processing],
            Show::Here => &[RequestStatus::Available],
            Show::Stopped => &[RequestStatus::Failed, RequestStatus::Declined, RequestStatus::Cancelled],
        }
    }

    fn word(self, is_admin: bool) -> &'static str {
        match self {
            Show::All => "All",
            Show::Waiting if is_admin => "Waiting for you",
            Show::Waiting => "Waiting",
            Show::Mine => "Mine",
            Show::OnTheWay => "On the way",
            Show::Here => "In Plex",
            Show::Stopped => "Stopped",
        }
    }
}

/// The page at `/requests`.
#[derive(Debug, Template)]
#[template(path = "requests.html")]
pub struct RequestsPage {
    pub shell: Shell,
    pub list: RequestList,
    pub limits: Limits,
    /// Overseerr does not answer; what this page shows is what we knew.
    pub away: Option<Away>,
    /// What was done just now, when there was no script to show it.
    pub news: String,
}

/// What is not possible while Overseerr is away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away {
    pub reason: String,
}

/// The filters with their counts, and the rows.
#[derive(Debug, Clone, Template)]
#[template(path = "_request_list.html")]
pub struct RequestList {
    pub around: Around,
    pub show: Show,
    pub is_admin: bool,
    /// How many each filter would show.
    pub counts: Vec<(Show, u64)>,
    pub rows: Vec<RequestRow>,
    /// The address of the next page.
    pub older: Option<String>,
}

fragment!(RequestList);

impl RequestList {
    fn chips(&self) -> impl Iterator<Item = Chip> + '_ {
        self.counts.iter().map(|(show, count)| Chip {
            href: match show {
                Show::All => self.around.link("/requests"),
                other => self.around.link(&format!("/requests?show={}", other.as_str())),
            },
            word: show.word(self.is_admin),
            count: *count,
            is_current: *show == self.show,
        })
    }

    fn nothing(&self) -> (&'static str, &'static str) {
        match self.show {
            Show::All | Show::Mine => (
                "Nobody has asked for anything yet",
                "Find a film or a show on the discover page and ask for it. You see here how it comes closer, and you are told when it is there.",
            ),
            Show::Waiting => ("Nothing waits for a decision", "New requests appear here by themselves."),
            Show::OnTheWay => {
                ("Nothing is on the way", "Approved requests appear here until they are in Plex.")
            }
            Show::Here => {
                ("Nothing has arrived yet", "What was asked for and is in Plex now is listed here.")
            }
            Show::Stopped => {
                ("Nothing went wrong", "Declined and failed requests would be listed here, with the reason.")
            }
        }
    }
}

struct Chip {
    href: String,
    word: &'static str,
    count: u64,
    is_current: bool,
}

/// `#request-limits`: what this person may still ask for.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "_request_limits.html")]
pub struct Limits {
    pub films: Option<Quota>,
    pub seasons: Option<Quota>,
    /// Why nobody knows.
    pub unknown: Option<String>,
}

fragment!(Limits);

impl Limits {
    fn lines(&self) -> Vec<(&'static str, Quota)> {
        let lines = [("Films", self.films), ("Seasons", self.seasons)];
        lines.into_iter().filter_map(|(word, quota)| Some((word, quota?))).collect()
    }

    fn period(&self) -> String {
        let days = self.lines().into_iter().find_map(|(_, quota)| quota.days);
        match days {
            Some(7) | None => "this week".to_owned(),
            Some(1) => "today".to_owned(),
            Some(days) => format!("in {}", Count(u64::from(days), "day")),
        }
    }
}

/// The page at `/requests/:id`.
#[derive(Debug, Template)]
#[template(path = "request.html")]
pub struct RequestPage {
    pub shell: Shell,
    pub row: RequestRow,
    pub away: Option<Away>,
}

impl RequestPage {
    fn title(&self) -> String {
        self.row.request.name()
    }

    fn about(&self) -> String {
        let request = &self.row.request;
        self.shell.link(&format!("/discover/{}/{}", request.media_type, request.tmdb_id))
    }

    fn asked(&self) -> Moment {
        Moment(self.row.request.created_at)
    }

    fn changed(&self) -> Moment {
        Moment(self.row.request.updated_at)
    }
}

/// `#home-requests`: on the dashboard.
#[derive(Debug, Clone, Template)]
#[template(path = "_home_requests.html")]
pub struct HomeRequests {
    pub around: Around,
    pub rows: Vec<RequestRow>,
}

fragment!(HomeRequests);

impl HomeRequests {
    /// How many of those that are shown were approved and are not there yet.
    pub(super) fn moving(&self) -> usize {
        let is_moving = |row: &&RequestRow| {
            matches!(row.request.status, RequestStatus::Approved | RequestStatus::Processing)
        };
        self.rows.iter().filter(is_moving).count()
    }
}

/// `#open-requests`: the count beside the word in the navigation.
#[derive(Debug, Clone, Copy, Default, Template)]
#[template(path = "_open_requests.html")]
pub struct OpenRequests {
    pub open: u64,
}

fragment!(OpenRequests);

/// Makes the browser read a part of the page it is on again. It is the same for everybody who
/// may see the event, and each reads the part with their own eyes.
#[derive(Debug, Clone, Template)]
#[template(path = "_reread.html")]
pub struct Reread {
    /// The id of the part.
    pub part: &'static str,
    /// The address that has it; empty for the page itself.
    pub from: String,
}

fragment!(Reread);

/// What somebody said, as it is shown.
#[derive(Debug, Clone)]
pub struct Said {
    pub comment: Comment,
    pub is_mine: bool,
}

impl Said {
    pub fn new(comment: Comment, me: UserId) -> Self {
        Self { is_mine: comment.user == me, comment }
    }

    fn person(&self) -> Person {
        Person::new(self.comment.username.clone())
    }

    fn who(&self) -> &str {
        if self.is_mine { "You" } else { &self.comment.username }
    }

    fn when(&self) -> Moment {
        Moment(self.comment.created_at)
    }
}
