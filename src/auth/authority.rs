//! Who a session is, from its row.

use domain::user::CurrentUser;
use domain::{SessionId, Timestamp};
use store::Reader;

/// What is known of a session that is alive.
pub struct Identified {
    pub user: CurrentUser,
    pub epoch: i64,
    pub created_at: Timestamp,
}

pub enum Refused {
    Over,
    Unavailable,
}

#[derive(Clone)]
pub struct Sessions {
    reader: Reader,
}

impl Sessions {
    pub fn new(reader: Reader) -> Self {
        Self { reader }
    }

    pub async fn identify(&self, sid: SessionId) -> Result<Identified, Refused> {
        let row = self.reader.session(sid).await.map_err(|_| Refused::Unavailable)?;
        let row = row.filter(|row| row.is_alive(Timestamp::now())).ok_or(Refused::Over)?;
        let user = CurrentUser {
            id: row.user.id,
            username: row.user.username,
            role: row.user.role,
            session: Some(sid),
        };
        Ok(Identified { user, epoch: row.epoch, created_at: row.created_at })
    }

    pub fn recheck(&self, _sid: SessionId) {}
}
