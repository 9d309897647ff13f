//! `/api/v1`: JSON for everything that a page can do.
//!
//! Lists answer `{items, next}`; `?after=<next>` asks for the page that follows. What belongs to
//! somebody else is not there (404). Every route is described by [`openapi`], which a test
//! compares with the table of routes.

use domain::{Cursor, Page};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::route::{Head, Route};

pub mod account;
pub mod actors;
pub mod discover;
mod doors;
pub mod downloads;
mod files;
pub mod folders;
mod library;
pub mod openapi;
pub mod plex;
pub mod requests;
mod search;
pub mod services;
pub mod status;
pub mod tokens;
pub mod users;
pub mod webhooks;

/// Every route of the API.
pub fn routes() -> Vec<Route> {
    [
        account::routes(),
        downloads::routes(),
        requests::routes(),
        discover::routes(),
        library::routes(),
        search::routes(),
        services::routes(),
        folders::routes(),
        webhooks::routes(),
        status::routes(),
        actors::routes(),
        tokens::routes(),
        users::routes(),
        plex::routes(),
        openapi::routes(),
    ]
    .concat()
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    pub items: Vec<T>,
    /// Where the next page starts: pass it as `after`. Null on the last page.
    #[schema(value_type = Option<String>)]
    pub next: Option<Cursor>,
}

impl<T> List<T> {
    /// A list that is short enough to need no pages.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    pub fn of<U>(page: Page<U>, each: impl FnMut(U) -> T) -> Self {
        let Page { items, next } = page.map(each);
        Self { items, next }
    }
}

/// The `after` and `limit` of a list.
pub(crate) fn paging(head: &Head) -> Result<(Option<Cursor>, u32), Problem> {
    let limit = head.query.parse::<u32>("limit")?.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(Problem::invalid("limit", "is a number from 1 to 200"));
    }
    let after = head.query.get("after").filter(|text| !text.is_empty());
    if after.as_ref().is_some_and(|text| text.len() > 512) {
        return Err(Problem::invalid("after", "is not the `next` of a list"));
    }
    Ok((after.map(Cursor), limit))
}
