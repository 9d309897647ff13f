//! Reading `supervisor.toml`: everything that is wrong with it, with its line.
//!
//! Children are nested in their supervisor, so that a cycle cannot even be written.

mod value;

use std::collections::BTreeMap;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Body, Node, Restart, Shutdown, Strategy, Supervision, Tree,
    spec::{INTENSITY, PERIOD, SHUTDOWN, START_TIMEOUT},
};

/// Everything that is wrong with a file; one line each when shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct SpecError {
    pub problems: Vec<Problem>,
}

/// One thing that is wrong, shown as
/// `supervisor.toml:41: child "downloads/queue": shutdown: "5 bananas" is not a duration`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {at}{}{key}: {message}", if at.is_empty() { "" } else { ": " })]
pub struct Problem {
    pub file: String,
    /// From 1.
    pub line: usize,
    /// Which entry of the tree; empty for the file as a whole.
    pub at: String,
    pub key: String,
    pub message: String,
}

impl Tree {
    /// Reads a tree from `text`. `file_name` is only for the messages.
    ///
    /// # Errors
    ///
    /// Every problem of the file that can be found in one go.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, SpecError> {
        let mut reader = Reader { file: file_name, text, problems: Vec::new() };
        let tree = match DeTable::parse(text) {
            Ok(document) => reader.document(&document),
            Err(error) => {
                let start = error.span().map_or(0, |span| span.start);
                reader.problem(start, "", "syntax", error.message());
                None
            }
        };
        match tree {
            Some(tree) if reader.problems.is_empty() => Ok(tree),
            _ => Err(SpecError { problems: reader.problems }),
        }
    }
}

type Table<'i> = Spanned<DeTable<'i>>;
type Value<'i> = Spanned<DeValue<'i>>;

/// What an entry is part of, which decides what it may say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Root,
    Child,
    Template,
    InTemplate,
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    problems: Vec<Problem>,
}

const ACTOR_KEYS: &[&str] =
    &["name", "kind", "restart", "backoff", "start_timeout", "shutdown", "on_meltdown"];
const SUPERVISOR_KEYS: &[&str] = &["strategy", "intensity", "period", "children"];

impl<'a> Reader<'a> {
    fn line(&self, offset: usize) -> usize {
        1 + self.text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count()
    }

    fn problem(&mut self, offset: usize, at: &str, key: &str, message: impl Into<String>) {
        self.problems.push(Problem {
            file: self.file.to_owned(),
            line: self.line(offset),
            at: at.to_owned(),
            key: key.to_owned(),
            message: message.into(),
        });
    }

    fn document(&mut self, document: &Table<'_>) -> Option<Tree> {
        let templates = self.templates(document.get_ref());
        let root = self.node(document.get_ref(), document.span().start, Role::Root, "", "")?;
        Some(Tree { root, templates })
    }

    fn templates(&mut self, document: &DeTable<'_>) -> BTreeMap<String, Node> {
        let Some(value) = document.get("template") else { return BTreeMap::new() };
        let DeValue::Table(templates) = value.get_ref() else {
            self.problem(value.span().start, "", "template", "must be a table, as [template.service]");
            return BTreeMap::new();
        };
        let mut nodes = BTreeMap::new();
        for (name, value) in templates {
            let at = format!("[template.{}]", name.get_ref());
            let DeValue::Table(table) = value.get_ref() else {
                self.problem(value.span().start, &at, name.get_ref(), "must be a table");
                continue;
            };
            let node = self.node(table, name.span().start, Role::Template, &at, name.get_ref());
            nodes.extend(node.map(|node| (node.name.clone(), node)));
        }
        nodes
    }

    /// One entry with everything below it. `at` is how messages call it, `path` where it
    /// is in the tree (empty for the root).
    fn node(&mut self, table: &DeTable<'_>, offset: usize, role: Role, at: &str, path: &str) -> Option<Node> {
        let name = match role {
            Role::Template => Some(path.to_owned()),
            _ => self.name(table, offset, at),
        };
        let is_supervisor = self.is_supervisor(table, role, at);
        self.unknown_keys(table, role, is_supervisor, at);

        let strategy = if is_supervisor { self.strategy(table, offset, role, at) } else { None };
        let is_dynamic = strategy == Some(Strategy::Dynamic);
        let waits_for_children = is_supervisor && !is_dynamic;
        let node = Node {
            name: name?,
            restart: self.word(table, at, "restart", RESTARTS).unwrap_or(Restart::Permanent),
            backoff: self.backoff(table, at),
            start_timeout: self
                .start_timeout(table, at)
                .unwrap_or((!waits_for_children).then_some(START_TIMEOUT)),
            shutdown: self.shutdown(table, at).unwrap_or(if waits_for_children {
                Shutdown::Infinity
            } else {
                Shutdown::After(SHUTDOWN)
            }),
            on_meltdown: self.word(table, at, "on_meltdown", MELTDOWNS),
            body: if is_supervisor {
                let intensity = self.intensity(table, at).unwrap_or(INTENSITY);
                let period = self.positive_duration(table, at, "period").unwrap_or(PERIOD);
                let children = self.children(table, offset, strategy, role, at, path);
                Body::Supervisor(Supervision { strategy: strategy?, intensity, period, children })
            } else {
                Body::Actor
            },
        };
        Some(node)
    }

    fn name(&mut self, table: &DeTable<'_>, offset: usize, at: &str) -> Option<String> {
        let Some(value) = table.get("name") else {
            self.problem(offset, at, "name", "is missing");
            return None;
        };
        let name = self.text(value, at, "name")?;
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || !name.chars().all(is_plain) {
            let message = format!("\"{name}\" is not a name (use lower-case letters, digits and hyphens)");
            self.problem(value.span().start, at, "name", message);
            return None;
        }
        Some(name)
    }

