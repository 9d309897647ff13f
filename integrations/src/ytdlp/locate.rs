//! Finds yt-dlp on this machine and says whether it will do.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::version::Version;

/// The oldest yt-dlp without a known hole that concerns us (trust 4.1).
pub const FLOOR: Version = Version { year: 2026, month: 7, day: 4 };

/// A yt-dlp that can be used.
#[derive(Debug, Clone)]
pub struct Ytdlp {
    /// The program.
    pub program: PathBuf,
    pub version: Version,
    /// The Python that can import the same yt-dlp; with it, jobs start in a fraction of the time.
    pub python: Option<PathBuf>,
    /// Where ffmpeg is; without one, streams of pictures and sound cannot be merged.
    pub ffmpeg: Option<PathBuf>,
}

/// Why there are no downloads, in words for the admin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    #[error("yt-dlp was not found; install it with pip, or set MEDIANEST_YTDLP to its path")]
    NotFound,
    #[error("{0} is not there or is not a program")]
    NotAProgram(PathBuf),
    #[error("{program} could not be run: {why}")]
    NotRunnable { program: PathBuf, why: String },
    #[error("{program} did not say its version within {after:?}")]
    TimedOut { program: PathBuf, after: Duration },
    #[error("{program} is yt-dlp {found}, which has known holes; {FLOOR} or newer is needed")]
    TooOld { program: PathBuf, found: Version },
}

/// Python takes its time after an installation, when nothing is compiled yet.
const PATIENCE: Duration = Duration::from_secs(20);

impl Ytdlp {
    /// Looks at `program`, or for `yt-dlp` on the PATH. Takes about as long as one start of
    /// Python, at most 20 seconds for each of two.
    ///
    /// # Errors
    ///
    /// See [`Unavailable`].
    pub async fn locate(program: Option<&Path>) -> Result<Self, Unavailable> {
        let program = match program {
            Some(named) => absolute(named).ok_or_else(|| Unavailable::NotAProgram(named.to_owned()))?,
            None => on_the_path("yt-dlp").ok_or(Unavailable::NotFound)?,
        };
        let version = version_of(&program).await?;
        if version < FLOOR {
            return Err(Unavailable::TooOld { program, found: version });
        }
        let python = warm_python(&program, version).await;
        Ok(Self { program, version, python, ffmpeg: on_the_path("ffmpeg") })
    }
}

async fn version_of(program: &Path) -> Result<Version, Unavailable> {
    let not_runnable = |why: String| Unavailable::NotRunnable { program: program.to_owned(), why };
    let answer = match ask(program, &["--ignore-config", "--no-plugin-dirs", "--version"]).await {
        Err(Silence::TimedOut) => {
            return Err(Unavailable::TimedOut { program: program.to_owned(), after: PATIENCE });
        }
        Err(Silence::Failed(why)) => return Err(not_runnable(why)),
        Ok(answer) => answer,
    };
    Version::parse(answer.trim())
        .ok_or_else(|| not_runnable(format!("{:?} is no version", cut(answer.trim()))))
}

/// The interpreter of the script `program`, if it imports yt-dlp of the same version when run
/// alone, without the folder and the settings of a user.
async fn warm_python(program: &Path, version: Version) -> Option<PathBuf> {
    let python = interpreter_of(program)?;
    let script = "from yt_dlp.version import __version__; print(__version__)";
    let answer = ask(&python, &["-I", "-c", script]).await.ok()?;
    (Version::parse(answer.trim())? == version).then_some(python)
}

