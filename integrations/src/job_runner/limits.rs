//! What the processes of a job may take from the machine.

use rustix::io;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;

/// Limits of each process; absent ones stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ResourceLimits {
    /// Bytes of the largest file. A process that writes more gets EFBIG.
    pub file_bytes: Option<u64>,
    /// Bytes of private memory (`RLIMIT_DATA`). Not address space: JavaScript runtimes reserve
    /// terabytes of it and touch little.
    pub memory_bytes: Option<u64>,
    pub open_files: Option<u64>,
    /// Processes *of the user*, those of the portal and of others included.
    pub processes: Option<u64>,
}

impl ResourceLimits {
    /// Takes an option such as `--open-files=1024`; false if it is none of ours.
    pub(super) fn take(&mut self, option: &str) -> bool {
        let Some((name, number)) = option.split_once('=') else { return false };
        let Ok(number) = number.parse() else { return false };
        for (ours, _, field) in self.fields() {
            if name == ours {
                *field = Some(number);
                return true;
            }
        }
        false
    }

    /// The options that [`ResourceLimits::take`] reads.
    pub fn to_arguments(mut self) -> Vec<String> {
        let set =
            self.fields().into_iter().filter_map(|(name, _, field)| Some(format!("{name}={}", (*field)?)));
        set.collect()
    }

    /// For this process and all that it starts. Core dumps are off in any case: they would hold
    /// what the process knew.
    pub(super) fn apply(mut self) -> io::Result<()> {
        lower(Resource::Core, 0)?;
        for (_, resource, field) in self.fields() {
            if let Some(limit) = *field {
                lower(resource, limit)?;
            }
        }
        Ok(())
    }

    fn fields(&mut self) -> [(&'static str, Resource, &mut Option<u64>); 4] {
        [
            ("--file-bytes", Resource::Fsize, &mut self.file_bytes),
            ("--memory-bytes", Resource::Data, &mut self.memory_bytes),
            ("--open-files", Resource::Nofile, &mut self.open_files),
            ("--processes", Resource::Nproc, &mut self.processes),
        ]
    }
}

/// Never above what we were given: that would be refused.
fn lower(resource: Resource, limit: u64) -> io::Result<()> {
    let given = getrlimit(resource).maximum;
    let limit = given.map_or(limit, |given| limit.min(given));
    setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })
}
