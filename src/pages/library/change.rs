//! What admins do with collections. The server does it, or says why not.

use actors::library::{Change, Denied};
use integrations::plex::{Kind, RatingKey};
use serde::Deserialize;

use super::{collections, title};
use crate::app::App;
use crate::pages::again;
use crate::problem::Problem;
use crate::route::{Head, Response, Visit, see_other};

/// From the page of a title.
#[derive(Deserialize)]
pub(super) struct PutInto {
    item: String,
    /// Empty for a new one.
    #[serde(default)]
    collection: String,
    #[serde(default)]
    title: String,
}

#[derive(Deserialize)]
pub(super) struct TakeOut {
    item: String,
}

#[derive(Deserialize)]
pub(super) struct Rename {
    section: String,
    title: String,
}

fn key(text: &str) -> Result<RatingKey, Problem> {
    text.parse().map_err(|_| Problem::invalid("item", "is not a title of the library"))
}

pub(super) async fn put_into(app: App, visit: Visit, form: PutInto) -> Result<Response, Problem> {
    let item = key(&form.item)?;
    let change = if form.collection.is_empty() {
        new_collection(&app, &visit, &item, &form.title).await?
    } else {
        let collection = form.collection.parse();
        let collection = collection.map_err(|_| Problem::invalid("collection", "is not a collection"))?;
        Change::Add { collection, item: item.clone() }
    };
    match make(&app, &visit, change).await {
        Ok(collection) => Ok(see_other(&visit.link(&format!("/library/collection/{collection}")))),
        Err(denied) => {
            let refused = Some((form.title, denied.to_string()));
            let view = title::show_key(&app, &visit, &item, refused).await?;
            again(&view, &Problem::from(denied))
        }
    }
}

/// A new collection lives where its first title lives.
pub(crate) async fn new_collection(
    app: &App,
    head: &Head,
    item: &RatingKey,
    title: &str,
) -> Result<Change, Problem> {
    let eyes = app.library.look(head.member()?).await?;
    let seen = eyes.item(item).await?;
    let found = seen.value.as_ref().as_ref().ok_or_else(Problem::not_found)?;
    let section = found.section.clone().ok_or_else(Problem::not_found)?;
    let kind = if found.kind == Kind::Show { Kind::Show } else { Kind::Movie };
    Ok(Change::Create { section, kind, title: title.to_owned(), first: item.clone() })
}

pub(super) async fn take_out(app: App, visit: Visit, form: TakeOut) -> Result<Response, Problem> {
    let collection: RatingKey = visit.param("id")?;
    make(&app, &visit, Change::Remove { collection: collection.clone(), item: key(&form.item)? }).await?;
    // Plex takes an emptied collection away.
    let eyes = app.library.look(visit.member()?).await?;
    let is_there = eyes.collection(&collection).await.is_ok_and(|seen| seen.value.is_some());
    let to = if is_there {
        format!("/library/collection/{collection}")
    } else {
        "/library/collections".to_owned()
    };
    Ok(see_other(&visit.link(&to)))
}

pub(super) async fn rename(app: App, visit: Visit, form: Rename) -> Result<Response, Problem> {
    let collection: RatingKey = visit.param("id")?;
    let section = form.section.parse().map_err(|_| Problem::invalid("section", "is not a library"))?;
    let change = Change::Rename { section, collection: collection.clone(), title: form.title.clone() };
    match make(&app, &visit, change).await {
        Ok(_) => Ok(see_other(&visit.link(&format!("/library/collection/{collection}")))),
        Err(denied) => {
            let view = collections::view(&app, &visit, Some((form.title, denied.to_string()))).await?;
            again(&view, &Problem::from(denied))
        }
    }
}

pub(super) async fn delete(app: App, visit: Visit) -> Result<Response, Problem> {
    make(&app, &visit, Change::Delete { collection: visit.param("id")? }).await?;
    Ok(see_other(&visit.link("/library/collections")))
}

/// Tells the library; whoever asks is in the audit log.
pub(crate) async fn make(app: &App, head: &Head, change: Change) -> Result<RatingKey, Denied> {
    let user = head.user.as_ref().ok_or(Denied::Refused)?;
    app.library.look(user).await?.change(change, app.writer_for(head)).await
}