    fn is_supervisor(&mut self, table: &DeTable<'_>, role: Role, at: &str) -> bool {
        let looks_like_one = SUPERVISOR_KEYS.iter().any(|key| table.contains_key(*key));
        let is_supervisor = self.word(table, at, "kind", KINDS).unwrap_or(looks_like_one);
        let must_be_one = matches!(role, Role::Root | Role::Template);
        if let (false, true, Some(kind)) = (is_supervisor, must_be_one, table.get("kind")) {
            self.problem(kind.span().start, at, "kind", "must be a supervisor here");
        }
        is_supervisor || must_be_one
    }

    fn unknown_keys(&mut self, table: &DeTable<'_>, role: Role, is_supervisor: bool, at: &str) {
        for key in table.keys() {
            let (name, offset) = (key.get_ref().as_ref(), key.span().start);
            let is_for_actors = ACTOR_KEYS.contains(&name);
            let is_for_supervisors = SUPERVISOR_KEYS.contains(&name);
            match name {
                "template" if role == Role::Root => {}
                "name" if role == Role::Template => {
                    self.problem(offset, at, name, "a template is named by its header")
                }
                "restart" | "backoff" | "start_timeout" | "shutdown" if role == Role::Root => {
                    self.problem(offset, at, name, "the root of the tree has none");
                }
                _ if is_for_supervisors && !is_supervisor => {
                    self.problem(offset, at, name, "only a supervisor has this");
                }
                _ if is_for_actors || is_for_supervisors => {}
                _ => self.problem(offset, at, name, "is not a known key"),
            }
        }
    }

    fn strategy(&mut self, table: &DeTable<'_>, offset: usize, role: Role, at: &str) -> Option<Strategy> {
        let Some(value) = table.get("strategy") else {
            self.problem(offset, at, "strategy", "is missing: every supervisor has one");
            return None;
        };
        let strategy = self.word(table, at, "strategy", STRATEGIES)?;
        if strategy == Strategy::Dynamic && role != Role::Child {
            self.problem(value.span().start, at, "strategy", "cannot be dynamic here");
            return None;
        }
        Some(strategy)
    }

    fn children(
        &mut self,
        table: &DeTable<'_>,
        offset: usize,
        strategy: Option<Strategy>,
        role: Role,
        at: &str,
        path: &str,
    ) -> Vec<Node> {
        let value = match (table.get("children"), strategy) {
            (Some(value), Some(Strategy::Dynamic)) => {
                let message = "a dynamic supervisor has no declared children";
                self.problem(value.span().start, at, "children", message);
                return Vec::new();
            }
            (None, None | Some(Strategy::Dynamic)) => return Vec::new(),
            (None, Some(_)) => {
                self.problem(offset, at, "children", "are missing: a supervisor supervises something");
                return Vec::new();
            }
            (Some(value), _) => value,
        };
        let DeValue::Array(entries) = value.get_ref() else {
            self.problem(value.span().start, at, "children", "must be a list of tables, as [[children]]");
            return Vec::new();
        };
        if entries.is_empty() {
            self.problem(value.span().start, at, "children", "is empty: a supervisor supervises something");
        }

        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut nodes = Vec::new();
        for entry in entries.iter() {
            let Some((node, name_offset)) = self.child(entry, role, at, path) else { continue };
            let line = self.line(name_offset);
            if let Some(first) = seen.insert(node.name.clone(), line) {
                let message = format!("\"{}\" is taken by the child on line {first}", node.name);
                self.problem(name_offset, at, "name", message);
                continue;
            }
            nodes.push(node);
        }
        nodes
    }

    fn child(&mut self, entry: &Value<'_>, role: Role, at: &str, path: &str) -> Option<(Node, usize)> {
        let offset = entry.span().start;
        let DeValue::Table(table) = entry.get_ref() else {
            self.problem(offset, at, "children", "must be a list of tables, as [[children]]");
            return None;
        };
        let is_in_template = matches!(role, Role::Template | Role::InTemplate);
        let name = table.get("name");
        let called = name.and_then(|name| name.get_ref().as_str()).unwrap_or("?");
        let child_path = match role {
            Role::Template => called.to_owned(),
            _ => super::resolve::join(path, called),
        };
        let (child_at, child_role) = if is_in_template {
            let template = at.split(" child").next().unwrap_or(at);
            (format!("{template} child \"{child_path}\""), Role::InTemplate)
        } else {
            (format!("child \"{child_path}\""), Role::Child)
        };
        let node = self.node(table, offset, child_role, &child_at, &child_path)?;
        Some((node, name.map_or(offset, |name| name.span().start)))
    }
}

use super::OnMeltdown;

const KINDS: &[(&str, bool)] = &[("actor", false), ("supervisor", true)];
const STRATEGIES: &[(&str, Strategy)] = &[
    ("one_for_one", Strategy::OneForOne),
    ("one_for_all", Strategy::OneForAll),
    ("rest_for_one", Strategy::RestForOne),
    ("dynamic", Strategy::Dynamic),
];
const RESTARTS: &[(&str, Restart)] = &[
    ("permanent", Restart::Permanent),
    ("transient", Restart::Transient),
    ("temporary", Restart::Temporary),
];
const MELTDOWNS: &[(&str, OnMeltdown)] =
    &[("escalate", OnMeltdown::Escalate), ("give_up", OnMeltdown::GiveUp)];

#[cfg(test)]
mod tests;
