use std::path::Path;

use super::*;

fn tracker() -> Tracker {
    Tracker::new(Limits::default(), vec![])
}

/// Everything that a captured run tells when each claimed file is there.
fn replay(mut tracker: Tracker, capture: &str, code: i32) -> (Vec<JobEvent>, Exit) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/yt-dlp");
    let mut events = Vec::new();
    for (pipe, name) in [(Pipe::Stdout, "stdout"), (Pipe::Stderr, "stderr")] {
        let text = std::fs::read_to_string(folder.join(format!("{capture}.{name}"))).unwrap();
        for line in text.lines() {
            say(&mut tracker, pipe, line, &mut events);
        }
    }
    let mut last = tracker.finish(Some(code), None, None, false);
    let Some(JobEvent::Ended(exit)) = last.pop() else { panic!("the story has no end") };
    events.extend(last);
    (events, exit)
}

fn say(tracker: &mut Tracker, pipe: Pipe, line: &str, events: &mut Vec<JobEvent>) {
    for fact in tracker.line(pipe, line) {
        match fact {
            Fact::Event(event) => events.push(event),
            Fact::Claimed(claim) => {
                let settled = tracker.settle(claim, Ok((1000, vec![])));
                events.extend(settled.into_iter().map(|fact| match fact {
                    Fact::Event(event) => event,
                    other => panic!("{other:?}"),
                }));
            }
            Fact::Hopeless(failure) => events.push(JobEvent::Ended(Exit {
                code: None,
                signal: None,
                stopped: false,
                done: 0,
                failure: Some(failure),
            })),
        }
    }
}

fn words(events: &[JobEvent]) -> Vec<String> {
    let word = |event: &JobEvent| match event {
        JobEvent::Playlist { title, items, all } => format!("playlist {title:?} {items}/{all}"),
        JobEvent::ItemStarted { position, title, .. } => format!("started {position} {title:?}"),
        JobEvent::Progress(progress) => {
            format!("{:?} of {}/{}", progress.percent, progress.item, progress.items)
        }
        JobEvent::Processing { position, what } => format!("{} {position}", what.as_str()),
        JobEvent::ItemDone(item) => format!("done {}", item.position),
        JobEvent::ItemFailed { position, failure } => format!("failed {position} {}", failure.code),
        JobEvent::Ended(exit) => format!("ended {:?}", exit.failure.as_ref().map(|failure| &failure.code)),
    };
    events.iter().map(word).filter(|word| !word.contains(" of ")).collect()
}

fn percents(events: &[JobEvent]) -> Vec<f32> {
    let percent =
        |event: &JobEvent| if let JobEvent::Progress(progress) = event { progress.percent } else { None };
    events.iter().filter_map(percent).collect()
}

#[test]
fn a_single_file_starts_moves_and_is_done() {
    let (events, exit) = replay(tracker(), "dl_single", 0);

    assert_eq!(words(&events), ["started 1 Some(\"single\")", "done 1"]);
    assert_eq!(percents(&events).last(), Some(&100.0));
    assert_eq!((exit.failure, exit.done), (None, 1));
}

#[test]
fn two_streams_go_to_100_once_and_are_merged() {
    let (events, exit) = replay(tracker(), "dl_dash_best", 0);

    let percents = percents(&events);
    assert!(percents.is_sorted(), "{percents:?}");
    assert_eq!(percents.iter().filter(|percent| **percent > 99.9).count(), 1, "{percents:?}");
    assert_eq!(words(&events), ["started 1 Some(\"manifest\")", "done 1", "merging 1"]);
    assert_eq!(exit.failure, None);
}

#[test]
fn a_conversion_is_told_step_by_step() {
    let (events, _) = replay(tracker(), "preset_mp3", 0);

    assert_eq!(words(&events)[2..], ["finishing 1", "converting 1", "embedding 1", "embedding 1"]);
}

#[test]
fn a_bad_entry_fails_alone_and_keeps_its_position() {
    let (events, exit) = replay(tracker(), "playlist_rss", 1);

    let words = words(&events);
    assert!(words.contains(&"playlist Some(\"Local Feed\") 5/5".to_owned()), "{words:?}");
    assert!(words.contains(&"failed 3 not_found".to_owned()), "{words:?}");
    assert_eq!(words.iter().filter(|word| word.starts_with("done")).count(), 4);
    assert_eq!((exit.done, exit.failure), (4, None));
}

#[test]
fn an_exit_code_is_no_verdict() {
    for (capture, code, failure) in [
        ("err_404", 1, Some("not_found")),
        ("disk_full", 1, Some("no_space")),
        ("net_stall", 1, Some("timed_out")),
        ("err_maxsize", 0, Some("nothing_downloaded")),
        ("err_exists", 0, None),
        ("dl_single", 1, None),
        ("sig_int_live", 0, None),
    ] {
        let (_, exit) = replay(tracker(), capture, code);

        assert_eq!(exit.failure.map(|failure| failure.code).as_deref(), failure, "{capture}");
    }
}

#[test]
fn a_file_above_the_limit_is_named_as_such() {
    let limits = Limits { file_bytes: Some(1 << 20), ..Limits::default() };

    let (_, exit) = replay(Tracker::new(limits, vec![]), "err_maxsize", 0);

    assert_eq!(exit.failure.unwrap().code, "too_large");
}

