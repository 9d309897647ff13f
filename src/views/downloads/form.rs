//! The form that starts a download, with what a look at the link found.

use std::time::Duration;

use askama::Template;
use domain::download::Preset;

use super::row::preset_word;
use crate::views::Around;
use crate::views::human::{Bytes, Count, Span};

/// `#new-download`: answered whole, as `outerHTML`, so that what was typed is not kept.
#[derive(Debug, Clone, Template)]
#[template(path = "_start_form.html")]
pub struct StartForm {
    pub around: Around,
    pub url: String,
    pub preset: Preset,
    /// What is wrong with the link.
    pub url_error: Option<String>,
    /// Why it could not be started, though the link is fine.
    pub refusal: Option<String>,
    pub probed: Option<Probed>,
    /// Look at the link as soon as the page is there: it came from another page.
    pub look_now: bool,
}

impl StartForm {
    pub fn empty(around: Around) -> Self {
        Self {
            around,
            url: String::new(),
            preset: Preset::Hd1080,
            url_error: None,
            refusal: None,
            probed: None,
            look_now: false,
        }
    }

    fn presets(&self) -> impl Iterator<Item = PresetChip> + '_ {
        Preset::ALL.into_iter().map(|preset| PresetChip {
            value: preset.as_str(),
            word: preset_word(preset),
            hint: preset_hint(preset),
            checked: preset == self.preset,
        })
    }
}

struct PresetChip {
    value: &'static str,
    word: &'static str,
    hint: &'static str,
    checked: bool,
}

fn preset_hint(preset: Preset) -> &'static str {
    match preset {
        Preset::Hd1080 => "big screen",
        Preset::Hd720 => "phones",
        Preset::Mp3 | Preset::M4a => "audio",
        Preset::Best | Preset::Mp4 | Preset::Mkv => "",
    }
}

/// `#probe`: what a look at a link found, or why it found nothing.
#[derive(Debug, Clone, Template)]
#[template(path = "_probe.html")]
pub enum Probed {
    Video {
        title: String,
        duration: Option<Duration>,
        formats: Vec<FormatChoice>,
    },
    Playlist {
        title: String,
        entries: u64,
    },
    /// In words for a person; the link may still be tried.
    Nothing {
        message: String,
    },
}

/// One format that a site offers.
#[derive(Debug, Clone)]
pub struct FormatChoice {
    pub id: String,
    pub label: String,
    pub bytes: Option<u64>,
}

impl FormatChoice {
    fn size(&self) -> Option<Bytes> {
        self.bytes.map(Bytes)
    }
}

fn length(duration: &Duration) -> Span {
    Span(*duration)
}

fn videos(entries: &u64) -> Count {
    Count(*entries, "video")
}

fragment!(StartForm, Probed);
