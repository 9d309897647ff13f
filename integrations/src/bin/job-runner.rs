//! `medianest job-runner` alone, for the tests of this crate, which have no portal.

fn main() {
    std::process::exit(integrations::job_runner::main(std::env::args_os().skip(2)));
}
