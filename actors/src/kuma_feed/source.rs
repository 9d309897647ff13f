//! Where the monitors are heard of.

use futures_util::future::BoxFuture;
use integrations::Error;
use integrations::uptime_kuma::{Beats, Metrics, StatusPage, UptimeKuma};

use crate::upstream::Direct;

/// What one look found.
pub(crate) struct Looked {
    /// Absent where only the status page is asked.
    pub(crate) metrics: Option<Result<Metrics, Error>>,
    /// Absent where there is no slug; nothing inside when there is no such page.
    pub(crate) page: Option<Result<Option<(StatusPage, Beats)>, Error>>,
    /// Whether `/metrics` should be asked at all.
    pub(crate) has_key: bool,
    /// Why it could not look.
    pub(crate) trouble: Option<String>,
}

impl Looked {
    pub(crate) fn failed(trouble: String) -> Self {
        Self { metrics: None, page: None, has_key: true, trouble: Some(trouble) }
    }
}

/// Uptime Kuma, as the actor needs it. Tests have their own.
pub(crate) trait Source: Send + Sync {
    fn look(&self) -> BoxFuture<'static, Looked>;
}

/// Uptime Kuma itself.
pub(crate) struct Live {
    pub(crate) direct: Direct<UptimeKuma>,
    pub(crate) slug: Option<String>,
}

impl Source for Live {
    fn look(&self) -> BoxFuture<'static, Looked> {
        let (direct, slug) = (self.direct.clone(), self.slug.clone());
        // Without a key the metrics may be open; where there is a page it will do.
        let has_key = direct.service.has_api_key || slug.is_none();
        Box::pin(async move {
            let kuma = match direct.connect().await {
                Ok(kuma) => kuma,
                Err(error) => return Looked::failed(error.to_string()),
            };
            let metrics = async {
                match has_key {
                    true => Some(kuma.metrics().await),
                    false => None,
                }
            };
            let page = async {
                match &slug {
                    Some(slug) => Some(read_page(&kuma, slug).await),
                    None => None,
                }
            };
            let (metrics, page) = tokio::join!(metrics, page);
            Looked { metrics, page, has_key, trouble: None }
        })
    }
}

async fn read_page(kuma: &UptimeKuma, slug: &str) -> Result<Option<(StatusPage, Beats)>, Error> {
    let Some(page) = kuma.status_page(slug).await? else { return Ok(None) };
    Ok(Some((page, kuma.beats(slug).await?)))
}
