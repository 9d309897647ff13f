//! Cursors: the sort key of the last row of a page, wrapped so that nobody builds on its form.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Cursor, Page};

use crate::Error;

/// How many rows a page may have.
pub(crate) const LARGEST_PAGE: u32 = 200;

pub(crate) fn clamp(limit: u32) -> u32 {
    limit.clamp(1, LARGEST_PAGE)
}

/// A place in a list that is sorted by time, the newest first, and then by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Newest {
    pub(crate) at: i64,
    pub(crate) id: String,
}

impl Newest {
    /// The place before the first row.
    pub(crate) fn start() -> Self {
        // Greater than every id, which are hexadecimal digits and hyphens.
        Self { at: i64::MAX, id: "~".to_owned() }
    }

    pub(crate) fn after(cursor: Option<&Cursor>) -> Result<Self, Error> {
        let Some(cursor) = cursor else { return Ok(Self::start()) };
        let text = decode(cursor)?;
        let (at, id) = text.split_once(' ').ok_or(Error::BadCursor)?;
        Ok(Self { at: at.parse().map_err(|_| Error::BadCursor)?, id: id.to_owned() })
    }

    pub(crate) fn cursor(&self) -> Cursor {
        encode(&format!("{} {}", self.at, self.id))
    }
}

pub(crate) fn encode(text: &str) -> Cursor {
    Cursor(URL_SAFE_NO_PAD.encode(text))
}

pub(crate) fn decode(cursor: &Cursor) -> Result<String, Error> {
    let bytes = URL_SAFE_NO_PAD.decode(&cursor.0).map_err(|_| Error::BadCursor)?;
    let text = String::from_utf8(bytes).map_err(|_| Error::BadCursor)?;
    // PostgreSQL refuses NUL in text.
    if text.contains('\0') { Err(Error::BadCursor) } else { Ok(text) }
}

/// A page out of `limit + 1` rows: the extra one tells that there is more.
pub(crate) fn page<T>(mut rows: Vec<T>, limit: u32, cursor_of: impl FnOnce(&T) -> Cursor) -> Page<T> {
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = if has_more { rows.last().map(cursor_of) } else { None };
    Page { items: rows, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_that_is_not_ours_is_refused() {
        for text in ["", "!", "AAAA", "bm9wZQ", "//", &"x".repeat(5000)] {
            assert!(Newest::after(Some(&Cursor(text.to_owned()))).is_err(), "{text:?} was accepted");
        }
        let place = Newest { at: 5, id: "a".to_owned() };
        assert_eq!(Newest::after(Some(&place.cursor())).unwrap(), place);
    }
}
