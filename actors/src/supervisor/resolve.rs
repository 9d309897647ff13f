//! From what is declared and what can be made to what a supervisor works from.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::runtime::{Factory, Phase, System};

use super::{
    Blueprint, Body, Child, Node, OnMeltdown, Supervision, Tree,
    child::{ChildSpec, ChildWork, DynamicSpec, Rehydrate, SupervisorSpec, Work},
};

/// Puts a path together. The children of the root have no prefix.
pub(crate) fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") }
}

/// The whole tree, ready to run.
///
/// # Errors
///
/// Every path that is declared without a factory, or the reverse.
pub(crate) fn tree(
    tree: &Tree,
    blueprint: Blueprint,
    system: &System,
) -> Result<Arc<SupervisorSpec>, Vec<String>> {
    let templates = Arc::new(tree.templates.clone());
    let mut resolver = Resolver {
        actors: &blueprint.actors,
        dynamic: &blueprint.dynamic,
        absent: &blueprint.absent,
        templates: &templates,
        declared: true,
        used: BTreeSet::new(),
        ghosts: Vec::new(),
        problems: Vec::new(),
    };

    let Body::Supervisor(supervision) = &tree.root.body else {
        return Err(vec!["the root of the tree is not a supervisor".to_owned()]);
    };
    let root = resolver.supervisor(&tree.root, supervision, "");
    resolver.report_unused();
    if !resolver.problems.is_empty() {
        return Err(resolver.problems);
    }

    for (path, parent, reason) in &resolver.ghosts {
        let parent = if parent.is_empty() { &tree.root.name } else { parent };
        show_ghost(system, path, parent, reason);
    }
    root.ok_or_else(|| vec!["the root of the tree is dynamic".to_owned()])
}

fn show_ghost(system: &System, path: &str, parent: &str, reason: &str) {
    let slot = system.place(
        path,
        crate::runtime::Placing {
            kind: "ghost",
            parent: Some(parent.into()),
            strategy: None,
            restarts_allowed: 0,
            declared: true,
        },
    );
    slot.set_card(serde_json::json!({ "absent": reason }));
    slot.set_phase(Phase::Ghost);
}

/// A child of a dynamic supervisor, ready to run.
///
/// # Errors
///
/// In words, when its template does not exist or names other members.
pub(crate) fn child(child: Child, dynamic: &DynamicSpec) -> Result<ChildSpec, String> {
    let (node, work) = match child.work {
        ChildWork::Actor(factory) => (&dynamic.node, Work::Actor(factory)),
        ChildWork::Group { template, members } => {
            let node = dynamic
                .templates
                .get(&template)
                .ok_or_else(|| format!("there is no [template.{template}]"))?;
            (node, Work::Supervisor(group(node, members, &dynamic.templates)?))
        }
    };
    Ok(ChildSpec {
        name: child.name.into(),
        restart: child.restart,
        backoff: dynamic.node.backoff,
        start_timeout: child.start_timeout.or(node.start_timeout),
        shutdown: child.shutdown.unwrap_or(node.shutdown),
        on_meltdown: dynamic.node.on_meltdown.unwrap_or(OnMeltdown::Escalate),
        work,
        declared: false,
    })
}

fn group(
    node: &Node,
    members: Vec<(String, Factory)>,
    templates: &Arc<BTreeMap<String, Node>>,
) -> Result<Arc<SupervisorSpec>, String> {
    let Body::Supervisor(supervision) = &node.body else {
        return Err(format!("[template.{}] is not a supervisor", node.name));
    };
    let members: BTreeMap<String, Factory> = members.into_iter().collect();
    let (dynamic, absent) = (BTreeMap::new(), BTreeMap::new());
    let mut resolver = Resolver {
        actors: &members,
        dynamic: &dynamic,
        absent: &absent,
        templates,
        declared: false,
        used: BTreeSet::new(),
        ghosts: Vec::new(),
        problems: Vec::new(),
    };

    let group = resolver.supervisor(node, supervision, "");
    resolver.report_unused();
    match group {
        Some(group) if resolver.problems.is_empty() => Ok(group),
        _ => Err(format!("[template.{}]: {}", node.name, resolver.problems.join("; "))),
    }
}

