//! The declared tree as a drawing.

use humantime::format_duration;

use super::{Body, Node, OnMeltdown, Restart, Shutdown, Supervision, Tree};

/// Where the second column begins.
const COLUMN: usize = 30;

impl Tree {
    /// The tree as `medianest tree` shows it, one line per place.
    pub fn print(&self) -> String {
        let mut lines = vec![line(&self.root.name, &self.root)];
        draw_children(&self.root, "", &mut lines);
        for (name, template) in &self.templates {
            lines.push(String::new());
            lines.push(line(&format!("[template.{name}]"), template));
            draw_children(template, "", &mut lines);
        }
        lines.push(String::new());
        lines.join("\n")
    }
}

fn draw_children(node: &Node, indent: &str, lines: &mut Vec<String>) {
    let Body::Supervisor(supervision) = &node.body else { return };
    let last = supervision.children.len().saturating_sub(1);
    for (index, child) in supervision.children.iter().enumerate() {
        let (branch, below) = if index == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        lines.push(line(&format!("{indent}{branch}{}", child.name), child));
        draw_children(child, &format!("{indent}{below}"), lines);
    }
}

fn line(drawing: &str, node: &Node) -> String {
    let words = match &node.body {
        Body::Actor => actor_words(node),
        Body::Supervisor(supervision) => supervisor_words(node, supervision),
    };
    let gap = COLUMN.saturating_sub(drawing.chars().count()).max(1);
    format!("{drawing}{}{}", " ".repeat(gap), words.join(", "))
}

fn actor_words(node: &Node) -> Vec<String> {
    let mut words = vec![node.restart.as_str().to_owned()];
    words.extend(timeouts(node));
    words.extend(node.on_meltdown.map(|on_meltdown| on_meltdown.as_str().to_owned()));
    words
}

fn supervisor_words(node: &Node, supervision: &Supervision) -> Vec<String> {
    let mut words = vec![supervision.strategy.as_str().to_owned()];
    if node.restart != Restart::Permanent {
        words.push(node.restart.as_str().to_owned());
    }
    words.push(format!("{} restarts in {}", supervision.intensity, format_duration(supervision.period)));
    if node.is_dynamic() {
        words.extend(timeouts(node));
    }
    words.push(node.on_meltdown.unwrap_or(OnMeltdown::Escalate).as_str().to_owned());
    words
}

fn timeouts(node: &Node) -> Vec<String> {
    let start = match node.start_timeout {
        Some(patience) => format!("start {}", format_duration(patience)),
        None => "start whenever".to_owned(),
    };
    let stop = match node.shutdown {
        Shutdown::After(patience) => format!("stop {}", format_duration(patience)),
        Shutdown::Infinity => "stop whenever".to_owned(),
        Shutdown::Kill => "killed at once".to_owned(),
    };
    vec![start, stop]
}
