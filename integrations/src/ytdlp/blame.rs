//! Whose error an `ERROR:` line is.
//!
//! In a playlist such a line names at best an id that nobody has heard of. But yt-dlp goes
//! through the items in order, and on the same pipe it says which item ffmpeg and the final move
//! work on: an error belongs to the item in work, or else to the one after the last that is over.

/// Follows the pipe of the errors.
#[derive(Debug)]
pub(crate) struct Blame {
    /// Positions that are left out.
    skip: Vec<u32>,
    /// The last position that was heard of, and whether it is over.
    last: u32,
    is_over: bool,
}

impl Blame {
    pub fn new(skip: Vec<u32>) -> Self {
        Self { skip, last: 0, is_over: true }
    }

    /// The item at `position` is in the hands of a postprocessor; the last one makes it over.
    pub fn worked_on(&mut self, position: u32, is_over: bool) {
        (self.last, self.is_over) = (position, is_over);
    }

    /// Who failed just now.
    pub fn next(&mut self) -> u32 {
        if self.is_over {
            self.last += 1;
            while self.skip.contains(&self.last) {
                self.last += 1;
            }
        }
        self.is_over = true;
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_belongs_to_the_item_after_the_last_finished_one() {
        let mut blame = Blame::new(vec![4]);

        assert_eq!(blame.next(), 1);
        blame.worked_on(2, false);
        blame.worked_on(2, true);
        assert_eq!(blame.next(), 3);
        assert_eq!(blame.next(), 5, "the fourth was left out");
    }

    #[test]
    fn an_error_during_conversion_belongs_to_the_converted_item() {
        let mut blame = Blame::new(vec![]);

        blame.worked_on(7, false);

        assert_eq!(blame.next(), 7);
        assert_eq!(blame.next(), 8);
    }
}
