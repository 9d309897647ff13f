//! Which status follows from what we hear and see of Overseerr.
//!
//! A webhook is a [`Hint`]: it may be late, doubled, out of order, and its details are those of
//! before the change. So a hint only ever moves a request *up* in one order, and whatever order
//! a set of hints arrives in, the highest of them remains. What was read from Overseerr itself
//! is a [`Sighting`]: the truth at that moment, which may also lead back (a retry after a
//! failure), unless a decision of ours is still on its way there.

use super::RequestStatus;
use crate::media::MediaStatus;

/// What a webhook claims has happened (`notification_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hint {
    Asked,
    Approved,
    Failed,
    Declined,
    Available,
}

impl Hint {
    /// Whether it leads further up than `other`.
    pub fn is_above(self, other: Hint) -> bool {
        self.status().height() > other.status().height()
    }

    fn status(self) -> RequestStatus {
        match self {
            Hint::Asked => RequestStatus::Pending,
            Hint::Approved => RequestStatus::Approved,
            Hint::Failed => RequestStatus::Failed,
            Hint::Declined => RequestStatus::Declined,
            Hint::Available => RequestStatus::Available,
        }
    }
}

/// A request's own status in Overseerr, open for numbers that came after us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RemoteRequest {
    Pending,
    Approved,
    Declined,
    Failed,
    /// Not in Overseerr before Seerr.
    Completed,
    Other(i64),
}

impl RemoteRequest {
    pub fn from_number(number: i64) -> Self {
        match number {
            1 => RemoteRequest::Pending,
            2 => RemoteRequest::Approved,
            3 => RemoteRequest::Declined,
            4 => RemoteRequest::Failed,
            5 => RemoteRequest::Completed,
            other => RemoteRequest::Other(other),
        }
    }
}

/// What Overseerr says of a request when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    pub request: RemoteRequest,
    /// Of the title, in the quality that was asked for.
    pub media: MediaStatus,
    /// Whether every season that was asked for is there, where that can be told.
    pub has_all_seasons: bool,
    /// Whether files of it are on their way.
    pub is_downloading: bool,
}

impl Sighting {
    /// The status that this amounts to, in Overseerr and in Seerr alike: a request of Overseerr
    /// stays approved for ever, and only the title tells that it is there.
    pub fn status(self) -> Option<RequestStatus> {
        let is_there = self.media == MediaStatus::Available || self.has_all_seasons;
        match self.request {
            RemoteRequest::Completed => Some(RequestStatus::Available),
            RemoteRequest::Approved if is_there => Some(RequestStatus::Available),
            RemoteRequest::Approved if self.is_downloading => Some(RequestStatus::Processing),
            RemoteRequest::Approved => Some(RequestStatus::Approved),
            RemoteRequest::Pending => Some(RequestStatus::Pending),
            RemoteRequest::Declined => Some(RequestStatus::Declined),
            RemoteRequest::Failed => Some(RequestStatus::Failed),
            RemoteRequest::Other(_) => None,
        }
    }
}

impl RequestStatus {
    /// The place in the order that hints climb.
    fn height(self) -> u8 {
        match self {
            RequestStatus::Pending => 0,
            RequestStatus::Approved => 1,
            RequestStatus::Processing => 2,
            RequestStatus::Failed => 3,
            RequestStatus::Declined => 4,
            RequestStatus::Available => 5,
            RequestStatus::Cancelled => 6,
        }
    }

    /// The status after a hint: the higher of the two.
    pub fn after_hint(self, hint: Hint) -> RequestStatus {
        let hinted = hint.status();
        if hinted.height() > self.height() { hinted } else { self }
    }

