//! The commands of the program.
//!
//! | exit code | means |
//! |---|---|
//! | 0 | done, or stopped as asked |
//! | 1 | something failed on the way |
//! | 2 | a setting, `supervisor.toml`, the key or the data folder is not usable: nothing was started |

use std::ffi::OsString;
use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::settings::{BadSetting, Settings};

mod check;
mod demo;
mod healthcheck;
mod serve;
mod tree;
mod user;

/// One login and one page over Plex, requests, service status and downloads.
#[derive(Debug, Parser)]
#[command(name = "medianest", version, about)]
struct Arguments {
    /// A file of settings; the environment wins over it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the portal (the default).
    Serve,
    /// Run the portal with stand-in services, signed in as a demo admin.
    Demo,
    /// Print the supervision tree as it is declared.
    Tree,
    /// Check all settings and print what they became.
    Check,
    /// Ask a running portal whether it is ready.
    Healthcheck,
    /// Make and change accounts.
    #[command(subcommand)]
    User(user::Command),
    /// Print the description of the API.
    Openapi,
}

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nothing was started, and starting again as it is will not help.
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Failed(String),
}

impl From<BadSetting> for Failure {
    fn from(bad: BadSetting) -> Self {
        Failure::Refused(bad.to_string())
    }
}

/// Runs the command of this process.
pub fn run() -> ExitCode {
    // Its processes are forked, so it must run before any thread is started.
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|first| first == "job-runner") {
        return job_runner(&arguments[2..]);
    }
    let arguments = match Arguments::try_parse_from(&arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and the version are errors to clap, and are printed to standard output.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    match command(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("medianest: {failure}");
            match failure {
                Failure::Refused(_) => ExitCode::from(2),
                Failure::Failed(_) => ExitCode::FAILURE,
            }
        }
    }
}

fn command(arguments: Arguments) -> Result<(), Failure> {
    let settings = || Settings::from_env(arguments.config.as_deref());
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(settings()?),
        Command::Demo => demo::run(settings()?),
        Command::Tree => tree::run(&settings()?),
        Command::Check => check::run(&settings()?),
        Command::Healthcheck => healthcheck::run(&settings()?),
        Command::User(command) => in_runtime(user::run(settings()?, command)),
        Command::Openapi => {
            println!("{}", crate::api::openapi::document(settings()?.base.as_str()));
            Ok(())
        }
    }
}

/// Runs a future of ours on a runtime of its own.
fn in_runtime<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Failed(format!("could not start a runtime: {error}")))?;
    let result = runtime.block_on(future);
    // A password that is still being hashed must not keep the process.
    runtime.shutdown_background();
    result
}

fn job_runner(arguments: &[OsString]) -> ExitCode {
    let code = integrations::job_runner::main(arguments.iter().cloned());
    ExitCode::from(u8::try_from(code).unwrap_or(125))
}
