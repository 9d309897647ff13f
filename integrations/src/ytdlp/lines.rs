//! Cuts a stream of bytes into lines without trusting the sender.

/// The longest line that is kept (trust row 72).
pub const MAX_LINE: usize = 64 * 1024;

/// A line that is longer than [`MAX_LINE`] is dropped whole; memory stays bounded by it.
#[derive(Debug, Default)]
pub struct Lines {
    partial: Vec<u8>,
    dropping: bool,
}

impl Lines {
    /// The complete lines that `bytes` finishes, without their ends; bytes that are not UTF-8
    /// are replaced.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            self.keep(&rest[..end]);
            lines.extend(self.finish());
            rest = &rest[end + 1..];
        }
        self.keep(rest);
        lines
    }

    /// What is left when the stream ends.
    pub fn finish(&mut self) -> Option<String> {
        let dropped = std::mem::take(&mut self.dropping);
        let line = std::mem::take(&mut self.partial);
        // yt-dlp puts returns also inside of a line: "ERROR: \r[download] Got error".
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        let wanted = !dropped && !line.is_empty();
        wanted.then(|| String::from_utf8_lossy(line).into_owned())
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.dropping || self.partial.len() + bytes.len() > MAX_LINE {
            self.dropping = true;
            self.partial = Vec::new();
        } else {
            self.partial.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_whole_however_they_were_cut() {
        let mut lines = Lines::default();

        assert_eq!(lines.push(b"one\ntw"), ["one"]);
        assert_eq!(lines.push(b"o\r\n\nERROR: \rthree"), ["two"]);
        assert_eq!(lines.finish().as_deref(), Some("ERROR: \rthree"));
        assert_eq!(lines.finish(), None);
    }

    #[test]
    fn a_line_without_end_takes_no_memory_and_the_next_one_is_read() {
        let mut lines = Lines::default();

        for _ in 0..1000 {
            assert!(lines.push(&[b'x'; 10_000]).is_empty());
            assert!(lines.partial.capacity() <= 2 * MAX_LINE);
        }

        assert_eq!(lines.push(b"\nnext\n"), ["next"]);
    }

    #[test]
    fn binary_noise_is_a_line_like_another() {
        assert_eq!(Lines::default().push(b"\xff\x00\xfe\n"), ["\u{fffd}\0\u{fffd}"]);
    }
}
