//! What each crate's errors mean to whoever asked.

use super::Problem;

impl From<std::convert::Infallible> for Problem {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
