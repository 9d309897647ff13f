//! Processes of this machine, as the kernel tells them in `/proc`.
//!
//! A job is a session: the process that leads it, whatever that started, and whatever those
//! started. A leader is known by its pid *and* the moment it started, because a pid alone is
//! given away again.

use std::collections::BTreeMap;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// All processes of one session, named by its leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessGroup {
    /// The leader.
    pub pid: u32,
    /// When it started, in clock ticks since the machine did.
    pub started: u64,
}

/// Processes survived a SIGKILL for as long as we were willing to wait.
#[derive(Debug, thiserror::Error)]
#[error("{count} processes of the group of {pid} are alive after SIGKILL")]
pub struct StillAlive {
    pub pid: u32,
    pub count: usize,
}

impl ProcessGroup {
    /// The session that `pid` leads now; nothing if there is no such process.
    pub fn of(pid: u32) -> Option<Self> {
        Some(Self { pid, started: started_ticks(pid)? })
    }

    /// The pids of its living members. Empty when it is over, also when its number went to
    /// somebody else.
    pub fn members(self) -> Vec<u32> {
        if self.pid <= 1 || self.pid == std::process::id() {
            return Vec::new();
        }
        let taken = started_ticks(self.pid).is_some_and(|started| started != self.started);
        if taken {
            return Vec::new();
        }
        let is_member = |stat: &Stat| {
            (stat.pid == self.pid || stat.session == self.pid)
                && stat.started >= self.started
                && !stat.is_dead
        };
        all().into_iter().filter(is_member).map(|stat| stat.pid).collect()
    }

    /// Sends SIGKILL to every member and says how many there were.
    pub fn kill(self) -> usize {
        let members = self.members();
        for pid in &members {
            let _ = signal(*pid, Signal::KILL);
        }
        members.len()
    }
}

/// Kills `group` and waits until nobody is left of it: what a portal does at start with the jobs
/// that its predecessor recorded. Returns how many processes were killed at first sight.
pub async fn kill_group_and_wait(group: ProcessGroup, patience: Duration) -> Result<usize, StillAlive> {
    let deadline = Instant::now() + patience;
    let first = group.kill();
    let mut left = first;
    while left > 0 {
        if Instant::now() > deadline {
            return Err(StillAlive { pid: group.pid, count: left });
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        left = group.kill();
    }
    Ok(first)
}

/// When the process started, in clock ticks since the machine did; nothing if there is none or
/// it is only waiting to be buried.
pub fn started_ticks(pid: u32) -> Option<u64> {
    Stat::of(pid).filter(|stat| !stat.is_dead).map(|stat| stat.started)
}

/// Everything that `ancestor` started and that these started in turn, living only. An orphan is
/// found too if `ancestor` is a subreaper, since it becomes its child.
pub fn descendants(ancestor: u32) -> Vec<Process> {
    let mut children: BTreeMap<u32, Vec<Stat>> = BTreeMap::new();
    for stat in all() {
        children.entry(stat.parent).or_default().push(stat);
    }
    let mut found = Vec::new();
    let mut parents = vec![ancestor];
    while let Some(parent) = parents.pop() {
        for stat in children.remove(&parent).unwrap_or_default() {
            parents.push(stat.pid);
            if !stat.is_dead {
                found.push(Process { pid: stat.pid, group: stat.group });
            }
        }
    }
    found
}

/// A process and the process group it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    pub group: u32,
}

/// Sends `signal`; a process that is gone is no error.
pub(crate) fn signal(pid: u32, signal: Signal) -> Result<(), Errno> {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
    match kill_process(pid, signal) {
        Err(Errno::SRCH) => Ok(()),
        other => other,
    }
}

/// What `/proc/PID/stat` says, proc_pid_stat(5).
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    pid: u32,
    parent: u32,
    group: u32,
    session: u32,
    started: u64,
    /// Ended, and not yet waited for.
    is_dead: bool,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The name in parentheses may itself contain spaces and parentheses, so what follows is
    /// counted from the last one.
    fn parse(line: &str) -> Option<Self> {
        let (pid, rest) = line.split_once(" (")?;
        let (_, rest) = rest.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        Some(Self {
            pid: pid.parse().ok()?,
            is_dead: matches!(*fields.first()?, "Z" | "X"),
            parent: fields.get(1)?.parse().ok()?,
            group: fields.get(2)?.parse().ok()?,
            session: fields.get(3)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }
}

fn all() -> Vec<Stat> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(Stat::of).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let line = "42 (a) R 1 (x) S 7 8 9 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 12345 1 2 3";

        let stat = Stat::parse(line).unwrap();

        assert_eq!(stat, Stat { pid: 42, parent: 7, group: 8, session: 9, started: 12345, is_dead: false });
    }

    #[test]
    fn we_and_the_first_process_are_never_members() {
        let me = ProcessGroup::of(std::process::id()).unwrap();

        assert!(me.members().is_empty());
        assert!(ProcessGroup { pid: 1, started: 0 }.members().is_empty());
    }

    #[tokio::test]
    async fn a_pid_that_was_given_away_is_left_alone() {
        let mut child = Command::new("sleep").arg("60").process_group(0).spawn().unwrap();
        let theirs = ProcessGroup::of(child.id()).unwrap();
        let ours = ProcessGroup { started: theirs.started - 1, ..theirs };

        let killed = kill_group_and_wait(ours, Duration::from_secs(5)).await.unwrap();

        assert_eq!(killed, 0);
        assert!(child.try_wait().unwrap().is_none(), "a stranger was killed");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[tokio::test]
    async fn a_whole_session_dies_although_its_leader_is_gone() {
        let script = "setsid sh -c 'sleep 61 & sleep 62 & echo $$; wait' & wait";
        let mut outer =
            Command::new("sh").args(["-c", script]).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let mut pid = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(outer.stdout.take().unwrap()), &mut pid)
            .unwrap();
        let group = ProcessGroup::of(pid.trim().parse().unwrap()).unwrap();
        while group.members().len() < 3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        signal(group.pid, Signal::KILL).unwrap();
        outer.wait().unwrap();

        let killed = kill_group_and_wait(group, Duration::from_secs(5)).await.unwrap();

        assert_eq!(killed, 2);
        assert!(group.members().is_empty());
    }
}
