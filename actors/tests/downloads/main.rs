//! Downloads from the member's click to the file in the library: the real queue, jobs, proxy,
//! supervisor and SQLite store, with a yt-dlp that does what the test wrote down.

mod admission;
mod cancelling;
mod house;
mod recovery;
mod running;
mod script;
mod tree;
