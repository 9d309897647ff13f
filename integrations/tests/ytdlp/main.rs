//! The contract with yt-dlp, kept by both ways of starting it: one process per job, and forks of
//! a warm helper.
//!
//! `real` runs the yt-dlp of `MEDIANEST_YTDLP` against a video site of our own; `fake` runs a
//! program that pretends to be one and tells how it was started, or misbehaves.

mod egress;
mod fake;
mod portal;
mod real;
mod support;