/// The Python that the first lines of a script name: `#!/venv/bin/python3`,
/// `#!/usr/bin/env python3`, or what pip writes for long paths (a shell that executes it).
fn interpreter_of(script: &Path) -> Option<PathBuf> {
    let mut start = [0; 1024];
    let read = std::io::Read::read(&mut std::fs::File::open(script).ok()?, &mut start).ok()?;
    let start = String::from_utf8_lossy(&start[..read]).into_owned();
    let mut lines = start.lines();
    let words: Vec<&str> = lines.next()?.strip_prefix("#!")?.split_whitespace().collect();
    let named = match words.as_slice() {
        ["/bin/sh"] => PathBuf::from(
            lines.next()?.strip_prefix("'''exec' ")?.split('"').find(|part| part.contains("python"))?,
        ),
        ["/usr/bin/env", "-S", name, ..] | ["/usr/bin/env", name, ..] => on_the_path(name)?,
        [path, ..] => PathBuf::from(path),
        [] => return None,
    };
    let is_python = named.file_name()?.to_str()?.starts_with("python");
    (is_python && is_program(&named)).then_some(named)
}

enum Silence {
    TimedOut,
    Failed(String),
}

/// What the program prints, run with the environment that jobs have.
async fn ask(program: &Path, arguments: &[&str]) -> Result<String, Silence> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(super::environment::basic(&std::env::temp_dir()))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await.map_err(|_| Silence::TimedOut)?;
    let output = output.map_err(|error| Silence::Failed(error.to_string()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it ended without a word");
    Err(Silence::Failed(cut(last)))
}

fn cut(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(200).collect()
}

fn absolute(program: &Path) -> Option<PathBuf> {
    let has_folder = program.parent().is_some_and(|parent| !parent.as_os_str().is_empty());
    let found = if has_folder { std::path::absolute(program).ok()? } else { on_the_path(program.to_str()?)? };
    is_program(&found).then_some(found)
}

fn on_the_path(name: &str) -> Option<PathBuf> {
    let path = super::environment::path();
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn script(folder: &Path, text: &str) -> PathBuf {
        let file = folder.join("yt-dlp");
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    #[tokio::test]
    async fn a_usable_program_is_known_by_its_version() {
        let folder = tempfile::tempdir().unwrap();
        let program = script(folder.path(), "#!/bin/sh\necho 2026.08.19\n");

        let found = Ytdlp::locate(Some(&program)).await.unwrap();

        assert_eq!((found.version, found.python), (Version { year: 2026, month: 8, day: 19 }, None));
    }

    #[tokio::test]
    async fn what_will_not_do_is_refused_in_plain_words() {
        for (text, says) in [
            ("#!/bin/sh\necho 2023.03.04\n", "known holes; 2026.07.04 or newer is needed"),
            ("#!/bin/sh\necho hello\n", "\"hello\" is no version"),
            ("#!/bin/sh\necho 'No module named yt_dlp' >&2; exit 1\n", "No module named yt_dlp"),
            ("#!/does/not/exist\n", "could not be run"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let program = script(folder.path(), text);

            let error = Ytdlp::locate(Some(&program)).await.unwrap_err().to_string();

            assert!(error.contains(says), "{error}");
        }
        let missing = Ytdlp::locate(Some(Path::new("/does/not/exist"))).await.unwrap_err();
        assert_eq!(missing, Unavailable::NotAProgram("/does/not/exist".into()));
    }

    #[test]
    fn the_interpreter_is_read_from_the_script() {
        let folder = tempfile::tempdir().unwrap();
        let python = folder.path().join("python3");
        std::fs::write(&python, "").unwrap();
        std::fs::set_permissions(&python, std::fs::Permissions::from_mode(0o755)).unwrap();
        let python_path = python.to_str().unwrap();

        for (text, found) in [
            (format!("#!{python_path}\nimport sys\n"), true),
            (format!("#!{python_path} -E\n"), true),
            (format!("#!/bin/sh\n'''exec' \"{python_path}\" \"$0\" \"$@\"\n' '''\n"), true),
            ("#!/bin/sh\necho hello\n".to_owned(), false),
            ("#!/usr/bin/perl\n".to_owned(), false),
            ("\u{7f}ELF".to_owned(), false),
            (String::new(), false),
        ] {
            let program = script(folder.path(), &text);
            assert_eq!(interpreter_of(&program), found.then(|| python.clone()), "{text:?}");
        }
    }
}
