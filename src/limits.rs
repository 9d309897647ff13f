//! How often.

use std::time::Duration;

use http::HeaderMap;

use crate::app::App;
use crate::problem::Problem;
use crate::route::Head;

#[derive(Clone, Copy)]
pub struct Verdict {
    pub allowed: bool,
    pub limit: u32,
    pub remaining: u32,
    pub reset_in: Duration,
}

pub async fn count_api(_app: &App, _head: &Head) -> Option<Verdict> {
    None
}

pub fn within(_verdict: Option<Verdict>) -> Result<(), Problem> {
    Ok(())
}

pub fn tell(_verdict: Verdict, _headers: &mut HeaderMap) {}
