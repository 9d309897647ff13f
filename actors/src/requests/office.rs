//! Overseerr, as far as requests need it.

use std::sync::Arc;
use std::time::Duration;

use domain::UserId;
use domain::media::{MediaType, TitleDetails, TmdbId};
use domain::request::Step;
use futures_util::future::BoxFuture;
use integrations::overseerr::{
    About, Created, ListRequests, MediaRequest, NewRequest, Overseerr, PayloadEncoding, Quota, RequestPage,
    SeerrRequestId, SeerrUserId, Users, WebhookTarget,
};
use integrations::tmdb::Tmdb;

use crate::services::Services;
use crate::upstream::{Desk, Scope, Unwell};

/// How long the description of a title is taken as it is.
const TITLES: Duration = Duration::from_secs(5 * 60);
/// How long what a person may ask for is.
const RIGHTS: Duration = Duration::from_secs(60);

pub(super) type Answer<T> = BoxFuture<'static, Result<T, Unwell>>;

/// Where requests are told of; the tests have one of their own.
pub(super) trait Office: Send + Sync + 'static {
    fn is_set_up(&self) -> bool;

    /// What a title is, from Overseerr or else from TMDB; nothing when there is none.
    fn title(&self, media_type: MediaType, id: TmdbId) -> Answer<Arc<Option<TitleDetails>>>;

    fn request(&self, id: SeerrRequestId) -> Answer<Option<MediaRequest>>;
    fn list(&self, list: ListRequests) -> Answer<RequestPage>;
    fn create(&self, user: SeerrUserId, new: NewRequest) -> Answer<Created>;
    /// Approves, declines or retries.
    fn decide(&self, id: SeerrRequestId, step: Step) -> Answer<Option<MediaRequest>>;
    fn delete(&self, id: SeerrRequestId) -> Answer<bool>;

    /// Everybody, a minute old at most, or as they are now.
    fn people(&self, now: bool) -> Answer<Arc<Users>>;
    fn import(&self, plex_id: i64) -> Answer<usize>;
    fn quota(&self, user: UserId, seerr: SeerrUserId) -> Answer<Arc<Quota>>;

    fn about(&self) -> Answer<Arc<About>>;
    fn save_webhook(&self, target: WebhookTarget, encoding: PayloadEncoding) -> Answer<()>;
    fn test_webhook(&self, target: WebhookTarget, encoding: PayloadEncoding) -> Answer<bool>;

    /// Something about the person or the title changed there.
    fn outdate(&self, user: Option<UserId>, media_type: MediaType, id: TmdbId);
}

/// The real one: through the desks of the services.
pub(super) struct DeskOffice(pub Services);

impl DeskOffice {
    fn desk(&self) -> Option<Desk<Overseerr>> {
        self.0.desk()
    }

    fn act<T, F, Fut>(&self, change: F) -> Answer<T>
    where
        T: Send + 'static,
        F: FnOnce(Overseerr) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, integrations::Error>> + Send + 'static,
    {
        let desk = self.desk();
        Box::pin(async move { desk.ok_or(Unwell::NotSetUp)?.act(change).await })
    }

    fn read<T, F, Fut>(&self, scope: Scope, key: String, ttl: Duration, fetch: F) -> Answer<Arc<T>>
    where
        T: Send + Sync + 'static,
        F: FnOnce(Overseerr) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<T, integrations::Error>> + Send + 'static,
    {
        let desk = self.desk();
        Box::pin(async move { Ok(desk.ok_or(Unwell::NotSetUp)?.read(scope, key, ttl, fetch).await?.value) })
    }
}

impl Office for DeskOffice {
    fn is_set_up(&self) -> bool {
        self.desk().is_some()
    }

    fn title(&self, media_type: MediaType, id: TmdbId) -> Answer<Arc<Option<TitleDetails>>> {
        let key = format!("title:{media_type}:{id}");
        if self.is_set_up() {
            let details = move |client: Overseerr| async move { client.details(media_type, id).await };
            return self.read(Scope::Everyone, key, TITLES, details);
        }
        let desk = self.0.desk::<Tmdb>();
        let details = move |client: Tmdb| async move { client.details(media_type, id).await };
        Box::pin(async move {
            Ok(desk.ok_or(Unwell::NotSetUp)?.read(Scope::Everyone, key, TITLES, details).await?.value)
        })
    }

    fn request(&self, id: SeerrRequestId) -> Answer<Option<MediaRequest>> {
        self.act(move |client| async move { client.request(id).await })
    }

    fn list(&self, list: ListRequests) -> Answer<RequestPage> {
        self.act(move |client| async move { client.requests(&list).await })
    }

    fn create(&self, user: SeerrUserId, new: NewRequest) -> Answer<Created> {
        self.act(move |client| async move { client.create_request(user, &new).await })
    }

    fn decide(&self, id: SeerrRequestId, step: Step) -> Answer<Option<MediaRequest>> {
        self.act(move |client| async move {
            match step {
                Step::Decline => client.decline(id).await,
                Step::Retry => client.retry(id).await,
                Step::Submit | Step::Approve | Step::Withdraw => client.approve(id).await,
            }
        })
    }

    fn delete(&self, id: SeerrRequestId) -> Answer<bool> {
        self.act(move |client| async move { client.delete(id).await })
    }

    fn people(&self, now: bool) -> Answer<Arc<Users>> {
        let ttl = if now { Duration::ZERO } else { RIGHTS };
        if now && let Some(desk) = self.desk() {
            desk.outdate(Some(Scope::Everyone), "people");
        }
        self.read(Scope::Everyone, "people".to_owned(), ttl, |client| async move { client.users().await })
    }

    fn import(&self, plex_id: i64) -> Answer<usize> {
        self.act(move |client| async move { client.import_from_plex(&[plex_id]).await })
    }

    fn quota(&self, user: UserId, seerr: SeerrUserId) -> Answer<Arc<Quota>> {
        let quota = move |client: Overseerr| async move { client.quota(seerr).await };
        self.read(Scope::User(user), "quota".to_owned(), RIGHTS, quota)
    }

    fn about(&self) -> Answer<Arc<About>> {
        self.read(Scope::Everyone, "about".to_owned(), TITLES, |client| async move { client.about().await })
    }

    fn save_webhook(&self, target: WebhookTarget, encoding: PayloadEncoding) -> Answer<()> {
        self.act(move |client| async move { client.save_webhook(&target, encoding).await })
    }

    fn test_webhook(&self, target: WebhookTarget, encoding: PayloadEncoding) -> Answer<bool> {
        self.act(move |client| async move { client.test_webhook(&target, encoding).await })
    }

    fn outdate(&self, user: Option<UserId>, media_type: MediaType, id: TmdbId) {
        let Some(desk) = self.desk() else { return };
        desk.outdate(Some(Scope::Everyone), &format!("title:{media_type}:{id}"));
        desk.outdate(Some(Scope::Everyone), "row:");
        if let Some(user) = user {
            desk.outdate(Some(Scope::User(user)), "quota");
        }
    }
}
