//! What people say about a request.

use domain::request::{Comment, News};
use domain::{RequestId, Timestamp, UserId};

use crate::downloads::without_nul;
use crate::engine::{in_transaction, on};
use crate::{Error, Reader, Writer};

#[derive(sqlx::FromRow)]
struct CommentRow {
    id: String,
    request_id: String,
    user_id: String,
    username: String,
    text: String,
    created_at: i64,
}

impl TryFrom<CommentRow> for Comment {
    type Error = Error;

    fn try_from(row: CommentRow) -> Result<Self, Error> {
        let corrupt = |error: uuid::Error| Error::corrupt("request_comments", &row.id, error);
        Ok(Comment {
            request: row.request_id.parse().map_err(corrupt)?,
            user: row.user_id.parse().map_err(corrupt)?,
            id: row.id,
            username: row.username,
            text: row.text,
            created_at: Timestamp::from_millis(row.created_at),
        })
    }
}

impl Reader {
    /// What was said about a request, the oldest first; at most 500.
    pub async fn request_comments(&self, id: RequestId) -> Result<Vec<Comment>, Error> {
        let rows: Vec<CommentRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT c.id, c.request_id, c.user_id, u.username, c.text, c.created_at
                 FROM request_comments c JOIN users u ON u.id = c.user_id
                 WHERE c.request_id = $1 ORDER BY c.created_at, c.id LIMIT 500",
            )
            .bind(id.to_string())
            .fetch_all(pool)
            .await?
        });
        rows.into_iter().map(Comment::try_from).collect()
    }
}

impl Writer {
    /// Keeps what somebody says about a request. Gives the id of the comment.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn comment_request(&self, id: RequestId, user: UserId, text: &str) -> Result<String, Error> {
        let text = without_nul(text);
        let comment = uuid::Uuid::now_v7().to_string();
        in_transaction!(self, tx => {
            let request = tx.lock_request(id).await?;
            sqlx::query(
                "INSERT INTO request_comments (id, request_id, user_id, text, created_at)
                 VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(&comment)
            .bind(id.to_string())
            .bind(user.to_string())
            .bind(&text)
            .bind(Timestamp::now().as_millis())
            .execute(&mut *tx)
            .await?;
            tx.note(id, News::Commented, Some(user), Some(&text)).await?;
            tx.tell_request(&request).await?;
        });
        Ok(comment)
    }
}
