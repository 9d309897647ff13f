//! Good files and every kind of bad one.

use std::time::Duration;

use super::*;
use crate::supervisor::{Backoff, OnMeltdown};

fn problems(text: &str) -> Vec<String> {
    let error = Tree::parse("supervisor.toml", text).expect_err("this should not be accepted");
    error.to_string().lines().map(str::to_owned).collect()
}

/// A tree with one actor `a`, and `more` in its entry.
fn with_actor(more: &str) -> String {
    format!("name = \"top\"\nstrategy = \"one_for_one\"\n\n[[children]]\nname = \"a\"\n{more}\n")
}

/// A tree with `more` in the root's entry.
fn with_root(more: &str) -> String {
    format!("name = \"top\"\nstrategy = \"one_for_one\"\n{more}\n[[children]]\nname = \"a\"\n")
}

#[test]
fn the_tree_that_is_shipped_is_accepted_and_drawn() {
    let tree = Tree::parse("supervisor.toml", include_str!("../../../../supervisor.toml")).unwrap();

    let drawing = tree.print();

    assert!(
        drawing.starts_with("medianest                     one_for_one, 5 restarts in 1m, escalate\n"),
        "{drawing}"
    );
    for line in [
        "├─ events                     rest_for_one, 5 restarts in 1m, escalate",
        "│  ├─ event-hub               permanent, start 5s, stop 5s",
        "├─ services                   dynamic, 5 restarts in 1m, start 5s, stop 5s, give_up",
        "│  └─ queue                   permanent, start 15s, stop 5s",
        "├─ maintenance                permanent, start 5s, stop 5s, give_up",
        "└─ web                        permanent, start 5s, stop 8s",
        "[template.service]            rest_for_one, 5 restarts in 1m, give_up",
        "└─ monitor                    permanent, start 5s, stop 5s",
    ] {
        assert!(drawing.lines().any(|drawn| drawn == line), "there is no \"{line}\" in\n{drawing}");
    }
}

#[test]
fn what_is_not_said_has_a_default() {
    let tree = Tree::parse("supervisor.toml", &with_actor("")).unwrap();

    let Body::Supervisor(supervision) = &tree.root.body else { panic!("the root is an actor") };
    assert_eq!((supervision.intensity, supervision.period), (5, Duration::from_secs(60)));
    let a = &supervision.children[0];
    assert_eq!(a.body, Body::Actor);
    assert_eq!(a.restart, Restart::Permanent);
    assert_eq!(a.backoff, Backoff::default());
    assert_eq!(a.start_timeout, Some(Duration::from_secs(5)));
    assert_eq!(a.shutdown, Shutdown::After(Duration::from_secs(5)));
    assert_eq!(a.on_meltdown, None);
}

#[test]
fn everything_can_be_said() {
    let text = r#"
        name = "top"
        kind = "supervisor"
        strategy = "rest_for_one"
        intensity = 3
        period = "1m 30s"
        on_meltdown = "give_up"
        children = [
            { name = "a", kind = "actor", restart = "transient", shutdown = "infinity", start_timeout = "infinity" },
            { name = "b", restart = "temporary", shutdown = "kill", on_meltdown = "escalate",
              backoff = { initial = "1s", max = "1m", factor = 1.5, reset_after = "1h" } },
        ]
    "#;

    let tree = Tree::parse("supervisor.toml", text).unwrap();

    let Body::Supervisor(supervision) = &tree.root.body else { panic!("the root is an actor") };
    assert_eq!(supervision.strategy, Strategy::RestForOne);
    assert_eq!((supervision.intensity, supervision.period), (3, Duration::from_secs(90)));
    assert_eq!(tree.root.on_meltdown, Some(OnMeltdown::GiveUp));
    let [a, b] = &supervision.children[..] else { panic!("not two children") };
    assert_eq!((a.restart, a.shutdown, a.start_timeout), (Restart::Transient, Shutdown::Infinity, None));
    assert_eq!((b.restart, b.shutdown), (Restart::Temporary, Shutdown::Kill));
    assert_eq!(b.backoff.factor, 1.5);
    assert_eq!(b.backoff.max, Duration::from_secs(60));
}

