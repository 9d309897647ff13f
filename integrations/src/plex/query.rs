//! Which items of a library, and in which order.

use std::str::FromStr;

use domain::Timestamp;

use super::model::Kind;

/// What to read of a library. The default is its first items, sorted by title.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ItemQuery {
    /// What a library holds at its top when absent: movies, or shows.
    pub kind: Option<Kind>,
    pub start: usize,
    pub size: usize,
    pub sort: Sort,
    /// Only those whose title holds this.
    pub title: Option<String>,
    /// Only those that the person of the token has not seen.
    pub unwatched: bool,
    /// The id of one of [`super::Server::genres`].
    pub genre: Option<String>,
    pub year: Option<i32>,
    /// Only those that the library has since then.
    pub added_since: Option<Timestamp>,
}

impl Default for ItemQuery {
    fn default() -> Self {
        Self {
            kind: None,
            start: 0,
            size: 48,
            sort: Sort::default(),
            title: None,
            unwatched: false,
            genre: None,
            year: None,
            added_since: None,
        }
    }
}

impl ItemQuery {
    /// As the server wants it. Its operators stand left of the equals sign: `addedAt>>=7`.
    pub(super) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![("includeGuids", "1".to_owned()), ("sort", self.sort.to_string())];
        if let Some(number) = self.kind.as_ref().and_then(Kind::number) {
            pairs.push(("type", number.to_string()));
        }
        if let Some(title) = &self.title {
            pairs.push(("title", title.clone()));
        }
        if self.unwatched {
            // A show is never seen itself, only its episodes are.
            let name = if self.kind == Some(Kind::Show) { "unwatchedLeaves" } else { "unwatched" };
            pairs.push((name, "1".to_owned()));
        }
        if let Some(genre) = &self.genre {
            pairs.push(("genre", genre.clone()));
        }
        if let Some(year) = self.year {
            pairs.push(("year", year.to_string()));
        }
        if let Some(since) = self.added_since {
            pairs.push(("addedAt>>", (since.as_millis() / 1000).to_string()));
        }
        pairs
    }
}

/// An order. As text: `title`, or `added:desc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Sort {
    pub field: SortField,
    pub descending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SortField {
    #[default]
    Title,
    Added,
    Year,
    Released,
    Rating,
    AudienceRating,
    Duration,
    LastViewed,
    Views,
    Random,
}

impl SortField {
    pub const ALL: [SortField; 10] = [
        SortField::Title,
        SortField::Added,
        SortField::Year,
        SortField::Released,
        SortField::Rating,
        SortField::AudienceRating,
        SortField::Duration,
        SortField::LastViewed,
        SortField::Views,
        SortField::Random,
    ];

    /// Its name in our own addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            SortField::Title => "title",
            SortField::Added => "added",
            SortField::Year => "year",
            SortField::Released => "released",
            SortField::Rating => "rating",
            SortField::AudienceRating => "audience",
            SortField::Duration => "duration",
            SortField::LastViewed => "viewed",
            SortField::Views => "views",
            SortField::Random => "random",
        }
    }

    fn wire(self) -> &'static str {
        match self {
            SortField::Title => "titleSort",
            SortField::Added => "addedAt",
            SortField::Year => "year",
            SortField::Released => "originallyAvailableAt",
            SortField::Rating => "rating",
            SortField::AudienceRating => "audienceRating",
            SortField::Duration => "duration",
            SortField::LastViewed => "lastViewedAt",
            SortField::Views => "viewCount",
            SortField::Random => "random",
        }
    }
}

impl Sort {
    pub const NEWEST: Sort = Sort { field: SortField::Added, descending: true };
}

/// As the server wants it.
impl std::fmt::Display for Sort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let direction = if self.descending { ":desc" } else { "" };
        write!(f, "{}{direction}", self.field.wire())
    }
}

/// There is no such order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a library cannot be sorted like that")]
pub struct NoSuchOrder;

impl FromStr for Sort {
    type Err = NoSuchOrder;

    /// As in our own addresses.
    fn from_str(text: &str) -> Result<Self, NoSuchOrder> {
        let (name, direction) = text.split_once(':').unwrap_or((text, "asc"));
        let field = SortField::ALL.into_iter().find(|field| field.as_str() == name).ok_or(NoSuchOrder)?;
        match direction {
            "asc" => Ok(Self { field, descending: false }),
            "desc" => Ok(Self { field, descending: true }),
            _ => Err(NoSuchOrder),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_from_an_address_and_told_to_the_server() {
        for (ours, theirs) in [
            ("title", "titleSort"),
            ("added:desc", "addedAt:desc"),
            ("year:asc", "year"),
            ("random", "random"),
        ] {
            assert_eq!(ours.parse::<Sort>().unwrap().to_string(), theirs);
        }
        for bad in ["", "titleSort", "title:", "added:down", "title;drop"] {
            assert_eq!(bad.parse::<Sort>(), Err(NoSuchOrder), "{bad}");
        }
    }
}