    /// The status after a look at Overseerr. What is in Plex or was taken back stays so; while a
    /// decision of ours is on its way there, only an arrival counts.
    pub fn after_sighting(self, sighting: Sighting, has_decision_under_way: bool) -> RequestStatus {
        let Some(seen) = sighting.status() else { return self };
        let is_final = matches!(self, RequestStatus::Available | RequestStatus::Cancelled);
        if is_final || (has_decision_under_way && seen != RequestStatus::Available) { self } else { seen }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HINTS: [Hint; 5] = [Hint::Asked, Hint::Approved, Hint::Failed, Hint::Declined, Hint::Available];

    /// Every order of `items`.
    fn orders<T: Copy>(items: &[T]) -> Vec<Vec<T>> {
        if items.is_empty() {
            return vec![Vec::new()];
        }
        let mut orders_of_all = Vec::new();
        for (at, first) in items.iter().enumerate() {
            let mut rest = items.to_vec();
            rest.remove(at);
            for mut order in orders(&rest) {
                order.insert(0, *first);
                orders_of_all.push(order);
            }
        }
        orders_of_all
    }

    #[test]
    fn five_webhooks_end_in_one_status_in_each_of_their_120_orders() {
        let all = orders(&HINTS);
        assert_eq!(all.len(), 120);

        for start in RequestStatus::ALL {
            let ends: std::collections::HashSet<_> = all
                .iter()
                .map(|order| order.iter().fold(start, |status, hint| status.after_hint(*hint)))
                .collect();
            assert_eq!(ends.len(), 1, "from {start}: {ends:?}");
        }
        // Without the highest one too, whichever is missing.
        for missing in HINTS {
            let four: Vec<_> = HINTS.into_iter().filter(|hint| *hint != missing).collect();
            let ends: std::collections::HashSet<_> = orders(&four)
                .iter()
                .map(|order| {
                    order.iter().fold(RequestStatus::Pending, |status, hint| status.after_hint(*hint))
                })
                .collect();
            assert_eq!(ends.len(), 1, "without {missing:?}: {ends:?}");
        }
    }

    #[test]
    fn a_hint_heard_twice_is_heard_once() {
        for status in RequestStatus::ALL {
            for hint in HINTS {
                let once = status.after_hint(hint);
                assert_eq!(once.after_hint(hint), once);
            }
        }
    }

    fn sighting(request: i64, media: i64) -> Sighting {
        Sighting {
            request: RemoteRequest::from_number(request),
            media: MediaStatus::from_number(media),
            has_all_seasons: false,
            is_downloading: false,
        }
    }

    #[test]
    fn done_is_done_in_both_families() {
        use RequestStatus::*;
        let table = [
            ((1, 2), Some(Pending)),
            ((2, 3), Some(Approved)),
            ((2, 4), Some(Approved)),
            // Overseerr, and Seerr.
            ((2, 5), Some(Available)),
            ((5, 5), Some(Available)),
            ((3, 1), Some(Declined)),
            // A request for what is there already may still wait for a yes.
            ((1, 5), Some(Pending)),
            ((4, 3), Some(Failed)),
            ((9, 5), None),
        ];
        for ((request, media), expected) in table {
            assert_eq!(sighting(request, media).status(), expected, "request {request}, media {media}");
        }
        assert_eq!(Sighting { is_downloading: true, ..sighting(2, 3) }.status(), Some(Processing));
        assert_eq!(Sighting { has_all_seasons: true, ..sighting(2, 4) }.status(), Some(Available));
    }

    #[test]
    fn a_sighting_leads_back_but_never_out_of_plex() {
        use RequestStatus::*;

        assert_eq!(Failed.after_sighting(sighting(2, 3), false), Approved);
        assert_eq!(Declined.after_sighting(sighting(1, 2), false), Pending);
        assert_eq!(Available.after_sighting(sighting(2, 3), false), Available);
        assert_eq!(Cancelled.after_sighting(sighting(5, 5), false), Cancelled);
        assert_eq!(Approved.after_sighting(sighting(42, 42), false), Approved);
    }

    #[test]
    fn an_older_look_does_not_undo_a_decision_that_is_under_way() {
        use RequestStatus::*;

        assert_eq!(Approved.after_sighting(sighting(1, 2), true), Approved);
        assert_eq!(Declined.after_sighting(sighting(1, 2), true), Declined);
        assert_eq!(Approved.after_sighting(sighting(5, 5), true), Available);
    }
}
