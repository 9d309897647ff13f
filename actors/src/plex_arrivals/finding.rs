//! Waits until Plex has found the files.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::path_map::is_same_file;
use integrations::plex::{Item, ItemQuery, SectionId, Server, Sort};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::paths::{PathSettings, Placed};
use super::{Journey, LOOK_FOR};
use crate::effects::Trouble;

/// New items that are looked through at once.
const NEWEST: usize = 100;

/// However much Plex tells, it is not asked more often than this.
const BREATH: Duration = Duration::from_secs(1);

/// A file that Plex should find.
struct Wanted {
    /// Its place among the items of the work.
    index: usize,
    placed: Placed,
}

impl Journey<'_> {
    /// Has the folders scanned and waits for a while until the files are there. Gives the
    /// number of those that are not.
    pub(super) async fn find_all(&mut self, paths: &PathSettings) -> Result<usize, Trouble> {
        let mut wanted = Vec::new();
        for (index, item) in self.work.items.iter().enumerate().filter(|(_, item)| item.key.is_none()) {
            wanted.push(Wanted { index, placed: self.place(paths, item)? });
        }
        // Some may be there already, from an attempt before or because Plex watches its folders.
        self.look(&mut wanted).await?;
        if wanted.is_empty() {
            return Ok(0);
        }
        let folders: BTreeSet<(&SectionId, &str)> =
            wanted.iter().map(|wanted| (&wanted.placed.section, wanted.placed.folder())).collect();
        let mut heard = self.arrivals.services.plex_heard();
        heard.mark_unchanged();
        for (section, folder) in folders {
            self.server.refresh(section, Some(folder)).await?;
        }
        let began = Instant::now();
        let mut wait = Duration::from_secs(2);
        while !wanted.is_empty() && began.elapsed() < LOOK_FOR {
            news(&mut heard, wait).await;
            wait = (wait * 2).min(Duration::from_secs(8));
            self.look(&mut wanted).await?;
        }
        Ok(wanted.len())
    }

    /// Takes out of `wanted` what is there, and remembers its key.
    async fn look(&mut self, wanted: &mut Vec<Wanted>) -> Result<(), Trouble> {
        let sections: BTreeSet<SectionId> =
            wanted.iter().map(|wanted| wanted.placed.section.clone()).collect();
        for section in sections {
            let newest = ItemQuery { size: NEWEST, sort: Sort::NEWEST, ..ItemQuery::default() };
            let newest = self.server.items(&section, &newest).await?.items;
            let mut missing = Vec::new();
            for one in std::mem::take(wanted) {
                if one.placed.section != section {
                    missing.push(one);
                    continue;
                }
                let found = match newest.iter().find(|item| has_file(item, &one.placed.file)) {
                    Some(item) => Some(item.clone()),
                    None => by_video(&self.server, &one.placed).await?,
                };
                match found {
                    Some(item) => self.found(&one, &item).await?,
                    None => missing.push(one),
                }
            }
            *wanted = missing;
        }
        Ok(())
    }

    async fn found(&mut self, wanted: &Wanted, found: &Item) -> Result<(), Trouble> {
        let item = &mut self.work.items[wanted.index];
        let key = found.rating_key.to_string();
        self.arrivals.writer.set_item_key(self.work.id, item.position, Some(&key)).await?;
        item.key = Some(key);
        Ok(())
    }
}

/// Until Plex tells of something, or `longest` has passed.
async fn news(heard: &mut watch::Receiver<u64>, longest: Duration) {
    sleep(BREATH).await;
    // When nobody can tell any more, time has to do.
    if let Ok(Err(_)) = timeout(longest.saturating_sub(BREATH), heard.changed()).await {
        sleep(longest).await;
    }
}

fn has_file(item: &Item, file: &str) -> bool {
    item.parts.iter().any(|part| is_same_file(&part.file, file))
}

/// The second key: the site's id in the name of the file, which a library without an agent makes
/// the title. Finds what is not among the newest, and files whose name another system spells in
/// another way.
async fn by_video(server: &Server, placed: &Placed) -> Result<Option<Item>, Trouble> {
    let Some(id) = video_id(&placed.file) else { return Ok(None) };
    let query =
        ItemQuery { title: Some(id.to_owned()), size: 10, sort: Sort::NEWEST, ..ItemQuery::default() };
    let found = server.items(&placed.section, &query).await?.items;
    let is_it = |item: &Item| {
        item.parts.iter().any(|part| {
            let same_name = has_file(item, &placed.file) || video_id(&part.file) == Some(id);
            same_name && member_folder(&part.file) == member_folder(&placed.file)
        })
    };
    Ok(found.into_iter().find(is_it))
}

/// `abc` of `/media/A title [abc].mp4`, also of `A title [abc] (2).mp4`.
fn video_id(file: &str) -> Option<&str> {
    let name = file.rsplit(['/', '\\']).next()?;
    let (before, _) = name.rsplit_once(']')?;
    let (_, id) = before.rsplit_once('[')?;
    (id.len() >= 4 && !id.contains(char::is_whitespace)).then_some(id)
}

/// The folder above the playlist's: members who have the same video have it in folders of their
/// own; see `downloads::library`.
fn member_folder(file: &str) -> Option<String> {
    let mut parts = file.rsplit(['/', '\\']).skip(1);
    // The playlist's own folder may be spelled in another way too; the member's is plain.
    let member = parts.nth(1)?;
    Some(member.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_video_is_in_the_last_brackets_of_its_name() {
        for (file, id) in [
            ("/media/n/L/A [live] title [dQw4w9WgXcQ].mp4", Some("dQw4w9WgXcQ")),
            ("D:\\Media\\n\\L\\A [dQw4w9WgXcQ] (2).mkv", Some("dQw4w9WgXcQ")),
            ("/media/[folder]/A.mp4", None),
            ("/media/A [two words].mp4", None),
            ("/media/A [x].mp4", None),
        ] {
            assert_eq!(video_id(file), id, "{file}");
        }
    }

    #[test]
    fn members_are_told_apart_by_their_folder() {
        assert_eq!(member_folder("/m/nora/L/A.mp4"), member_folder("D:\\m\\Nora\\L2\\A.mp4"));
        assert_ne!(member_folder("/m/nora/L/A.mp4"), member_folder("/m/sam/L/A.mp4"));
    }
}
