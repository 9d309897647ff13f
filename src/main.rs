//! The program. Everything is in the library, so that tests can start a portal of their own.

use std::process::ExitCode;

fn main() -> ExitCode {
    medianest::cli::run()
}
