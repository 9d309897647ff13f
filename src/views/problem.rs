//! What a person sees when something can't be shown.

use askama::Template;

use super::shell::Shell;

/// Any problem as a page.
#[derive(Debug, Template)]
#[template(path = "problem.html")]
pub struct ProblemPage {
    pub shell: Shell,
    pub status: u16,
    pub title: String,
    pub detail: String,
    pub request_id: String,
}

impl ProblemPage {
    fn icon(&self) -> &'static str {
        match self.status {
            403 => "key-round",
            404 => "circle-dashed",
            429 => "clock",
            500.. => "cloud-off",
            _ => "circle-alert",
        }
    }

    fn tone(&self) -> &'static str {
        if self.status >= 500 { "bad" } else { "warn" }
    }
}

/// The same, for htmx: a toast instead of a page inside a page.
#[derive(Debug, Template)]
#[template(path = "_problem.html")]
pub struct ProblemToast<'a> {
    pub title: &'a str,
    pub detail: &'a str,
}

impl ProblemToast<'_> {
    fn toast(&self) -> super::toast::Toast {
        super::toast::Toast {
            tone: domain::event::Tone::Bad,
            title: self.title.to_owned(),
            body: self.detail.to_owned(),
        }
    }
}
