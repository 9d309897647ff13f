//! What the download actors share: folders, names, publishing, disk space and retries.
//!
//! ```text
//!   downloads folder (one mount)
//!     incoming/<job>/<fence>/   yt-dlp writes here; nobody else reads it
//!     library/<member>/<playlist or Videos>/<title> [id].mp4
//!                                finished files only; media servers mount this one
//! ```
//!
//! Nothing here is an actor and nothing here writes SQL: the actors are
//! [`crate::download_queue`], [`crate::download_job`] and [`crate::egress`].

pub mod context;
pub mod disk;
pub mod folders;
pub mod launch;
pub mod library;
pub mod publish;
pub mod retry;
pub mod ytdlp;
