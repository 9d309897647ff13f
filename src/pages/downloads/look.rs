//! A look at a link before it is downloaded.

use std::time::Duration;

use actors::download_queue::{self, Denied};
use integrations::ytdlp::{Probe, ProbeKind};

use super::{Fields, Probed, StartForm, page, view};
use crate::app::App;
use crate::problem::Problem;
use crate::route::{Response, Visit};
use crate::views::downloads::form::FormatChoice;
use crate::views::human::Clock;

/// `#probe` for htmx; without it the page with what was found.
pub(super) async fn look(app: App, visit: Visit, fields: Fields) -> Result<Response, Problem> {
    let url = fields.url.trim();
    let probed = match download_queue::probe(&app.queue, url).await {
        Ok(probe) => found(probe),
        Err(denied) => Probed::Nothing { message: in_words(&denied) },
    };
    if visit.is_htmx() {
        return page(&probed);
    }
    let form = StartForm { probed: Some(probed), ..fields.as_form(&visit) };
    page(&view(&app, &visit, form).await?)
}

fn found(probe: Probe) -> Probed {
    let title = probe.title.unwrap_or_else(|| "Without a title".to_owned());
    if probe.is_live {
        return Probed::Nothing {
            message: format!("“{title}” is still live. Try again when it has ended.")
        };
    }
    if probe.kind == ProbeKind::Playlist {
        return Probed::Playlist { title, entries: probe.entries.into() };
    }
    let formats = probe.formats.into_iter().map(|format| FormatChoice {
        id: format.id,
        label: format.label,
        bytes: format.bytes,
    });
    let duration = probe.duration_s.map(|seconds| Duration::from_secs(seconds.into()));
    Probed::Video { title, duration, formats: formats.collect() }
}

/// Why not, as a sentence.
pub(super) fn in_words(denied: &Denied) -> String {
    match denied {
        Denied::QuotaReached { limit, again_at } => {
            // The clock is in UTC here; the gauge beside says it in local time.
            let clock = Clock(*again_at).plain();
            format!("You have started {limit} downloads within the hour. You can start another at {clock}.")
        }
        Denied::Duplicate(_) => "This link is on its way already, in the same quality.".to_owned(),
        Denied::Failed(failure) => failure.message.clone(),
        other => sentence(&other.to_string()),
    }
}

/// `the link is …` becomes `The link is ….`
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_a_sentence() {
        assert_eq!(sentence("there is no such download"), "There is no such download.");
        assert_eq!(sentence("Äpfel?"), "Äpfel?");
        assert_eq!(sentence(""), ".");
    }
}