#[test]
fn a_bad_value_is_named_with_its_file_line_and_key() {
    let table: &[(&str, &str)] = &[
        ("shutdown = \"5 bananas\"", "shutdown: \"5 bananas\" is not a duration (write 500ms, 5s or 2m)"),
        ("start_timeout = \"0s\"", "start_timeout: must be longer than nothing"),
        ("start_timeout = 5", "start_timeout: must be text in quotes, not integer"),
        ("restart = \"always\"", "restart: \"always\" is not one of permanent, transient, temporary"),
        ("on_meltdown = \"panic\"", "on_meltdown: \"panic\" is not one of escalate, give_up"),
        ("kind = \"plugin\"", "kind: \"plugin\" is not one of actor, supervisor"),
        (
            "backoff = \"1s\"",
            "backoff: must be a table, as { initial = \"200ms\", max = \"10s\" }, not string",
        ),
        (
            "backoff = { initial = \"soon\" }",
            "backoff.initial: \"soon\" is not a duration (write 500ms, 5s or 2m)",
        ),
        ("backoff = { initial = \"2s\", max = \"1s\" }", "backoff.max: is shorter than backoff.initial"),
        ("backoff = { factor = 0.5 }", "backoff.factor: must be from 1 to 100"),
        ("backoff = { factor = \"two\" }", "backoff.factor: must be a number, not string"),
        ("backoff = { jitter = true }", "backoff.jitter: is not a known key"),
        ("retsart = \"permanent\"", "retsart: is not a known key"),
        ("kind = \"actor\"\nstrategy = \"one_for_one\"", "strategy: only a supervisor has this"),
        (
            "strategy = \"all_for_one\"",
            "strategy: \"all_for_one\" is not one of one_for_one, one_for_all, rest_for_one, dynamic",
        ),
        ("strategy = \"one_for_all\"", "children: are missing: a supervisor supervises something"),
        (
            "strategy = \"one_for_all\"\nchildren = []",
            "children: is empty: a supervisor supervises something",
        ),
        (
            "strategy = \"one_for_all\"\nchildren = \"b\"",
            "children: must be a list of tables, as [[children]]",
        ),
        (
            "strategy = \"one_for_all\"\nchildren = [\"b\"]",
            "children: must be a list of tables, as [[children]]",
        ),
        ("strategy = \"dynamic\"\nchildren = []", "children: a dynamic supervisor has no declared children"),
        (
            "kind = \"supervisor\"\nchildren = [{ name = \"b\" }]",
            "strategy: is missing: every supervisor has one",
        ),
        (
            "intensity = 0\nstrategy = \"dynamic\"",
            "intensity: 0 is not possible: it is a number of restarts from 1 to 1000",
        ),
        (
            "intensity = -1\nstrategy = \"dynamic\"",
            "intensity: -1 is not possible: it is a number of restarts from 1 to 1000",
        ),
        ("intensity = \"5\"\nstrategy = \"dynamic\"", "intensity: must be a whole number, not string"),
        ("period = \"0s\"\nstrategy = \"dynamic\"", "period: must be longer than nothing"),
    ];

    for (more, expected) in table {
        let found = problems(&with_actor(more));

        assert_eq!(found.len(), 1, "{more}: {found:?}");
        let (place, message) =
            found[0].split_once(": child \"a\": ").unwrap_or_else(|| panic!("{}", found[0]));
        assert_eq!(message, *expected, "{more}");
        let line: usize = place.strip_prefix("supervisor.toml:").unwrap().parse().unwrap();
        let key = expected.split([':', '.']).next().unwrap();
        let text = with_actor(more);
        let named = text.lines().nth(line - 1).unwrap();
        assert!(named.contains(key) || named.contains("[[children]]"), "{more}: line {line} is \"{named}\"");
    }
}

#[test]
fn names_are_plain_and_not_taken_twice() {
    assert_eq!(
        problems(&with_actor("[[children]]\nname = \"b\"\n[[children]]\nname = \"a\"")),
        ["supervisor.toml:9: name: \"a\" is taken by the child on line 5"]
    );
    assert_eq!(
        problems(&with_actor("[[children]]\nname = \"B/c\"")),
        [
            "supervisor.toml:7: child \"B/c\": name: \"B/c\" is not a name (use lower-case letters, digits and hyphens)"
        ]
    );
    assert_eq!(
        problems(&with_actor("[[children]]\nrestart = \"permanent\"")),
        ["supervisor.toml:6: child \"?\": name: is missing"]
    );
}

#[test]
fn the_same_name_in_two_places_of_the_tree_is_fine() {
    let text =
        with_actor("[[children]]\nname = \"b\"\nstrategy = \"one_for_one\"\nchildren = [{ name = \"a\" }]");

    assert!(Tree::parse("supervisor.toml", &text).is_ok());
}

#[test]
fn the_root_is_a_supervisor_that_nobody_restarts() {
    assert_eq!(
        problems("name = \"top\"\n"),
        ["supervisor.toml:1: strategy: is missing: every supervisor has one"]
    );
    assert_eq!(
        problems("name = \"top\"\nkind = \"actor\"\n")[0],
        "supervisor.toml:2: kind: must be a supervisor here"
    );
    assert_eq!(
        problems("name = \"top\"\nstrategy = \"dynamic\"\n"),
        ["supervisor.toml:2: strategy: cannot be dynamic here"]
    );
    assert_eq!(
        problems(&with_root("restart = \"permanent\"")),
        ["supervisor.toml:3: restart: the root of the tree has none"]
    );
    assert_eq!(problems(&with_root("port = 80")), ["supervisor.toml:3: port: is not a known key"]);
}

#[test]
fn a_template_is_held_to_the_same_rules() {
    let text = with_root("")
        + "[template.pair]\nstrategy = \"rest_for_one\"\n[[template.pair.children]]\nname = \"x\"\nshutdown = \"never\"\n";
    assert_eq!(
        problems(&text),
        [
            "supervisor.toml:10: [template.pair] child \"x\": shutdown: \"never\" is not a duration (write 500ms, 5s or 2m)"
        ]
    );
    let text = with_root("") + "[template.pair]\nname = \"pair\"\nstrategy = \"dynamic\"\n";
    assert_eq!(
        problems(&text),
        [
            "supervisor.toml:7: [template.pair]: name: a template is named by its header",
            "supervisor.toml:8: [template.pair]: strategy: cannot be dynamic here",
        ]
    );
    let text = with_root("") + "[template]\npair = 1\n";
    assert_eq!(problems(&text), ["supervisor.toml:7: [template.pair]: pair: must be a table"]);
}

#[test]
fn all_problems_are_told_at_once() {
    let found = problems(&with_actor("shutdown = \"x\"\nrestart = \"y\"\nz = 1"));

    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn what_is_not_toml_is_told_with_its_line() {
    let found = problems("name = \"top\"\nstrategy = \n");

    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("supervisor.toml:2: syntax: "), "{}", found[0]);
}
