//! Numbers and times in the words of a person.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use askama::filters::HtmlSafe;
use domain::Timestamp;

/// `512 B`, `61 MB`, `1.1 GB`: decimal, as disks and players count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub u64);

impl Display for Bytes {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
        let mut value = self.0 as f64;
        let mut unit = 0;
        while value >= 999.5 && unit + 1 < UNITS.len() {
            value /= 1000.0;
            unit += 1;
        }
        let digits = usize::from(unit > 1 && value < 9.95);
        write!(f, "{value:.digits$} {}", UNITS[unit])
    }
}

/// The longest unit that fits, and for short spans the one below: `41 s`, `2 min`, `7 h 41 min`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0..60 => write!(f, "{seconds} s"),
            60..3600 => write!(f, "{} min", seconds / 60),
            3600..86_400 if (seconds / 60).is_multiple_of(60) => write!(f, "{} h", seconds / 3600),
            3600..86_400 => write!(f, "{} h {} min", seconds / 3600, seconds / 60 % 60),
            86_400..172_800 => f.write_str("1 day"),
            _ => write!(f, "{} days", seconds / 86_400),
        }
    }
}

/// How long something still takes, never more exact than it can be: `a few seconds`,
/// `about 40 s`, `about 3 min`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About(pub Duration);

impl Display for About {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() {
            0..5 => f.write_str("a few seconds"),
            seconds @ 5..60 => write!(f, "about {} s", seconds.div_ceil(5) * 5),
            seconds @ 60..5400 => write!(f, "about {} min", (seconds + 30) / 60),
            seconds => write!(f, "about {} h", (seconds + 1800) / 3600),
        }
    }
}

/// `38 ms`, `2.4 s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Millis(pub u32);

impl Display for Millis {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0 < 1000 {
            write!(f, "{} ms", self.0)
        } else {
            write!(f, "{:.1} s", f64::from(self.0) / 1000.0)
        }
    }
}

/// A time given in microseconds, in milliseconds: `0.1 ms`, `38 ms`, `2.4 s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Micros(pub u64);

impl Display for Micros {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0 < 9_950 {
            write!(f, "{:.1} ms", self.0 as f64 / 1000.0)
        } else {
            Millis(u32::try_from(self.0 / 1000).unwrap_or(u32::MAX)).fmt(f)
        }
    }
}

/// A share from 0 to 1 as `100%`, `99.98%`, `97.1%`; never rounded up to 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percent(pub f64);

impl Display for Percent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let percent = (self.0 * 100.0).clamp(0.0, 100.0);
        if percent >= 100.0 {
            f.write_str("100%")
        } else {
            let digits = if percent >= 99.0 { 2 } else { 1 };
            let scale = 10f64.powi(digits);
            write!(f, "{:.*}%", digits as usize, (percent * scale).floor() / scale)
        }
    }
}

/// One thing and its number: `1 video`, `3 videos`, `1,284 videos`.
#[derive(Debug, Clone, Copy)]
pub struct Count(pub u64, pub &'static str);

impl Display for Count {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let plural = if self.0 == 1 { "" } else { "s" };
        write!(f, "{} {}{plural}", Thousands(self.0), self.1)
    }
}

/// `1,284`.
#[derive(Debug, Clone, Copy)]
pub struct Thousands(pub u64);

impl Display for Thousands {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// A `<time>` that ages in the browser: `12 min ago`.
#[derive(Debug, Clone, Copy)]
pub struct Ago(pub Timestamp);

impl Display for Ago {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "<time datetime=\"{}\" data-age=\"ago\">", self.0)?;
        match self.0.age().as_secs() {
            0 => f.write_str("just now")?,
            seconds => write!(f, "{} ago", coarse(seconds))?,
        }
        f.write_str("</time>")
    }
}

/// A `<time>` that says how long something has lasted: `12 min`.
#[derive(Debug, Clone, Copy)]
pub struct Since(pub Timestamp);

impl Display for Since {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let age = coarse(self.0.age().as_secs());
        write!(f, "<time datetime=\"{}\" data-age=\"for\">{age}</time>", self.0)
    }
}

/// A `<time>` that names a moment; in UTC until the browser makes it local.
#[derive(Debug, Clone, Copy)]
pub struct Moment(pub Timestamp);

impl Display for Moment {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = self.0.to_rfc3339();
        let day = text.get(..10).unwrap_or_default();
        let clock = text.get(11..16).unwrap_or_default();
        write!(f, "<time datetime=\"{text}\" data-local=\"day\">{day} {clock} UTC</time>")
    }
}

/// A `<time>` that names a moment of today by its clock.
#[derive(Debug, Clone, Copy)]
pub struct Clock(pub Timestamp);

impl Clock {
    /// The clock in UTC, for text that is no HTML.
    pub fn plain(&self) -> String {
        let text = self.0.to_rfc3339();
        format!("{} UTC", text.get(11..16).unwrap_or_default())
    }
}

impl Display for Clock {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "<time datetime=\"{}\" data-local=\"clock\">{}</time>", self.0, self.plain())
    }
}

/// The same words as in `assets/app.js`.
fn coarse(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

// They write digits, our own words and tags, and nothing that somebody typed.
impl HtmlSafe for Ago {}
impl HtmlSafe for Since {}
impl HtmlSafe for Moment {}
impl HtmlSafe for Clock {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_a_person_would_say_them() {
        let said = [
            (Bytes(0).to_string(), "0 B"),
            (Bytes(999_600).to_string(), "1.0 MB"),
            (Bytes(61_400_000).to_string(), "61 MB"),
            (Bytes(1_100_000_000).to_string(), "1.1 GB"),
            (Bytes(u64::MAX).to_string(), "18446744 TB"),
            (Span(Duration::from_secs(27_660)).to_string(), "7 h 41 min"),
            (Span(Duration::from_secs(7_200)).to_string(), "2 h"),
            (Span(Duration::from_secs(100_000)).to_string(), "1 day"),
            (About(Duration::from_secs(2)).to_string(), "a few seconds"),
            (About(Duration::from_secs(173)).to_string(), "about 3 min"),
            (Millis(2_449).to_string(), "2.4 s"),
            (Micros(90).to_string(), "0.1 ms"),
            (Percent(0.99999).to_string(), "99.99%"),
            (Percent(0.9716).to_string(), "97.1%"),
            (Percent(1.0).to_string(), "100%"),
            (Count(1, "video").to_string(), "1 video"),
            (Count(1_284, "video").to_string(), "1,284 videos"),
            (Thousands(1_000_000).to_string(), "1,000,000"),
        ];
        for (said, expected) in said {
            assert_eq!(said, expected);
        }
    }

    #[test]
    fn a_time_carries_the_moment_for_the_browser() {
        let long_ago = Timestamp::now() - Duration::from_secs(185);

        assert!(Ago(long_ago).to_string().ends_with(">3 min ago</time>"));
        assert!(Since(long_ago).to_string().contains("data-age=\"for\">3 min<"));
        let moment = Moment(Timestamp::from_millis(1_795_368_600_250)).to_string();
        assert!(
            moment.contains("datetime=\"2026-11-22T17:30:00.25Z\"")
                && moment.contains(">2026-11-22 17:30 UTC<")
        );
    }
}