#[test]
fn a_text_page_is_given_up_before_it_is_saved() {
    let (events, _) = replay(tracker(), "err_unsupported", 0);

    assert!(words(&events).contains(&"ended Some(\"not_media\")".to_owned()), "{events:?}");
}

const SEEN: &str = r#"{"ev":"seen","i":{"id":"a","playlist_index":2,"playlist_count":9,"n_entries":3,"playlist_title":"L"}}"#;

#[test]
fn a_playlist_that_goes_on_counts_what_is_in_the_library() {
    let mut tracker = Tracker::new(Limits { items: 4, ..Limits::default() }, vec![1]);
    let mut events = Vec::new();

    say(&mut tracker, Pipe::Stderr, "ERROR: [x] 0: HTTP Error 404: Not Found", &mut events);
    say(
        &mut tracker,
        Pipe::Stdout,
        &SEEN.replace("\"playlist_index\":2", "\"playlist_index\":3"),
        &mut events,
    );
    say(
        &mut tracker,
        Pipe::Stdout,
        r#"{"ev":"progress","info":{"id":"a","playlist_index":3},"p":{"downloaded_bytes":1,"total_bytes":2}}"#,
        &mut events,
    );

    assert_eq!(words(&events), ["playlist Some(\"L\") 4/9", "failed 2 not_found"]);
    assert_eq!(percents(&events), [62.5], "two of four are over and the third is half there");
}

#[test]
fn a_full_disk_or_a_bot_check_ends_a_playlist_at_once() {
    for (said, code) in [
        ("[Errno 28] No space left on device", "no_space"),
        ("Sign in to confirm you're not a bot", "bot_check"),
    ] {
        let mut tracker = tracker();
        tracker.line(Pipe::Stdout, SEEN);

        let facts = tracker.line(Pipe::Stderr, &format!("ERROR: {said}"));

        assert!(matches!(facts.as_slice(), [Fact::Hopeless(failure)] if failure.code == code), "{facts:?}");
    }
}

#[test]
fn positions_that_come_twice_do_not_hide_an_item() {
    let mut tracker = tracker();
    let mut events = Vec::new();

    say(&mut tracker, Pipe::Stdout, SEEN, &mut events);
    say(&mut tracker, Pipe::Stdout, &SEEN.replace("\"id\":\"a\"", "\"id\":\"b\""), &mut events);
    for id in ["a", "b"] {
        let done =
            format!(r#"{{"ev":"done","i":{{"id":"{id}","playlist_index":2,"filepath":"/x/{id}.mp4"}}}}"#);
        say(&mut tracker, Pipe::Stdout, &done, &mut events);
    }

    assert_eq!(words(&events)[1..], ["done 2", "done 10"]);
}

#[test]
fn a_live_broadcast_is_passed_over_and_says_so() {
    let mut tracker = tracker();
    tracker.line(Pipe::Stdout, r#"{"ev":"seen","i":{"id":"a","is_live":true}}"#);

    let events = tracker.finish(Some(0), None, None, false);

    let [JobEvent::Ended(exit)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(exit.failure.as_ref().unwrap().code, "is_live");
}

#[test]
fn death_is_told_unless_we_asked_for_it() {
    for (stopped, failure) in [(false, Some("killed")), (true, None)] {
        let events = tracker().finish(None, Some(9), None, stopped);

        let [JobEvent::Ended(exit)] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(exit.failure.as_ref().map(|failure| failure.code.as_str()), failure);
    }
}

#[test]
fn a_file_that_is_not_there_fails_its_item_although_it_was_said_to_be_done() {
    let mut tracker = tracker();
    let facts = tracker.line(Pipe::Stdout, r#"{"ev":"done","i":{"id":"a","filepath":"/x/a.mp4"}}"#);
    let [Fact::Claimed(claim)] = <[Fact; 1]>::try_from(facts).unwrap() else { panic!() };

    tracker.settle(claim, Err(own::not_verified("the file is empty")));

    let events = tracker.finish(Some(0), None, None, false);
    let [JobEvent::Ended(exit)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((exit.done, exit.failure.as_ref().unwrap().code.as_str()), (0, "verify_failed"));
}

#[test]
fn what_a_site_says_of_a_video_stays_with_that_video() {
    let mut tracker = tracker();
    let about = |id: &str, index: u32| {
        format!(
            r#"{{"ev":"about","i":{{"id":"{id}","playlist_index":{index},"description":"Of {id}\nand more"}}}}"#
        )
    };
    let done = |id: &str, index: u32| {
        format!(r#"{{"ev":"done","i":{{"id":"{id}","playlist_index":{index},"filepath":"/x/{id}.mp4"}}}}"#)
    };
    let lines = [about("a", 1), done("a", 1), done("b", 2), about("c", 3), done("d", 4)];

    let mut events = Vec::new();
    for line in lines {
        say(&mut tracker, Pipe::Stdout, &line, &mut events);
    }

    let descriptions: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            JobEvent::ItemDone(item) => Some((item.id.as_str(), item.description.as_deref())),
            _ => None,
        })
        .collect();
    assert_eq!(descriptions, [("a", Some("Of a\nand more")), ("b", None), ("d", None)]);
}
