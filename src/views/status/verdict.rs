//! One sentence about all services.

use actors::monitor_board::{Monitor, Report};
use askama::Template;
use domain::service::ServiceStatus;

use super::Watched;
use crate::views::human::Ago;
use domain::Timestamp;

/// `#verdict`: pushed with `outerMorph` when a service changes.
#[derive(Debug, Clone, Template)]
#[template(path = "_status_verdict.html")]
pub struct Verdict {
    tone: &'static str,
    icon: &'static str,
    pub title: String,
    text: String,
    /// When this was found out.
    at: Timestamp,
}

fragment!(Verdict);

impl Verdict {
    pub fn of(services: &[Watched]) -> Self {
        let named = |wanted: fn(&&Watched) -> bool| -> Vec<&str> {
            services.iter().filter(wanted).map(|service| service.name.as_str()).collect()
        };
        let down = named(|service| service.status == ServiceStatus::Down && !service.stale);
        let pending = named(|service| service.status == ServiceStatus::Pending && !service.stale);
        let unsure = named(|service| service.stale || service.status == ServiceStatus::Unknown);
        let resting =
            named(|service| matches!(service.status, ServiceStatus::Paused | ServiceStatus::Maintenance));
        let watched = services.len() - resting.len();

        let (tone, icon, title, text) = if services.is_empty() {
            (
                "info",
                "info",
                "Nothing is watched yet.".to_owned(),
                "Services appear here once an admin adds them.".to_owned(),
            )
        } else if !down.is_empty() {
            let all = down.len() == watched;
            let title =
                if all && watched > 1 { "Everything is down.".to_owned() } else { sentence(&down, "down") };
            let text = if all {
                "Downloads and sign-in work as usual. Each comes back here by itself when it answers again."
            } else {
                "Everything else works. It comes back here by itself when it answers again."
            };
            ("bad", "cloud-off", title, text.to_owned())
        } else if !pending.is_empty() {
            let title = format!("{} did not answer once.", list(&pending));
            ("warn", "triangle-alert", title, "The next check decides whether it is down.".to_owned())
        } else if !unsure.is_empty() {
            let title = format!("Not sure about {}.", list(&unsure));
            ("info", "info", title, "Its first check, or our own monitor, is still under way.".to_owned())
        } else if watched == 0 {
            (
                "info",
                "pause",
                "All checks are paused.".to_owned(),
                "An admin paused them or planned some work.".to_owned(),
            )
        } else {
            let text = match resting.len() {
                0 => "Every service answered its last check.".to_owned(),
                _ => format!("Every service answered its last check. Not checked: {}.", list(&resting)),
            };
            ("ok", "circle-check", "Everything is up.".to_owned(), text)
        };
        Self { tone, icon, title, text, at: Timestamp::now() }
    }

    /// While our own services are well, what Uptime Kuma says of the rest of the house counts.
    pub fn with(self, report: Option<&Report>) -> Self {
        let Some(report) = report.filter(|report| !report.is_stale()) else { return self };
        let is_down = |monitor: &&Monitor| monitor.known.status == ServiceStatus::Down && !monitor.is_stale;
        let down: Vec<&str> =
            report.listed().filter(is_down).map(|monitor| monitor.known.name.as_str()).collect();
        if self.tone != "ok" || down.is_empty() {
            return self;
        }
        let text = "Uptime Kuma says so. Every service of the portal itself is up.".to_owned();
        Self { tone: "warn", icon: "triangle-alert", title: sentence(&down, "down"), text, ..self }
    }

    fn ago(&self) -> Ago {
        Ago(self.at)
    }
}

fn sentence(names: &[&str], state: &str) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb} {state}.", list(names))
}

/// `plex`, `plex and seerr`, `plex, seerr and 3 more`.
fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [one, two] => format!("{one} and {two}"),
        [one, two, three] => format!("{one}, {two} and {three}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::tests::watched;

    #[test]
    fn the_verdict_names_what_a_person_would_want_to_know_first() {
        use ServiceStatus::{Down, Paused, Pending, Unknown, Up};
        for (statuses, title) in [
            (&[][..], "Nothing is watched yet."),
            (&[Up, Up], "Everything is up."),
            (&[Up, Paused], "Everything is up."),
            (&[Up, Down], "s1 is down."),
            (&[Up, Down, Down, Pending], "s1 and s2 are down."),
            (&[Down, Down], "Everything is down."),
            (&[Pending, Up], "s0 did not answer once."),
            (&[Unknown, Up], "Not sure about s0."),
            (&[Paused], "All checks are paused."),
            (&[Up, Down, Down, Down, Down, Down], "s1, s2 and 3 more are down."),
        ] {
            let services: Vec<_> =
                statuses.iter().enumerate().map(|(n, status)| watched(&format!("s{n}"), *status)).collect();

            assert_eq!(Verdict::of(&services).title, title, "{statuses:?}");
        }
    }
}
