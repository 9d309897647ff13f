//! yt-dlp as a supervised child process.
//!
//!     JobSpec -> [Launcher] -- job-runner --> yt-dlp (its own session)
//!                    |                            |  lines on two pipes
//!                    v                            v
//!                [Running] <-- JobEvent -- [tracker]
//!
//! The contract is `contracts/yt-dlp.md`: the fixed argument vector is in `arguments`, the lines
//! that come back in `report` and `tracker`, the words of failures in `failure`. What a download
//! is worth is never the exit code: an item is done when yt-dlp said so and its file is there.
//!
//! A job is one process (`cold`) or a fork of a Python that has imported yt-dlp (`warm`); nobody
//! outside can tell which.

mod arguments;
mod blame;
mod clean;
mod cold;
mod environment;
mod failure;
mod job;
mod launcher;
mod lines;
mod locate;
mod media;
mod meter;
mod probe;
mod process;
mod report;
mod running;
mod tracker;
mod version;
mod warm;

pub use job::{Exit, FinishedItem, JobEvent, JobSpec, Limits, Step};
pub use launcher::Launcher;
pub use locate::{FLOOR, Unavailable, Ytdlp};
pub use probe::{Format, Probe, ProbeKind};
pub use running::Running;
pub use version::Version;