struct Resolver<'a> {
    actors: &'a BTreeMap<String, Factory>,
    dynamic: &'a BTreeMap<String, Rehydrate>,
    absent: &'a BTreeMap<String, String>,
    templates: &'a Arc<BTreeMap<String, Node>>,
    declared: bool,
    used: BTreeSet<String>,
    /// Path, parent's path, reason.
    ghosts: Vec<(String, String, String)>,
    problems: Vec<String>,
}

impl Resolver<'_> {
    fn supervisor(
        &mut self,
        node: &Node,
        supervision: &Supervision,
        path: &str,
    ) -> Option<Arc<SupervisorSpec>> {
        let inherited = node.on_meltdown.unwrap_or(OnMeltdown::Escalate);
        let children =
            supervision.children.iter().filter_map(|child| self.child(child, path, inherited)).collect();
        let dynamic = if node.is_dynamic() { Some(self.dynamic(node, path)?) } else { None };
        Some(Arc::new(SupervisorSpec {
            strategy: supervision.strategy,
            intensity: supervision.intensity,
            period: supervision.period,
            children,
            dynamic,
        }))
    }

    fn dynamic(&mut self, node: &Node, path: &str) -> Option<DynamicSpec> {
        self.used.insert(path.to_owned());
        let Some(rehydrate) = self.dynamic.get(path) else {
            self.problems
                .push(format!("{path} is a dynamic supervisor, but nothing says what runs under it"));
            return None;
        };
        Some(DynamicSpec {
            rehydrate: Arc::clone(rehydrate),
            node: node.clone(),
            templates: Arc::clone(self.templates),
        })
    }

    fn child(&mut self, node: &Node, parent: &str, inherited: OnMeltdown) -> Option<Arc<ChildSpec>> {
        let path = join(parent, &node.name);
        if let Some(reason) = self.absent.get(&path) {
            self.used.insert(path.clone());
            self.ghosts.push((path, parent.to_owned(), reason.clone()));
            return None;
        }

        let (work, on_meltdown) = match &node.body {
            Body::Actor => (self.actor(&path)?, node.on_meltdown.unwrap_or(inherited)),
            // Its own entry speaks of its children; what becomes of itself is its parent's.
            Body::Supervisor(supervision) => {
                (Work::Supervisor(self.supervisor(node, supervision, &path)?), inherited)
            }
        };
        let is_dynamic = node.is_dynamic();
        Some(Arc::new(ChildSpec {
            name: node.name.as_str().into(),
            restart: node.restart,
            backoff: node.backoff,
            // On a dynamic supervisor these two are about its children.
            start_timeout: node.start_timeout.filter(|_| !is_dynamic),
            shutdown: if is_dynamic { super::Shutdown::Infinity } else { node.shutdown },
            on_meltdown,
            work,
            declared: self.declared,
        }))
    }

    fn actor(&mut self, path: &str) -> Option<Work> {
        self.used.insert(path.to_owned());
        let Some(factory) = self.actors.get(path) else {
            self.problems.push(format!("{path} is declared, but nothing is known to run there"));
            return None;
        };
        Some(Work::Actor(factory.clone()))
    }

    fn report_unused(&mut self) {
        let known = self.actors.keys().chain(self.dynamic.keys()).chain(self.absent.keys());
        for path in known.filter(|path| !self.used.contains(*path)) {
            let is_below_a_ghost =
                self.ghosts.iter().any(|(ghost, ..)| path.starts_with(&format!("{ghost}/")));
            if !is_below_a_ghost {
                self.problems.push(format!("{path} is known, but not declared in the tree"));
            }
        }
    }
}
