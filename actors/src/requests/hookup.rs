//! Sets up the webhook of Overseerr with one click.
//!
//! Which of two encodings its template needs depends on the version, and the wrong one is
//! answered with 200 and breaks every delivery. So we let it send a test and wait until that test
//! has come in at our own door.

use std::time::Duration;

use domain::Secret;
use integrations::overseerr::{PayloadEncoding, WebhookTarget};

use super::{Denied, Requests};
use crate::upstream::Unwell;

/// How long a test may take to come in.
const TEST: Duration = Duration::from_secs(5);

/// The webhook works: a test came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hooked {
    /// Whether it took the second encoding.
    pub took_second_try: bool,
}

impl Requests {
    pub(super) async fn hook_up(&self, url: String, secret: Secret) -> Result<Hooked, Denied> {
        let office = &self.0.office;
        let about = office.about().await.map_err(in_words)?;
        let authorization = Secret::new(format!("Bearer {}", secret.expose()));
        let target = WebhookTarget { url, authorization };
        let likely = PayloadEncoding::likely(about.family, about.number());
        for (encoding, took_second_try) in [(likely, false), (likely.other(), true)] {
            office.save_webhook(target.clone(), encoding).await.map_err(in_words)?;
            let mut tests = self.0.tests.subscribe();
            tests.mark_unchanged();
            let sent = office.test_webhook(target.clone(), encoding).await;
            if let Err(
                error @ (Unwell::NotSetUp | Unwell::Failed(integrations::Error::AccessDenied { .. })),
            ) = sent
            {
                return Err(in_words(error));
            }
            // A test that "failed" may have come in all the same.
            if tokio::time::timeout(TEST, tests.changed()).await.is_ok_and(|heard| heard.is_ok()) {
                return Ok(Hooked { took_second_try });
            }
        }
        Err(Denied::Unavailable(format!(
            "the webhook is saved in Overseerr, but its test did not come in at {}: can Overseerr reach the portal there?",
            target.url
        )))
    }
}

fn in_words(unwell: Unwell) -> Denied {
    Denied::Unavailable(match unwell {
        Unwell::Failed(integrations::Error::AccessDenied { .. }) => {
            "Overseerr does not accept our key: it must be the key of an admin".to_owned()
        }
        unwell => unwell.to_string(),
    })
}
