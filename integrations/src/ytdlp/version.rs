//! Versions of yt-dlp are dates.

use std::fmt;

/// The day of a release; nightly builds add a time, which is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub year: u16,
    pub month: u8,
    pub day: u8,
}

impl Version {
    /// Reads `2026.08.19`, `2026.8.19` and `2026.08.19.232808`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').take(3);
        let version = Self {
            year: parts.next()?.parse().ok()?,
            month: parts.next()?.parse().ok()?,
            day: parts.next()?.parse().ok()?,
        };
        let is_date = (2007..=9999).contains(&version.year)
            && (1..=12).contains(&version.month)
            && (1..=31).contains(&version.day);
        is_date.then_some(version)
    }

    /// Days since the first of January 1970, for its age.
    pub fn days(self) -> i64 {
        // Howard Hinnant, "chrono-compatible low-level date algorithms".
        let (year, month, day) = (i64::from(self.year), i64::from(self.month), i64::from(self.day));
        let year = if month <= 2 { year - 1 } else { year };
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
    }

    /// Whole days from the release to `unix_seconds`.
    pub fn age_days(self, unix_seconds: i64) -> i64 {
        unix_seconds.div_euclid(86_400) - self.days()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}.{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_and_written_as_a_date() {
        for (text, written) in
            [("2026.08.19", "2026.08.19"), ("2026.8.19", "2026.08.19"), ("2026.10.26.232808", "2026.10.26")]
        {
            assert_eq!(Version::parse(text).unwrap().to_string(), written);
        }
        for text in ["", "hello", "2026", "2026.13.01", "1.2.3", "2026.08.x"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }

    #[test]
    fn age_counts_whole_days() {
        assert_eq!(Version::parse("1970.01.01"), None, "there was no yt-dlp");
        assert_eq!(Version::parse("2026.01.01").unwrap().days(), 20_454);
        assert_eq!(
            Version::parse("2024.03.01").unwrap().days() - Version::parse("2024.02.28").unwrap().days(),
            2
        );
        assert_eq!(Version::parse("2026.01.01").unwrap().age_days((20_454 + 90) * 86_400 + 5), 90);
    }
}
