//! yt-dlp as a supervised child process.
//!
//!     JobSpec -> [Launcher] -- job-runner --> yt-dlp (its own session)
//!                    |                            |  lines on two pipes
//!                    v                            v
//!                [Running] <-- JobEvent -- [tracker]
//!
//! The contract is `contracts/yt-dlp.md`: the fixed argument vector in [`arguments`], the lines
//! that come back in `tracker`, the words of failures in [`failure`]. What a download is worth
//! is never the exit code: an item is done when yt-dlp said so and its file is there.

mod arguments;
mod blame;
mod clean;
mod failure;
mod job;
mod lines;
mod media;
mod meter;
mod probe;
mod report;
mod tracker;

pub use job::{Exit, FinishedItem, JobEvent, JobSpec, Limits, Step};
