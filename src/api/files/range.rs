//! `Range: bytes=…` (RFC 9110 section 14).

/// What of a file is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    All,
    /// Both ends count; they lie within the file.
    Part {
        start: u64,
        end: u64,
    },
    /// No byte of the file.
    Impossible,
}

/// Reads the header for a file of `length` bytes. What is malformed, or asks for several ranges
/// at once, is answered with the whole file, as the RFC allows.
pub fn parse(text: &str, length: u64) -> Wanted {
    let Some(range) = text.trim().strip_prefix("bytes=") else { return Wanted::All };
    let Some((first, last)) = range.trim().split_once('-') else { return Wanted::All };
    let number = |text: &str| -> Option<u64> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // A number that is too large lies beyond every file.
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    match (number(first), number(last), first.is_empty(), last.is_empty()) {
        (Some(start), Some(end), ..) if end < start => Wanted::All,
        (Some(start), ..) if start >= length && (last.is_empty() || number(last).is_some()) => {
            Wanted::Impossible
        }
        (Some(start), Some(end), ..) => Wanted::Part { start, end: end.min(length - 1) },
        (Some(start), None, _, true) => Wanted::Part { start, end: length - 1 },
        (None, Some(0), true, _) => Wanted::Impossible,
        (None, Some(_), true, _) if length == 0 => Wanted::Impossible,
        (None, Some(count), true, _) => Wanted::Part { start: length.saturating_sub(count), end: length - 1 },
        _ => Wanted::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        let part = |start, end| Wanted::Part { start, end };
        for (text, length, wanted) in [
            ("bytes=0-", 10, part(0, 9)),
            ("bytes=0-0", 10, part(0, 0)),
            ("bytes=2-4", 10, part(2, 4)),
            ("bytes=2-400", 10, part(2, 9)),
            ("bytes=2-99999999999999999999", 10, part(2, 9)),
            ("bytes=-3", 10, part(7, 9)),
            ("bytes=-30", 10, part(0, 9)),
            ("bytes=10-", 10, Wanted::Impossible),
            ("bytes=99999999999999999999-", 10, Wanted::Impossible),
            ("bytes=-0", 10, Wanted::Impossible),
            ("bytes=0-", 0, Wanted::Impossible),
            ("bytes=-1", 0, Wanted::Impossible),
            ("bytes=4-2", 10, Wanted::All),
            ("bytes=", 10, Wanted::All),
            ("bytes=-", 10, Wanted::All),
            ("bytes=a-b", 10, Wanted::All),
            ("bytes=+1-2", 10, Wanted::All),
            ("bytes=0-1,3-4", 10, Wanted::All),
            ("items=0-1", 10, Wanted::All),
            ("", 10, Wanted::All),
        ] {
            assert_eq!(parse(text, length), wanted, "{text} of {length}");
        }
    }
}
