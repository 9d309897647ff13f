//! All routes in one tree of path segments.

use std::collections::HashMap;
use std::sync::Arc;

use http::Method;

use super::Route;

/// Every route of the portal. A literal segment wins over a parameter.
#[derive(Debug, Default)]
pub struct Table {
    root: Node,
    all: Vec<Arc<Route>>,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<&'static str, Node>,
    parameter: Option<(&'static str, Box<Node>)>,
    routes: Vec<Arc<Route>>,
}

/// The values of the `:parameters` of a pattern, decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(&'static str, String)>);

impl Params {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

/// What lies at a path.
#[derive(Debug)]
pub enum Found {
    Route(Arc<Route>, Params),
    /// The path is known, the method is not; these are.
    OtherMethods(Vec<Method>),
    Nothing,
}

impl Table {
    /// # Panics
    ///
    /// When two routes have the same method and pattern, which a test meets at once.
    pub fn new(routes: impl IntoIterator<Item = Route>) -> Self {
        let mut table = Self::default();
        for route in routes {
            table.add(Arc::new(route));
        }
        table
    }

    fn add(&mut self, route: Arc<Route>) {
        let mut node = &mut self.root;
        for segment in segments(route.pattern) {
            node = match segment.strip_prefix(':') {
                Some(name) => &mut node.parameter.get_or_insert_with(|| (name, Box::default())).1,
                None => node.literals.entry(segment).or_default(),
            };
        }
        let taken = node.routes.iter().any(|other| other.method == route.method);
        assert!(!taken, "two routes answer {} {}", route.method, route.pattern);
        node.routes.push(route.clone());
        self.all.push(route);
    }

    /// Every route, in the order in which they were added.
    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        self.all.iter().map(|route| &**route)
    }

    /// The route for `path`, which is below the base path and still percent-encoded.
    ///
    /// A segment that decodes to nothing, to a slash, to a NUL or to no UTF-8 lies nowhere: the
    /// path that was checked is the path that is served.
    pub fn find(&self, method: &Method, path: &str) -> Found {
        let Some(segments) = segments(path).map(decode).collect::<Option<Vec<String>>>() else {
            return Found::Nothing;
        };
        let mut params = Params::default();
        let Some(node) = self.root.find(&segments, &mut params) else { return Found::Nothing };

        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        if let Some(route) = node.routes.iter().find(|route| route.method == *wanted) {
            return Found::Route(route.clone(), params);
        }
        let mut others: Vec<Method> = node.routes.iter().map(|route| route.method.clone()).collect();
        if others.contains(&Method::GET) {
            others.push(Method::HEAD);
        }
        Found::OtherMethods(others)
    }
}

impl Node {
    fn find(&self, segments: &[String], params: &mut Params) -> Option<&Node> {
        let Some((first, rest)) = segments.split_first() else {
            return (!self.routes.is_empty()).then_some(self);
        };
        if let Some(node) = self.literals.get(first.as_str())
            && let Some(found) = node.find(rest, params)
        {
            return Some(found);
        }
        let (name, node) = self.parameter.as_ref()?;
        params.0.push((name, first.clone()));
        let found = node.find(rest, params);
        if found.is_none() {
            params.0.pop();
        }
        found
    }
}

/// The segments of `/a/b`: `a`, `b`; none for `/`.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let count = if path.is_empty() { 0 } else { usize::MAX };
    path.split('/').take(count)
}

fn decode(segment: &str) -> Option<String> {
    if !segment.contains('%') {
        return (!segment.is_empty()).then(|| segment.to_owned());
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push((high * 16 + low) as u8);
    }
    let text = String::from_utf8(bytes).ok()?;
    let plain = !text.is_empty() && !text.contains(['/', '\\', '\0']);
    plain.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::App;
    use crate::route::{Door, Visit, delete, get, no_content, post};

    fn table() -> Table {
        let quiet = |door: Door| door.then(async |_: App, _: Visit| Ok(no_content()));
        Table::new([
            quiet(get("/")),
            quiet(get("/downloads")),
            quiet(post("/downloads")),
            quiet(get("/downloads/:id")),
            quiet(delete("/downloads/:id")),
            quiet(get("/downloads/new")),
            quiet(get("/downloads/:id/files/:n")),
        ])
    }

    fn pattern(table: &Table, method: Method, path: &str) -> String {
        match table.find(&method, path) {
            Found::Route(route, params) => format!("{} {:?}", route.pattern, params.0),
            Found::OtherMethods(methods) => format!("{methods:?}"),
            Found::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn the_right_route_is_found_with_its_parameters() {
        let table = table();
        for (method, path, expected) in [
            (Method::GET, "/", "/ []"),
            (Method::HEAD, "/downloads", "/downloads []"),
            (Method::GET, "/downloads/new", "/downloads/new []"),
            (Method::GET, "/downloads/7", "/downloads/:id [(\"id\", \"7\")]"),
            (
                Method::GET,
                "/downloads/a%20b/files/2",
                "/downloads/:id/files/:n [(\"id\", \"a b\"), (\"n\", \"2\")]",
            ),
            (Method::DELETE, "/downloads", "[GET, POST, HEAD]"),
            (Method::TRACE, "/", "[GET, HEAD]"),
            (Method::GET, "/downloads/7/files", "nothing"),
        ] {
            assert_eq!(pattern(&table, method, path), expected, "{path}");
        }
    }

    #[test]
    fn a_path_in_disguise_lies_nowhere() {
        let table = table();
        for path in [
            "//",
            "//downloads",
            "/downloads/",
            "/downloads//",
            "/downloads/%2F",
            "/downloads/%00",
            "/downloads/%5c..",
            "/downloads/%",
            "/downloads/%4",
            "/downloads/%zz",
            "/downloads/%ff",
            "/Downloads",
            "/downloads;x=1",
            "*",
            "",
        ] {
            let found = pattern(&table, Method::GET, path);
            assert!(found == "nothing" || path.is_empty(), "{path:?} is {found}");
        }
    }
}
