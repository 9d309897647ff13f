//! `medianest tree`: the declared supervision tree.

use super::Failure;
use crate::settings::Settings;
use crate::wiring;

pub fn run(settings: &Settings) -> Result<(), Failure> {
    let tree = wiring::tree(settings).map_err(|error| Failure::Refused(error.to_string()))?;
    print!("{}", tree.print());
    Ok(())
}
