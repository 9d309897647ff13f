//! What Uptime Kuma says of its monitors, below our own.

use std::sync::Arc;

use actors::monitor_board::{Group, Monitor, Report};
use askama::Template;
use domain::service::ServiceStatus;

use super::{Pill, pill};
use crate::views::bars::Bars;
use crate::views::human::{Ago, Clock, Millis, Moment, Percent, Since};

/// Days before its end from which a certificate is worth a word.
const CERTIFICATE_ENDS: i64 = 14;

/// `#kuma`: pushed with `outerMorph` when a monitor is heard of. Empty while there is no report.
#[derive(Debug, Clone, Template)]
#[template(path = "_kuma.html")]
pub struct Kuma {
    pub report: Option<Arc<Report>>,
}

fragment!(Kuma);

/// `#kuma-news`: incidents and planned work; pushed with `outerMorph` like [`Kuma`].
#[derive(Debug, Clone, Template)]
#[template(path = "_kuma_news.html")]
pub struct KumaNews {
    pub report: Option<Arc<Report>>,
}

fragment!(KumaNews);

/// Monitors that are on no status page; for admins, and as they were when the page was read.
#[derive(Debug, Clone, Template)]
#[template(path = "_kuma_unlisted.html")]
pub struct KumaUnlisted {
    pub report: Option<Arc<Report>>,
}

fragment!(KumaUnlisted);

impl Kuma {
    fn age(&self) -> Option<Ago> {
        Some(Ago(self.report.as_ref()?.at?))
    }
}

impl KumaUnlisted {
    fn rows(&self) -> Vec<Row<'_>> {
        self.report.iter().flat_map(|report| rows(&report.unlisted, report.is_stale())).collect()
    }
}

fn rows(monitors: &[Monitor], is_stale: bool) -> impl Iterator<Item = Row<'_>> {
    monitors.iter().map(move |monitor| Row { monitor, is_stale: is_stale || monitor.is_stale })
}

/// A group of the status page.
struct Section<'a> {
    group: &'a Group,
    is_stale: bool,
}

impl Kuma {
    fn sections(&self) -> Vec<Section<'_>> {
        let sections = self.report.iter().flat_map(|report| {
            let is_stale = report.is_stale();
            report.groups.iter().map(move |group| Section { group, is_stale })
        });
        sections.filter(|section| !section.group.monitors.is_empty()).collect()
    }
}

impl Section<'_> {
    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        rows(&self.group.monitors, self.is_stale)
    }

    /// `4 of 4 up`; what only sums up others is not counted.
    fn sum(&self) -> (&'static str, String) {
        let counted: Vec<Row<'_>> = self.rows().filter(|row| !row.monitor.is_group()).collect();
        let count = |wanted: &dyn Fn(&Row<'_>) -> bool| counted.iter().filter(|row| wanted(row)).count();
        let is = |status: ServiceStatus| move |row: &Row<'_>| !row.is_stale && row.status() == status;
        let active = counted.len() - count(&is(ServiceStatus::Paused));
        let (down, up) = (count(&is(ServiceStatus::Down)), count(&is(ServiceStatus::Up)));
        let (pending, work) = (count(&is(ServiceStatus::Pending)), count(&is(ServiceStatus::Maintenance)));
        match () {
            () if down > 0 => ("bad", format!("{down} of {active} down")),
            () if count(&|row| row.is_stale) > 0 => ("off ring", "Stale".to_owned()),
            () if pending > 0 => ("warn", format!("{pending} of {active} pending")),
            () if active == 0 => ("off ring", "Paused".to_owned()),
            () if work > 0 => ("info", "Maintenance".to_owned()),
            () if up < active => ("off ring", format!("{up} of {active} up")),
            () => ("ok", format!("{up} of {active} up")),
        }
    }
}

struct Row<'a> {
    monitor: &'a Monitor,
    is_stale: bool,
}

