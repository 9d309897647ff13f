//! What people decide about a request.

use domain::request::{MediaRequest, RequestStatus, Step};
use domain::{RequestId, Timestamp, UserId};
use serde_json::json;

use crate::downloads::without_nul;
use crate::engine::in_transaction;
use crate::{Conflict, Error, Writer};

/// What an admin, or the one who asked, does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Approve,
    Decline {
        /// For the one who asked.
        reason: Option<String>,
    },
    /// Try again what failed.
    Retry,
    /// It is in the library: for requests that Overseerr knows nothing of.
    Finish,
    /// Taken back before it came to anything.
    Cancel,
}

impl Decision {
    fn word(&self) -> &'static str {
        match self {
            Decision::Approve => "request.approve",
            Decision::Decline { .. } => "request.decline",
            Decision::Retry => "request.retry",
            Decision::Finish => "request.finish",
            Decision::Cancel => "request.cancel",
        }
    }

    /// The status that follows, where the decision makes sense.
    fn leads_to(&self, before: &MediaRequest) -> Result<RequestStatus, Conflict> {
        use RequestStatus::{Approved, Available, Cancelled, Declined, Failed, Pending, Processing};
        let is_stranded = before.problem.is_some() && before.step.is_none() && before.status == Pending;
        match (self, before.status) {
            (Decision::Approve, Pending | Declined) => Ok(Approved),
            (Decision::Decline { .. }, Pending | Approved | Processing | Failed) => Ok(Declined),
            (Decision::Retry, Failed) if before.overseerr_id.is_some() => Ok(Approved),
            (Decision::Retry, Failed) => Ok(Pending),
            (Decision::Retry, Pending) if is_stranded => Ok(Pending),
            (Decision::Retry, _) => Err(Conflict::RequestHasNotFailed),
            (Decision::Finish, Approved | Processing | Pending) if before.overseerr_id.is_none() => {
                Ok(Available)
            }
            (Decision::Cancel, Pending | Approved | Processing | Failed) => Ok(Cancelled),
            _ => Err(Conflict::RequestIsDecided),
        }
    }

    /// What Overseerr has to be told.
    fn step(&self, before: &MediaRequest) -> Option<Step> {
        let is_known = before.overseerr_id.is_some() || before.step.is_some();
        match self {
            // The steps before it are caught up first.
            Decision::Approve => Some(Step::Approve),
            Decision::Decline { .. } => is_known.then_some(Step::Decline),
            Decision::Retry if before.overseerr_id.is_some() => Some(Step::Retry),
            Decision::Retry => Some(Step::Submit),
            Decision::Finish => None,
            Decision::Cancel => is_known.then_some(Step::Withdraw),
        }
    }
}

impl Writer {
    /// Decides about a request. With `tells_overseerr`, what Overseerr has to be told is queued
    /// in the same transaction.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Conflict::RequestIsDecided`] or [`Conflict::RequestHasNotFailed`]
    /// when the decision makes no sense (any more).
    pub async fn decide_request(
        &self,
        id: RequestId,
        decision: &Decision,
        by: UserId,
        tells_overseerr: bool,
    ) -> Result<MediaRequest, Error> {
        Ok(in_transaction!(self, tx => {
            tx.line_up().await?;
            let before = tx.lock_request(id).await?;
            let status = decision.leads_to(&before)?;
            let step = decision.step(&before).filter(|_| tells_overseerr);
            let mut after = MediaRequest { status, step, problem: None, ..before.clone() };
            if matches!(decision, Decision::Approve | Decision::Decline { .. }) {
                after.decided_by = Some(by);
                after.decline_reason = None;
            }
            if let Decision::Decline { reason } = decision {
                after.decline_reason = reason.as_deref().map(without_nul);
            }
            if status.is_over() {
                after.transfer = None;
            }
            tx.change_request(&before, &mut after, Some(by)).await?;
            if let Some(step) = step {
                tx.enqueue_step(&after, step, Some(by)).await?;
            }
            if by != before.user {
                let detail = json!({ "title": before.name(), "before": before.status, "after": after.status });
                tx.audit(decision.word(), &format!("request {id}"), detail).await?;
            }
            after
        }))
    }

    /// Takes a request that is over off all lists. It still counts for the quota.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Conflict::RequestIsNotOver`].
    pub async fn delete_request(&self, id: RequestId) -> Result<(), Error> {
        in_transaction!(self, tx => {
            let request = tx.lock_request(id).await?;
            if !request.status.is_over() {
                return Err(Conflict::RequestIsNotOver.into());
            }
            sqlx::query("UPDATE media_requests SET deleted_at = $2 WHERE id = $1")
                .bind(id.to_string())
                .bind(Timestamp::now().as_millis())
                .execute(&mut *tx)
                .await?;
            tx.tell_request(&request).await?;
        });
        Ok(())
    }
}
