//! Moving a finished file into the library: in one step, never over another file.
//!
//! The steps around it are the job actor's: (1) the chosen path is stored with the item while
//! the lease holds, (2) the moves below, (3) the file rows are written. A crash between any two
//! of them ends with one file and one row, because the stored path is used again and a file that
//! is already there is adopted when it is the same one.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::library;

/// How a move into the library ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// The file is there now, or was there from an attempt before a crash.
    There { bytes: u64 },
    /// Another file has that name: choose another.
    Taken,
}

/// A finished file and what goes beside it, before they are moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    pub file: PathBuf,
    /// Pictures and subtitles, with what follows the base name, such as `en.srt`.
    pub sidecars: Vec<(PathBuf, String)>,
}

impl Finished {
    /// Moves the sidecars and then the file to `target`, an absolute path in the library.
    /// Afterwards everything is on the disk itself, not only in its cache.
    pub fn place(&self, target: &Path) -> io::Result<Placed> {
        let folder = target.parent().ok_or(io::ErrorKind::InvalidInput)?;
        create_folder(folder)?;
        if fs::metadata(&self.file)?.len() == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is empty"));
        }
        make_lasting(&self.file)?;
        if target.exists() && !is_same(&self.file, target)? {
            return Ok(Placed::Taken);
        }
        for (sidecar, ending) in &self.sidecars {
            make_lasting(sidecar)?;
            match move_new(sidecar, &target.with_extension(ending)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => fs::remove_file(sidecar)?,
                other => other?,
            }
        }
        match move_new(&self.file, target) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if !is_same(&self.file, target)? {
                    return Ok(Placed::Taken);
                }
                fs::remove_file(&self.file)?;
            }
            Err(error) => return Err(error),
        }
        File::open(folder)?.sync_all()?;
        Ok(Placed::There { bytes: fs::metadata(target)?.len() })
    }
}

/// yt-dlp writes for itself alone; in the library media servers read. Then everything goes to
/// the disk itself, not only to its cache.
fn make_lasting(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o644))?;
    file.sync_all()
}

/// Creates `folder` and makes each new name in it last.
fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        create_folder(parent)?;
        match fs::create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => File::open(parent)?.sync_all()?,
        }
    }
    Ok(())
}

/// Renames `from` to `to` unless something is there; then the error's kind is `AlreadyExists`.
pub fn move_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Some network file systems don't know the flag; a hard link doesn't replace either.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            fs::hard_link(from, to)?;
            fs::remove_file(from)
        }
        other => Ok(other?),
    }
}

/// Whether an item whose path was stored as `target` before a crash was moved there: a file of
/// its size is in the library, and none that could still become it is in `work`.
pub fn was_placed(work: &Path, target: &Path, bytes: Option<u64>) -> bool {
    let size = |path: &Path| fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|found| found.len());
    let Some(bytes) = bytes.filter(|bytes| *bytes > 0 && size(target) == Some(*bytes)) else {
        return false;
    };
    let waiting = fs::read_dir(work).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    !waiting.into_iter().any(|path| path.extension() == target.extension() && size(&path) == Some(bytes))
}

/// Removes a published file and its sidecars; what is already gone is fine.
pub fn remove(target: &Path) -> io::Result<()> {
    for path in sidecars_of(target).iter().map(PathBuf::as_path).chain([target]) {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    // The folders of a playlist and of a member go with their last file.
    for folder in target.ancestors().skip(1).take(2) {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}

/// The pictures and subtitles beside `target`: same folder, same base name, a known ending.
fn sidecars_of(target: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(stem)) = (target.parent(), target.file_stem().and_then(|stem| stem.to_str()))
    else {
        return Vec::new();
    };
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let is_beside = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let ending = name.strip_prefix(stem).and_then(|rest| rest.strip_prefix('.')).unwrap_or_default();
        let extension = ending.rsplit('.').next().unwrap_or_default();
        ending.matches('.').count() <= 1 && library::SIDECARS.contains(&extension)
    };
    entries.map(|entry| entry.path()).filter(is_beside).collect()
}

fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    Ok(fs::metadata(one)?.len() == fs::metadata(other)?.len() && digest(one)? == digest(other)?)
}

