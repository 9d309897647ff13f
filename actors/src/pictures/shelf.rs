//! Pictures on the disk, each in a file that is named after the hash of its name.

use std::fs::{self, File, FileTimes};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use domain::picture::{Picture, PictureKind};
use sha2::{Digest, Sha256};

use super::Kept;

/// What the portal keeps of pictures at most, in bytes.
const ROOM: u64 = 512 * 1024 * 1024;

/// How exactly we remember when a picture was looked at last.
const LOOKED_AT: Duration = Duration::from_secs(3600);

/// The ending of a file that is still being written.
const UNFINISHED: &str = "part";

/// A folder of pictures. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: Arc<Path>,
    room: u64,
}

/// One file, as the sweep sees it.
struct Found {
    path: PathBuf,
    bytes: u64,
    looked_at: SystemTime,
}

impl Shelf {
    /// In `folder`, which is made when the first picture comes.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder: folder.into(), room: ROOM }
    }

    /// With room for so many bytes.
    pub fn with_room(self, room: u64) -> Self {
        Self { room, ..self }
    }

    /// The picture, if it is here; a file that is no picture any more goes.
    pub async fn get(&self, picture: &Picture) -> Option<Kept> {
        let path = self.path(picture);
        blocking(move || {
            let bytes = fs::read(&path)?;
            let Some(kind) = PictureKind::of(&bytes) else {
                fs::remove_file(&path)?;
                return Err(io::ErrorKind::InvalidData.into());
            };
            touch(&path);
            Ok(Kept { kind, bytes: bytes.into() })
        })
        .await
        .ok()
    }

    /// Keeps the picture: whole or not at all.
    pub async fn put(&self, picture: &Picture, bytes: Bytes) -> io::Result<()> {
        let path = self.path(picture);
        blocking(move || {
            fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
            let unfinished = path.with_extension(UNFINISHED);
            fs::write(&unfinished, &bytes)?;
            fs::rename(&unfinished, &path)
        })
        .await
    }

    /// Makes room: what nobody looked at for longest goes. Gives the bytes that stay.
    pub async fn sweep(&self) -> io::Result<u64> {
        let (folder, room) = (self.folder.clone(), self.room);
        blocking(move || {
            let mut found = walk(&folder)?;
            let mut bytes: u64 = found.iter().map(|one| one.bytes).sum();
            if bytes <= room {
                return Ok(bytes);
            }
            found.sort_by_key(|one| one.looked_at);
            // A little more than needed, so that the next picture does not cause a sweep.
            let goal = room - room / 5;
            for one in found {
                if bytes <= goal {
                    break;
                }
                fs::remove_file(&one.path)?;
                bytes -= one.bytes;
            }
            Ok(bytes)
        })
        .await
    }

    fn path(&self, picture: &Picture) -> PathBuf {
        let hash = Sha256::digest(picture.to_string().as_bytes());
        let name: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(&name[..2]).join(name)
    }
}

/// Remembers that somebody looked; a disk that can't is no reason not to show the picture.
fn touch(path: &Path) {
    let now = SystemTime::now();
    let known = fs::metadata(path).and_then(|about| about.modified());
    let recent = known.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age < LOOKED_AT));
    if !recent && let Ok(file) = File::options().append(true).open(path) {
        let _ = file.set_times(FileTimes::new().set_modified(now));
    }
}

/// Every file of the shelf; what was left unfinished long ago is removed on the way.
fn walk(folder: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        entries => entries?,
    };
    for shelf in entries {
        let shelf = shelf?;
        if !shelf.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(shelf.path())? {
            let file = file?;
            let about = file.metadata()?;
            let path = file.path();
            let looked_at = about.modified()?;
            let is_old = looked_at.elapsed().is_ok_and(|age| age > LOOKED_AT);
            if path.extension().is_some_and(|ending| ending == UNFINISHED) && is_old {
                fs::remove_file(&path)?;
            } else if about.is_file() {
                found.push(Found { path, bytes: about.len(), looked_at });
            }
        }
    }
    Ok(found)
}

async fn blocking<T: Send + 'static>(act: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(act).await.map_err(io::Error::other)?
}
