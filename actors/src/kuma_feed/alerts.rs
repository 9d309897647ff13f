//! Turns as words for admins: one for many that come together.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use domain::Timestamp;
use domain::event::Tone;
use domain::service::ServiceStatus;
use tokio::time::Instant;

use super::ledger::Turn;

/// Names that are said at most.
const NAMES: usize = 4;
/// How long the same message is not said again.
const SAME: Duration = Duration::from_secs(3600);
/// Messages that are remembered for that.
const REMEMBERED: usize = 32;

/// One notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) tone: Tone,
    pub(super) title: String,
    pub(super) body: String,
}

/// What is to be told, and what was.
#[derive(Default)]
pub(super) struct Alerts {
    waiting: Vec<Turn>,
    /// The keys of those that are known to be down.
    down: BTreeSet<String>,
    messages: VecDeque<(Instant, String)>,
}

impl Alerts {
    /// Those that were down before we started have been told of.
    pub(super) fn remembering(down: impl IntoIterator<Item = String>) -> Self {
        Self { down: down.into_iter().collect(), ..Self::default() }
    }

    /// Says whether there is something to tell. A group is not told of: its members are.
    pub(super) fn add(&mut self, turn: Turn) -> bool {
        let key = &turn.change.key;
        let matters = match turn.change.status {
            ServiceStatus::Down => self.down.insert(key.clone()),
            ServiceStatus::Up => self.down.remove(key),
            // Somebody has taken care of it.
            ServiceStatus::Paused => {
                self.down.remove(key);
                false
            }
            ServiceStatus::Pending | ServiceStatus::Maintenance | ServiceStatus::Unknown => false,
        };
        let is_told = matters && !turn.is_group;
        if is_told {
            self.waiting.push(turn);
        }
        is_told
    }

    /// The words for what waits.
    pub(super) fn words(&mut self) -> Vec<Word> {
        let turns = std::mem::take(&mut self.waiting);
        // One that went and came back meanwhile is worth both words.
        let (down, up): (Vec<Turn>, Vec<Turn>) =
            turns.into_iter().partition(|turn| turn.change.status == ServiceStatus::Down);
        [went(&down), came(&up)].into_iter().flatten().collect()
    }

    /// The word for a message about no monitor: a test, or something that ends soon.
    pub(super) fn message(&mut self, text: &str) -> Option<Word> {
        self.messages.retain(|(at, _)| at.elapsed() < SAME);
        if text.is_empty() || self.messages.iter().any(|(_, said)| said == text) {
            return None;
        }
        if self.messages.len() == REMEMBERED {
            self.messages.pop_front();
        }
        self.messages.push_back((Instant::now(), text.to_owned()));
        if text.ends_with(" Testing") {
            let title = "Uptime Kuma reaches us".to_owned();
            return Some(Word { tone: Tone::Ok, title, body: "Its test arrived.".to_owned() });
        }
        Some(Word { tone: Tone::Warn, title: "Uptime Kuma warns".to_owned(), body: text.to_owned() })
    }
}

fn went(turns: &[Turn]) -> Option<Word> {
    let (title, body) = match turns {
        [] => return None,
        [one] => {
            let reason = one.change.message.clone();
            (
                format!("{} is down", one.change.name),
                reason.unwrap_or_else(|| "Uptime Kuma says so.".to_owned()),
            )
        }
        many => (format!("{} monitors are down", many.len()), names(many)),
    };
    Some(Word { tone: Tone::Bad, title, body })
}

fn came(turns: &[Turn]) -> Option<Word> {
    let (title, body) = match turns {
        [] => return None,
        [one] => {
            let was_away = span(one.since, one.change.at);
            (format!("{} is back", one.change.name), format!("It was away for {was_away}."))
        }
        many => (format!("{} monitors are back", many.len()), names(many)),
    };
    Some(Word { tone: Tone::Ok, title, body })
}

/// `NAS, Router, Printer, Mail and 3 more`.
fn names(turns: &[Turn]) -> String {
    let mut said: Vec<&str> = turns.iter().take(NAMES).map(|turn| turn.change.name.as_str()).collect();
    let more = turns.len() - said.len();
    let last = match more {
        0 => said.pop().unwrap_or_default().to_owned(),
        more => format!("{more} more"),
    };
    format!("{} and {last}", said.join(", "))
}

fn span(from: Timestamp, to: Timestamp) -> String {
    match from.until(to).as_secs() {
        seconds @ 0..90 => format!("{seconds} s"),
        seconds @ 90..5400 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use domain::monitor::MonitorChange;

    use super::*;

    fn turn(name: &str, status: ServiceStatus) -> Turn {
        let now = Timestamp::now();
        let change = MonitorChange { key: name.into(), name: name.into(), at: now, status, message: None };
        Turn { change, from: ServiceStatus::Up, since: now - Duration::from_secs(240), is_group: false }
    }

    #[test]
    fn one_is_named_and_many_are_one_word() {
        let mut alerts = Alerts::default();
        assert!(alerts.add(turn("NAS", ServiceStatus::Down)));
        assert!(!alerts.add(turn("NAS", ServiceStatus::Down)), "it is known");
        assert_eq!(alerts.words()[0].title, "NAS is down");

        for name in ["A", "B", "C", "D", "E", "F"] {
            alerts.add(turn(name, ServiceStatus::Down));
        }
        alerts.add(turn("NAS", ServiceStatus::Up));
        let words = alerts.words();
        assert_eq!(
            (words[0].title.as_str(), words[0].body.as_str()),
            ("6 monitors are down", "A, B, C, D and 2 more")
        );
        assert_eq!(
            (words[1].title.as_str(), words[1].body.as_str()),
            ("NAS is back", "It was away for 4 min.")
        );
        assert!(alerts.words().is_empty());
    }

    #[test]
    fn two_are_joined_by_an_and() {
        let mut alerts = Alerts::default();
        alerts.add(turn("A", ServiceStatus::Down));
        alerts.add(turn("B", ServiceStatus::Down));
        assert_eq!(alerts.words()[0].body, "A and B");
    }

    #[test]
    fn what_is_no_outage_is_not_told() {
        let mut alerts = Alerts::remembering(["Old".to_owned(), "Gone".to_owned()]);
        for status in
            [ServiceStatus::Pending, ServiceStatus::Maintenance, ServiceStatus::Paused, ServiceStatus::Up]
        {
            assert!(!alerts.add(turn("NAS", status)), "{status}");
        }
        assert!(!alerts.add(Turn { is_group: true, ..turn("Group", ServiceStatus::Down) }));
        assert!(!alerts.add(turn("Old", ServiceStatus::Down)), "told before we started");
        assert!(alerts.add(turn("Old", ServiceStatus::Up)));
        assert!(!alerts.add(turn("Gone", ServiceStatus::Paused)));
        assert!(!alerts.add(turn("Gone", ServiceStatus::Up)), "somebody had taken care of it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_is_said_once_an_hour() {
        let mut alerts = Alerts::default();
        assert_eq!(alerts.message("portal hook Testing").unwrap().tone, Tone::Ok);
        assert_eq!(alerts.message("certificate ends in 7 days").unwrap().tone, Tone::Warn);
        assert_eq!(alerts.message("certificate ends in 7 days"), None);
        assert_eq!(alerts.message(""), None);
        tokio::time::advance(SAME).await;
        assert!(alerts.message("certificate ends in 7 days").is_some());
    }
}
