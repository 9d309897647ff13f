//! The data folder: who uses it and what its machine is called.
//!
//! A folder is used by one process at a time. The process holds a lock on the file `lock` for
//! as long as it lives, and the kernel releases it however the process ends.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::Error;

/// A data folder that nobody else uses while this value lives.
#[derive(Debug)]
pub struct DataDirLock {
    path: PathBuf,
    _file: File,
}

/// The data folder before it is locked.
pub struct DataDir;

impl DataDir {
    /// Makes the folder (mode 0700) when it is missing and locks it.
    ///
    /// # Errors
    /// [`Error::AlreadyRunning`] when another process holds it, [`Error::File`] when the folder
    /// can't be written.
    pub fn lock(path: &Path) -> Result<DataDirLock, Error> {
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Error::file(path))?;
        let path = path.canonicalize().map_err(Error::file(path))?;
        let lock = path.join("lock");
        let file = private().create(true).truncate(false).open(&lock).map_err(Error::file(&lock))?;
        match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(DataDirLock { path, _file: file }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::AlreadyRunning(path)),
            Err(error) => Err(Error::file(lock)(error.into())),
        }
    }
}

impl DataDirLock {
    /// The folder, as an absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name of this node, made at the first call and kept in the file `node_id`: after a
    /// restart the leases of the process before are ours to void.
    pub fn node_id(&self) -> Result<NodeId, Error> {
        let path = self.path.join("node_id");
        let mut text = String::new();
        match File::open(&path) {
            Ok(mut file) => {
                file.read_to_string(&mut text).map_err(Error::file(&path))?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::file(path)(error)),
        }
        if let Ok(id) = text.trim().parse::<uuid::Uuid>() {
            return Ok(NodeId(id.to_string()));
        }
        // Missing, or cut short by a power loss: a new name costs only that the leases of the
        // old one run out by themselves.
        let id = uuid::Uuid::now_v7().to_string();
        write_private(&path, id.as_bytes())?;
        Ok(NodeId(id))
    }
}

/// One running portal, as leases name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NodeId(pub(crate) String);

impl NodeId {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for NodeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Options for a file that only its owner may read.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

/// Writes a whole file (mode 0600) so that a crash leaves the old content or the new one.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), Error> {
    let unfinished = path.with_extension("new");
    let write = || {
        let mut file = private().create(true).truncate(true).open(&unfinished)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(Error::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_used_by_one_at_a_time_and_keeps_its_node_name() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");

        let first = DataDir::lock(&data).unwrap();
        let name = first.node_id().unwrap();
        assert!(matches!(DataDir::lock(&data), Err(Error::AlreadyRunning(_))));
        drop(first);

        let second = DataDir::lock(&data).unwrap();
        assert_eq!(second.node_id().unwrap(), name);
    }

    #[test]
    fn a_damaged_node_name_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let lock = DataDir::lock(folder.path()).unwrap();
        fs::write(folder.path().join("node_id"), "019").unwrap();

        let name = lock.node_id().unwrap();

        assert_eq!(name.as_str().len(), 36);
        assert_eq!(lock.node_id().unwrap(), name);
    }
}
