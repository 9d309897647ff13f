//! The whole environment of a job (trust S-68).
//!
//! Nothing is inherited: the portal's own holds the database's address and keys, `NO_PROXY` would
//! lead ffmpeg round the egress proxy, and `XDG_CONFIG_HOME` or `PYTHONPATH` can bring in code.

use std::ffi::OsString;
use std::path::Path;

use domain::Secret;

/// What is searched where the portal itself has no PATH.
const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The folders in which programs are looked for.
pub(crate) fn path() -> OsString {
    std::env::var_os("PATH").filter(|path| !path.is_empty()).unwrap_or_else(|| USUAL_PATH.into())
}

pub(crate) fn basic(home: &Path) -> Vec<(OsString, OsString)> {
    vec![
        ("PATH".into(), path()),
        ("HOME".into(), home.into()),
        ("LANG".into(), "C.UTF-8".into()),
        ("LC_ALL".into(), "C.UTF-8".into()),
    ]
}

/// The same with the way out, which is a secret and therefore never among the arguments.
pub(crate) fn of_job(home: &Path, proxy: Option<&Secret>) -> Vec<(OsString, OsString)> {
    let mut environment = basic(home);
    if let Some(proxy) = proxy {
        environment.push(("http_proxy".into(), proxy.expose().into()));
        environment.push(("https_proxy".into(), proxy.expose().into()));
    }
    environment
}