impl Row<'_> {
    fn status(&self) -> ServiceStatus {
        self.monitor.known.status
    }

    fn pill(&self) -> Pill {
        pill(self.status(), self.is_stale)
    }

    fn since(&self) -> Since {
        Since(self.monitor.known.since)
    }

    fn is_down(&self) -> bool {
        self.status() == ServiceStatus::Down && !self.is_stale
    }

    /// The words below the name.
    fn note(&self) -> String {
        let known = &self.monitor.known;
        match known.status {
            _ if self.is_stale => "Nothing heard of it lately".to_owned(),
            ServiceStatus::Paused => "Paused in Uptime Kuma".to_owned(),
            ServiceStatus::Maintenance => "Planned work".to_owned(),
            ServiceStatus::Pending => "Did not answer, is tried again".to_owned(),
            ServiceStatus::Unknown => "Not looked at yet".to_owned(),
            ServiceStatus::Down | ServiceStatus::Up => match self.monitor.cert_days {
                Some(days) if days < 0 => "Its certificate has ended".to_owned(),
                Some(days @ 0..=CERTIFICATE_ENDS) => format!("Certificate ends in {days} days"),
                _ => known.kind.clone(),
            },
        }
    }

    fn message(&self) -> Option<&str> {
        self.monitor.known.message.as_deref()
    }

    fn bars(&self) -> Bars {
        Bars::monitor(&self.monitor.known.name, &self.monitor.day, self.monitor.uptime_day)
    }

    fn day_share(&self) -> Option<Percent> {
        self.monitor.uptime_day.map(Percent)
    }

    fn ping(&self) -> Option<Millis> {
        self.monitor.ping_ms.map(Millis)
    }
}

impl KumaNews {
    fn incidents(&self) -> Vec<Note> {
        let incidents = self.report.iter().flat_map(|report| &report.incidents);
        let note = |incident: &integrations::uptime_kuma::Incident| Note {
            title: incident.title.clone(),
            text: incident.content.clone(),
            tone: match incident.style.as_str() {
                "danger" => "bad",
                "warning" => "warn",
                _ => "info",
            },
            word: "Open",
            began: incident.created_at.map(Moment),
            until: None,
        };
        incidents.map(note).collect()
    }

    fn maintenance(&self) -> Vec<Note> {
        let work = self.report.iter().flat_map(|report| &report.maintenance);
        let note = |work: &integrations::uptime_kuma::Maintenance| Note {
            title: work.title.clone(),
            text: work.description.clone(),
            tone: "info",
            word: if work.is_now { "Now" } else { "Planned" },
            began: work.starts_at.map(Moment),
            until: work.ends_at.map(Clock),
        };
        work.map(note).collect()
    }
}

/// An incident, or planned work.
struct Note {
    title: String,
    text: String,
    tone: &'static str,
    word: &'static str,
    began: Option<Moment>,
    until: Option<Clock>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actors::monitor_board::DAY_BARS;
    use domain::Timestamp;
    use domain::monitor::{KnownMonitor, MonitorBar};
    use integrations::uptime_kuma::Incident;

    use super::*;
    use crate::views::status::Verdict;
    use crate::views::tests::watched;

    fn monitor(name: &str, status: ServiceStatus) -> Monitor {
        let since = Timestamp::now() - Duration::from_secs(1320);
        let message = (status == ServiceStatus::Down).then(|| "connection refused <b>".to_owned());
        let (key, kind) = (name.to_owned(), "http".to_owned());
        let known = KnownMonitor { key, name: name.into(), kind, status, since, message, seen_at: since };
        Monitor {
            known,
            is_stale: false,
            ping_ms: Some(14),
            uptime_day: Some(0.75),
            uptime_month: None,
            cert_days: None,
            day: vec![MonitorBar { maintenance: 1, ..MonitorBar::default() }; DAY_BARS],
        }
    }

    fn report(monitors: Vec<Monitor>) -> Arc<Report> {
        Arc::new(Report {
            service: "kuma".parse().unwrap(),
            title: None,
            at: Some(Timestamp::now()),
            problem: None,
            interval: Duration::from_secs(30),
            groups: vec![Group { name: Some("Home".into()), monitors }],
            unlisted: Vec::new(),
            incidents: Vec::new(),
            maintenance: Vec::new(),
            changes: Vec::new(),
        })
    }

