//! The text format of metrics: `family{label="value",…} number`.

/// One line.
#[derive(Debug, PartialEq)]
pub(super) struct Sample<'a> {
    pub(super) family: &'a str,
    pub(super) labels: Vec<(&'a str, String)>,
    pub(super) value: f64,
}

impl Sample<'_> {
    pub(super) fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

/// Nothing for a comment and for what is no sample.
pub(super) fn sample(line: &str) -> Option<Sample<'_>> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let end = line.find(|c| !is_name(c)).filter(|end| *end > 0)?;
    let (family, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    // A time may follow the number.
    let value = rest.split_ascii_whitespace().next()?.parse().ok()?;
    Some(Sample { family, labels, value })
}

/// The labels, and what follows the closing brace.
fn labels(mut rest: &str) -> Option<(Vec<(&str, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (name, after) = rest.split_once("=\"")?;
        let (value, after) = quoted(after)?;
        labels.push((name.trim(), value));
        rest = after;
    }
}

/// Up to the closing quote, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match letters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_is_a_name_labels_and_a_number() {
        let line = r#"monitor_status{monitor_id="2",monitor_name="a \"b\", c} \\ d\ne",x=""} 1"#;

        let sample = sample(line).unwrap();

        assert_eq!((sample.family, sample.value), ("monitor_status", 1.0));
        assert_eq!(sample.label("monitor_id"), Some("2"));
        assert_eq!(sample.label("monitor_name"), Some("a \"b\", c} \\ d\ne"));
        assert_eq!((sample.label("x"), sample.label("y")), (Some(""), None));
    }

    #[test]
    fn what_is_no_sample_is_nothing() {
        assert_eq!(sample("up 1 1700000000").map(|sample| sample.value), Some(1.0));
        assert_eq!(sample("temperature{} -1.5e3").map(|sample| sample.value), Some(-1500.0));
        for line in [
            "",
            "# HELP monitor_status Monitor Status",
            "<html>",
            "monitor_status",
            "monitor_status{",
            "monitor_status{a=\"b\"",
            "monitor_status{a=\"b\\",
            "monitor_status{a=\"b\"} x",
            "monitor_status{a} 1",
        ] {
            assert_eq!(sample(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_label_is_read_as_it_was_written(name in ".{0,40}") {
            let escaped = name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let line = format!("monitor_status{{monitor_name=\"{escaped}\"}} 0");
            let sample = sample(&line).unwrap();
            prop_assert_eq!(sample.label("monitor_name"), Some(name.as_str()));
        }

        #[test]
        fn any_line_is_read_without_a_panic(line in ".{0,80}") {
            let _ = sample(&line);
        }
    }
}
