//! The downloads folder: `incoming/` for yt-dlp and `library/` for finished files.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use domain::DownloadId;

use super::publish;

/// The two halves of the downloads folder, as absolute paths on one file system.
#[derive(Debug, Clone)]
pub struct Folders {
    incoming: PathBuf,
    library: PathBuf,
}

/// Why the downloads folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("could not create {}: {source}", path.display())]
    Create { path: PathBuf, source: io::Error },
    #[error(
        "could not move a file from {} to {}: {source}; both must be folders of one file system that we may write",
        incoming.display(),
        library.display()
    )]
    NotOneFileSystem { incoming: PathBuf, library: PathBuf, source: io::Error },
}

impl Folders {
    /// Creates what is missing below `root` and proves that a finished file can be moved from
    /// `incoming/` to `library/` in one step.
    ///
    /// # Errors
    ///
    /// The folder can't be created or written, or the two halves are different mounts.
    pub fn open(root: &Path) -> Result<Self, FolderError> {
        let create = |name: &str| {
            let path = root.join(name);
            let made = fs::create_dir_all(&path).and_then(|()| fs::canonicalize(&path));
            made.map_err(|source| FolderError::Create { path, source })
        };
        let folders = Self { incoming: create("incoming")?, library: create("library")? };
        folders.prove_a_move().map_err(|source| FolderError::NotOneFileSystem {
            incoming: folders.incoming.clone(),
            library: folders.library.clone(),
            source,
        })?;
        Ok(folders)
    }

    fn prove_a_move(&self) -> io::Result<()> {
        let name = format!(".proof-{}", DownloadId::generate());
        let (from, to) = (self.incoming.join(&name), self.library.join(&name));
        let moved = fs::File::create_new(&from)
            .and_then(|mut file| file.write_all(b"proof").and_then(|()| file.sync_all()))
            .and_then(|()| publish::move_new(&from, &to));
        let _ = fs::remove_file(&from);
        let _ = fs::remove_file(&to);
        moved
    }

    /// Where finished files are; every path of a download's files is below it.
    pub fn library(&self) -> &Path {
        &self.library
    }

    fn job(&self, job: DownloadId) -> PathBuf {
        self.incoming.join(job.to_string())
    }

    /// The folder in which the holder of `fence` works on `job`.
    pub fn work(&self, job: DownloadId, fence: i64) -> PathBuf {
        self.job(job).join(fence.to_string())
    }

    fn owner(&self, job: DownloadId, fence: i64) -> PathBuf {
        self.job(job).join(format!("{fence}.node"))
    }

    /// Makes the work folder of `fence`. What `node` left there under an older fence is taken
    /// over, so that yt-dlp goes on where it was; what another machine left may still be written
    /// by it and is not touched. Whoever calls this has ended the older yt-dlp before.
    pub fn take_over(&self, job: DownloadId, fence: i64, node: &str) -> io::Result<PathBuf> {
        let work = self.work(job, fence);
        fs::create_dir_all(self.job(job))?;
        let mut ours: Vec<i64> = self.fences(job)?;
        ours.retain(|old| {
            *old != fence && fs::read_to_string(self.owner(job, *old)).is_ok_and(|owner| owner == node)
        });
        ours.sort_unstable();
        fs::write(self.owner(job, fence), node)?;
        if !work.exists() {
            match ours.pop() {
                Some(latest) => {
                    fs::rename(self.work(job, latest), &work)?;
                    let _ = fs::remove_file(self.owner(job, latest));
                }
                None => fs::create_dir(&work)?,
            }
        }
        for stale in ours {
            self.remove_work(job, stale)?;
        }
        Ok(work)
    }

    fn fences(&self, job: DownloadId) -> io::Result<Vec<i64>> {
        let names =
            fs::read_dir(self.job(job))?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names.filter_map(|name| name.parse().ok()).collect())
    }

    /// Removes what the holder of `fence` wrote.
    pub fn remove_work(&self, job: DownloadId, fence: i64) -> io::Result<()> {
        found(fs::remove_dir_all(self.work(job, fence)))?;
        found(fs::remove_file(self.owner(job, fence)))?;
        // Only when nobody else works on it.
        let _ = fs::remove_dir(self.job(job));
        Ok(())
    }

    /// Removes everything of `job` in `incoming/`; for a job that is over.
    pub fn remove_job(&self, job: DownloadId) -> io::Result<()> {
        found(fs::remove_dir_all(self.job(job)))
    }

    /// The jobs that have something in `incoming/`. Ask the store which of them are over, in
    /// this order: a job that begins in between is then not taken for a leftover.
    pub fn jobs_with_work(&self) -> io::Result<Vec<DownloadId>> {
        let names =
            fs::read_dir(&self.incoming)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names.filter_map(|name| name.parse().ok()).collect())
    }
}

/// Removing what is not there is fine.
fn found(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders() -> (tempfile::TempDir, Folders) {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::open(root.path()).unwrap();
        (root, folders)
    }

    #[test]
    fn opening_leaves_nothing_behind_but_the_two_folders() {
        let (root, folders) = folders();

        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
        assert_eq!(fs::read_dir(folders.library()).unwrap().count(), 0);
        assert!(folders.jobs_with_work().unwrap().is_empty());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("library"), "a file").unwrap();

        let error = Folders::open(root.path()).unwrap_err();

        assert!(error.to_string().contains("library"), "{error}");
    }

    #[test]
    fn the_same_machine_goes_on_with_the_latest_partial_files() {
        let (_root, folders) = folders();
        let job = DownloadId::generate();
        for fence in [1, 3] {
            let work = folders.take_over(job, fence, "node-a").unwrap();
            fs::write(work.join(format!("{fence}.part")), "x").unwrap();
        }

        let work = folders.take_over(job, 4, "node-a").unwrap();

        assert_eq!(work, folders.work(job, 4));
        assert!(work.join("1.part").exists() && work.join("3.part").exists(), "the work moved along");
        assert_eq!(folders.fences(job).unwrap(), [4]);
    }

    #[test]
    fn another_machine_starts_empty_and_leaves_the_old_folder_alone() {
        let (_root, folders) = folders();
        let job = DownloadId::generate();
        let old = folders.take_over(job, 1, "node-a").unwrap();
        fs::write(old.join("a.part"), "x").unwrap();

        let work = folders.take_over(job, 2, "node-b").unwrap();

        assert_eq!(fs::read_dir(work).unwrap().count(), 0);
        assert!(old.join("a.part").exists());
        folders.remove_job(job).unwrap();
        assert!(folders.jobs_with_work().unwrap().is_empty());
    }

    #[test]
    fn removing_the_work_of_a_fence_leaves_a_newer_one() {
        let (_root, folders) = folders();
        let job = DownloadId::generate();
        folders.take_over(job, 1, "node-a").unwrap();
        folders.take_over(job, 2, "node-b").unwrap();

        folders.remove_work(job, 1).unwrap();
        folders.remove_work(job, 1).unwrap();

        assert!(folders.work(job, 2).is_dir());
        assert_eq!(folders.jobs_with_work().unwrap(), [job]);
    }
}