    #[test]
    fn a_group_says_the_worst_of_its_members_and_counts_no_sum() {
        use ServiceStatus::{Down, Maintenance, Paused, Pending, Unknown, Up};
        for (statuses, sum) in [
            (&[Up, Up][..], "2 of 2 up"),
            (&[Up, Paused], "1 of 1 up"),
            (&[Up, Down, Pending], "1 of 3 down"),
            (&[Up, Pending], "1 of 2 pending"),
            (&[Up, Maintenance], "Maintenance"),
            (&[Paused], "Paused"),
            (&[Up, Unknown], "1 of 2 up"),
        ] {
            let mut monitors: Vec<Monitor> = statuses.iter().map(|status| monitor("m", *status)).collect();
            let mut group = monitor("sum", Down);
            group.known.kind = "group".into();
            monitors.push(group);
            let kuma = Kuma { report: Some(report(monitors)) };
            assert_eq!(kuma.sections()[0].sum().1, sum, "{statuses:?}");
        }
    }

    #[test]
    fn a_row_says_what_is_the_matter_and_nothing_is_taken_for_markup() {
        let mut certificate = monitor("Photos", ServiceStatus::Up);
        certificate.cert_days = Some(9);
        let monitors = vec![monitor("<i>NAS</i>", ServiceStatus::Down), certificate];

        let html = Kuma { report: Some(report(monitors)) }.to_string();

        assert!(html.contains("Down for") && html.contains("connection refused &#60;b&#62;"), "{html}");
        assert!(html.contains("&#60;i&#62;NAS") && html.contains("Certificate ends in 9 days"), "{html}");
        assert!(
            html.contains("75.0%") && html.contains("14 ms") && html.contains("<i class=\"m\">"),
            "{html}"
        );
    }

    #[test]
    fn an_old_report_is_shown_as_stale_with_the_reason() {
        let mut old = Report::clone(&report(vec![monitor("NAS", ServiceStatus::Up)]));
        old.at = Some(Timestamp::now() - Duration::from_secs(600));
        old.problem = Some("it does not accept our API key".into());

        let html = Kuma { report: Some(Arc::new(old)) }.to_string();

        assert!(html.contains("Last heard") && html.contains("10 min ago"), "{html}");
        assert!(html.contains(">Stale<") && html.contains("does not accept our API key"), "{html}");
        assert!(Kuma { report: None }.to_string().contains("hidden"));
    }

    #[test]
    fn what_uptime_kuma_says_counts_while_our_own_services_are_well() {
        let down = report(vec![monitor("Printer", ServiceStatus::Down), monitor("NAS", ServiceStatus::Up)]);
        let up = [watched("plex", ServiceStatus::Up)];
        let plex_is_down = [watched("plex", ServiceStatus::Down), watched("seerr", ServiceStatus::Up)];

        assert_eq!(Verdict::of(&up).with(Some(&down)).title, "Printer is down.");
        assert_eq!(Verdict::of(&plex_is_down).with(Some(&down)).title, "plex is down.");
        assert_eq!(Verdict::of(&up).with(None).title, "Everything is up.");
        let old = Report { at: None, ..Report::clone(&down) };
        assert_eq!(Verdict::of(&up).with(Some(&old)).title, "Everything is up.");
    }

    #[test]
    fn incidents_are_text() {
        let incident = Incident {
            title: "Slow".into(),
            content: "<script>".into(),
            style: "danger".into(),
            created_at: None,
            updated_at: None,
        };
        let news = Report { incidents: vec![incident], ..Report::clone(&report(Vec::new())) };

        let html = KumaNews { report: Some(Arc::new(news)) }.to_string();

        assert!(
            html.contains("Open incident") && html.contains("&#60;script&#62;") && html.contains("pill bad")
        );
        assert!(KumaNews { report: None }.to_string().contains("hidden"));
    }
}
