//! How many requests there are in each state.

use domain::request::RequestStatus;

use super::Whose;
use crate::engine::on;
use crate::{Error, Reader};

impl Reader {
    /// How many requests of `whose` are in which state; states that none is in are left out.
    pub async fn count_requests(&self, whose: Whose) -> Result<Vec<(RequestStatus, u64)>, Error> {
        let (sql, user) = match whose {
            Whose::Everybodys => (
                "SELECT status, COUNT(*) FROM media_requests
                 WHERE $1 IS NULL AND deleted_at IS NULL GROUP BY status ORDER BY status",
                None,
            ),
            Whose::Of(user) => (
                "SELECT status, COUNT(*) FROM media_requests
                 WHERE user_id = $1 AND deleted_at IS NULL GROUP BY status ORDER BY status",
                Some(user),
            ),
            Whose::FollowedBy(user) => (
                "SELECT status, COUNT(*) FROM media_requests
                 WHERE id IN (SELECT request_id FROM request_followers WHERE user_id = $1)
                   AND deleted_at IS NULL GROUP BY status ORDER BY status",
                Some(user),
            ),
            Whose::With(user) => (
                "SELECT status, COUNT(*) FROM media_requests
                 WHERE (user_id = $1 OR id IN (SELECT request_id FROM request_followers WHERE user_id = $1))
                   AND deleted_at IS NULL GROUP BY status ORDER BY status",
                Some(user),
            ),
        };
        let user = user.map(|user| user.to_string());
        let rows: Vec<(String, i64)> = on!(&self.db, pool => {
            sqlx::query_as(sql).bind(&user).fetch_all(pool).await?
        });
        let corrupt = |error: &dyn std::fmt::Display| Error::corrupt("media_requests", "status", error);
        rows.into_iter()
            .map(|(status, count)| Ok((status.parse().map_err(|error| corrupt(&error))?, count as u64)))
            .collect()
    }
}