fn digest(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            read => hasher.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Disk {
        root: tempfile::TempDir,
    }

    impl Disk {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            fs::create_dir(root.path().join("work")).unwrap();
            Self { root }
        }

        fn finished(&self, name: &str, content: &str) -> PathBuf {
            let path = self.root.path().join("work").join(name);
            fs::write(&path, content).unwrap();
            path
        }

        fn video(&self, name: &str, content: &str) -> Finished {
            Finished { file: self.finished(name, content), sidecars: Vec::new() }
        }

        fn target(&self, name: &str) -> PathBuf {
            self.root.path().join("library/ana/Videos").join(name)
        }

        fn library(&self) -> Vec<String> {
            let entries = fs::read_dir(self.root.path().join("library/ana/Videos")).into_iter().flatten();
            let mut names: Vec<_> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    #[test]
    fn a_video_and_what_belongs_to_it_arrive_under_one_name() {
        let disk = Disk::new();
        let mut video = disk.video("1.mp4", "video");
        video.sidecars = vec![
            (disk.finished("1.jpg", "j"), "jpg".into()),
            (disk.finished("1.en.srt", "s"), "en.srt".into()),
        ];

        fs::set_permissions(&video.file, fs::Permissions::from_mode(0o600)).unwrap();

        let placed = video.place(&disk.target("Clip [x] (2).mp4")).unwrap();

        assert_eq!(placed, Placed::There { bytes: 5 });
        assert_eq!(disk.library(), ["Clip [x] (2).en.srt", "Clip [x] (2).jpg", "Clip [x] (2).mp4"]);
        let mode = fs::metadata(disk.target("Clip [x] (2).mp4")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644, "media servers can read it");
    }

    #[test]
    fn another_file_of_that_name_is_never_replaced() {
        let disk = Disk::new();
        let target = disk.target("Clip.mp4");
        disk.video("a.mp4", "theirs").place(&target).unwrap();
        let mut ours = disk.video("b.mp4", "ours!!");
        ours.sidecars = vec![(disk.finished("b.jpg", "picture"), "jpg".into())];

        let placed = ours.place(&target).unwrap();

        assert_eq!(placed, Placed::Taken);
        assert_eq!(fs::read_to_string(&target).unwrap(), "theirs");
        assert!(ours.file.exists());
        assert_eq!(disk.library(), ["Clip.mp4"]);
    }

    #[test]
    fn the_same_file_is_adopted() {
        let disk = Disk::new();
        let target = disk.target("Clip.mp4");
        disk.video("a.mp4", "same").place(&target).unwrap();
        let again = disk.video("a.mp4", "same");

        let placed = again.place(&target).unwrap();

        assert_eq!(placed, Placed::There { bytes: 4 });
        assert!(!again.file.exists());
        assert_eq!(disk.library(), ["Clip.mp4"]);
    }

    #[test]
    fn after_a_crash_only_a_file_that_was_moved_counts_as_placed() {
        let disk = Disk::new();
        let (work, target) = (disk.root.path().join("work"), disk.target("Clip.mp4"));

        let video = disk.video("Clip.mp4", "video");
        assert!(!was_placed(&work, &target, Some(5)), "nothing was moved yet");
        video.place(&target).unwrap();
        assert!(was_placed(&work, &target, Some(5)));
        assert!(!was_placed(&work, &target, Some(6)), "another size is another file");
        assert!(!was_placed(&work, &target, None));
        disk.finished("Clip.mp4", "video");
        assert!(!was_placed(&work, &target, Some(5)), "ours is still here, so that one is somebody else's");
    }

    #[test]
    fn an_empty_file_is_never_published() {
        let disk = Disk::new();

        let refused = disk.video("a.mp4", "").place(&disk.target("Clip.mp4")).unwrap_err();

        assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
        assert!(disk.library().is_empty());
    }

    #[test]
    fn removing_a_video_takes_its_sidecars_and_its_empty_folders() {
        let disk = Disk::new();
        let target = disk.target("Clip.mp4");
        let mut video = disk.video("a.mp4", "video");
        video.sidecars = vec![(disk.finished("a.jpg", "picture"), "jpg".into())];
        video.place(&target).unwrap();

        remove(&target).unwrap();
        remove(&target).unwrap();

        assert!(!disk.root.path().join("library/ana").exists());
        assert!(disk.root.path().join("library").exists());
    }
}
