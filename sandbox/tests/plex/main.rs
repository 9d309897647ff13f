//! The stand-in Plex, quirk by quirk. `tests/plexapi` drives it with a real client.

mod scan;
mod server;
mod support;
mod tv;
