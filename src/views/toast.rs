//! A word that comes up in a corner and leaves by itself.

use askama::Template;
use domain::event::Tone;

/// Pushed with `hx-target="#toasts" hx-swap="beforeend"`.
#[derive(Debug, Clone, Template)]
#[template(path = "_toast.html")]
pub struct Toast {
    pub tone: Tone,
    pub title: String,
    pub body: String,
}

fragment!(Toast);

impl Toast {
    /// Said after something was done.
    pub fn done(title: impl Into<String>) -> Self {
        Self { tone: Tone::Ok, title: title.into(), body: String::new() }
    }

    fn class(&self) -> &'static str {
        tone_class(self.tone)
    }

    fn icon(&self) -> &'static str {
        match self.tone {
            Tone::Ok => "circle-check",
            Tone::Info => "info",
            Tone::Warn => "triangle-alert",
            Tone::Bad => "circle-alert",
        }
    }
}

/// The class that sets a part's colour.
pub fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Ok => "ok",
        Tone::Info => "info",
        Tone::Warn => "warn",
        Tone::Bad => "bad",
    }
}
