//! Single values: words of a list, durations, numbers.

use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::{Reader, Value};
use crate::supervisor::{Backoff, Shutdown};

impl Reader<'_> {
    pub(super) fn text(&mut self, value: &Value<'_>, at: &str, key: &str) -> Option<String> {
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.wrong_type(value, at, key, "text in quotes");
        }
        text
    }

    fn wrong_type(&mut self, value: &Value<'_>, at: &str, key: &str, wanted: &str) {
        let message = format!("must be {wanted}, not {}", value.get_ref().type_str());
        self.problem(value.span().start, at, key, message);
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(
        &mut self,
        table: &DeTable<'_>,
        at: &str,
        key: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let value = table.get(key)?;
        let text = self.text(value, at, key)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let message = format!("\"{text}\" is not one of {}", known.join(", "));
            self.problem(value.span().start, at, key, message);
        }
        found
    }

    fn duration(&mut self, value: &Value<'_>, at: &str, key: &str) -> Option<Duration> {
        let text = self.text(value, at, key)?;
        let duration = humantime::parse_duration(&text).ok();
        if duration.is_none() {
            let message = format!("\"{text}\" is not a duration (write 500ms, 5s or 2m)");
            self.problem(value.span().start, at, key, message);
        }
        duration
    }

    pub(super) fn positive_duration(&mut self, table: &DeTable<'_>, at: &str, key: &str) -> Option<Duration> {
        let value = table.get(key)?;
        let duration = self.duration(value, at, key)?;
        if duration.is_zero() {
            self.problem(value.span().start, at, key, "must be longer than nothing");
            return None;
        }
        Some(duration)
    }

    /// Some(None) is "for ever".
    pub(super) fn start_timeout(&mut self, table: &DeTable<'_>, at: &str) -> Option<Option<Duration>> {
        let value = table.get("start_timeout")?;
        if value.get_ref().as_str() == Some("infinity") {
            return Some(None);
        }
        self.positive_duration(table, at, "start_timeout").map(Some)
    }

    pub(super) fn shutdown(&mut self, table: &DeTable<'_>, at: &str) -> Option<Shutdown> {
        let value = table.get("shutdown")?;
        match value.get_ref().as_str() {
            Some("infinity") => Some(Shutdown::Infinity),
            Some("kill") => Some(Shutdown::Kill),
            _ => self.duration(value, at, "shutdown").map(Shutdown::After),
        }
    }

    pub(super) fn intensity(&mut self, table: &DeTable<'_>, at: &str) -> Option<u32> {
        let value = table.get("intensity")?;
        let DeValue::Integer(number) = value.get_ref() else {
            self.wrong_type(value, at, "intensity", "a whole number");
            return None;
        };
        let intensity = u32::from_str_radix(number.as_str(), number.radix()).ok();
        if let Some(intensity @ 1..=1_000) = intensity {
            return Some(intensity);
        }
        let message =
            format!("{} is not possible: it is a number of restarts from 1 to 1000", number.as_str());
        self.problem(value.span().start, at, "intensity", message);
        None
    }

    pub(super) fn backoff(&mut self, table: &DeTable<'_>, at: &str) -> Backoff {
        let default = Backoff::default();
        let Some(value) = table.get("backoff") else { return default };
        let DeValue::Table(backoff) = value.get_ref() else {
            self.wrong_type(value, at, "backoff", "a table, as { initial = \"200ms\", max = \"10s\" }");
            return default;
        };

        for key in backoff.keys() {
            if !["initial", "max", "factor", "reset_after"].contains(&key.get_ref().as_ref()) {
                self.problem(
                    key.span().start,
                    at,
                    &format!("backoff.{}", key.get_ref()),
                    "is not a known key",
                );
            }
        }
        let mut time = |key: &str, default: Duration| {
            backoff
                .get(key)
                .and_then(|value| self.duration(value, at, &format!("backoff.{key}")))
                .unwrap_or(default)
        };
        let initial = time("initial", default.initial);
        let max = time("max", default.max.max(initial));
        let reset_after = time("reset_after", default.reset_after);
        if max < initial {
            self.problem(value.span().start, at, "backoff.max", "is shorter than backoff.initial");
        }
        Backoff { initial, max, reset_after, factor: self.factor(backoff, at).unwrap_or(default.factor) }
    }

    fn factor(&mut self, backoff: &DeTable<'_>, at: &str) -> Option<f64> {
        let value = backoff.get("factor")?;
        let factor: Option<f64> = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => {
                self.wrong_type(value, at, "backoff.factor", "a number");
                return None;
            }
        };
        let possible = factor.filter(|factor| (1.0..=100.0).contains(factor));
        if possible.is_none() {
            self.problem(value.span().start, at, "backoff.factor", "must be from 1 to 100");
        }
        possible
    }
}
