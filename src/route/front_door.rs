//! What every request goes through, in this order:
//!
//!     path below the base path -> route -> who is it? -> may they? -> CSRF -> rate limit
//!        -> body -> handler -> headers
//!
//! The only warp filter of the portal is made here. It never rejects: what can't be answered is
//! a [`Problem`], so no request is tried on a second route, and a panic of a handler is a 500.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use actors::runtime::correlated;
use bytes::Buf;
use futures_util::{FutureExt, Stream, StreamExt};
use http::{HeaderMap, HeaderValue, Method, header};
use http_body_util::BodyDataStream;
use tokio::time::Instant;
use warp::filters::BoxedFilter;
use warp::ws::Ws;
use warp::{Filter, Reply};

use super::visit::{Head, Rest};
use super::{Access, Found, Meter, Params, Query, Response, Route, Table, Via, Visit, answer, body};
use crate::app::App;
use crate::problem::Problem;
use crate::webhooks::without_secret;
use crate::{auth, cors, csrf, headers, limits, metrics_door};
use store::ephemeral::Verdict;

/// The other end of a connection; the server puts it into every request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Shows a problem to a person; the API never comes here.
pub type ProblemPage = fn(&App, &Arc<Head>, &Problem) -> Response;

/// The whole portal as one warp filter.
pub fn filter(table: Arc<Table>, app: App, page: ProblemPage) -> BoxedFilter<(Response,)> {
    let house = Arc::new(House { table, app, page });
    let upgrade = warp::ws().map(Some).or(warp::any().map(|| None::<Ws>)).unify();
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    warp::method()
        .and(warp::path::full())
        .and(query)
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<Peer>())
        .and(upgrade)
        .and(warp::body::stream())
        .then(move |method, path: warp::path::FullPath, query, headers, peer, upgrade, body| {
            let request = Request { method, path: path.as_str().to_owned(), query, headers, peer, upgrade };
            house.clone().answer(request, body)
        })
        .boxed()
}

struct House {
    table: Arc<Table>,
    app: App,
    page: ProblemPage,
}

struct Request {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    peer: Option<Peer>,
    upgrade: Option<Ws>,
}

/// What the way to the handler found out, for the headers of the answer.
#[derive(Default)]
struct Notes {
    /// The pattern of the route; empty when there is none.
    pattern: &'static str,
    /// A fresh session cookie.
    renewed: Option<HeaderValue>,
    limit: Option<Verdict>,
}

/// Where a request goes.
enum Way {
    To(Arc<Route>),
    /// Answered before any handler.
    Short(Response),
}

impl House {
    async fn answer<B: Buf>(
        self: Arc<Self>,
        request: Request,
        body: impl Stream<Item = Result<B, warp::Error>> + Send + 'static,
    ) -> Response {
        let began = Instant::now();
        let peer = request.peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |Peer(address)| address.ip());
        let settings = &self.app.settings;
        let mut head = Head {
            remote: headers::remote(settings, peer, &request.headers),
            request_id: headers::request_id(settings.trusts(peer), &request.headers),
            method: request.method,
            path: request.path,
            params: Params::default(),
            query: Query(request.query),
            headers: request.headers,
            user: None,
            via: Via::Nobody,
            csrf: None,
            base: settings.base.clone(),
        };
        let mut rest = Rest { upgrade: request.upgrade, body: Some(body::boxed(body)), form: None };
        let mut notes = Notes::default();

        let way = guarded(&head.request_id.clone(), self.lead(&mut head, &mut rest, &mut notes)).await;
        let head = Arc::new(head);
        let answer = match way {
            Ok(Way::To(route)) => {
                let visit = Visit { head: head.clone(), rest };
                let answering = route.answer(self.app.clone(), visit);
                guarded(&head.request_id, correlated(Some(head.request_id.clone()), answering)).await
            }
            Ok(Way::Short(response)) => Ok(response),
            Err(problem) => Err(problem),
        };

        let mut response = answer.unwrap_or_else(|problem| self.show(&head, &problem));
        if headers::is_stream(response.headers()) {
            response = self.until_closing(response);
        }
        self.finish(&head, &notes, &mut response);
        metrics_door::count_request(&head, notes.pattern, response.status(), began.elapsed());
        response
    }

    /// From the request line to the route, past everybody who may say no.
    async fn lead(&self, head: &mut Head, rest: &mut Rest, notes: &mut Notes) -> Result<Way, Problem> {
        headers::check(&head.headers)?;
        let Some(path) = self.below_base(&head.path) else {
            let is_base = !head.base.as_str().is_empty() && head.path == head.base.as_str();
            let home = || answer::see_other(&head.base.link("/"));
            return if is_base { Ok(Way::Short(home())) } else { Err(Problem::not_found()) };
        };
        head.path = path.to_owned();
        if let Some(answer) = cors::preflight(&self.app.settings, head) {
            return Ok(Way::Short(answer));
        }
        let route = match self.table.find(&head.method, &head.path) {
            Found::Route(route, params) => {
                head.params = params;
                route
            }
            Found::OtherMethods(methods) => return Err(Problem::method_not_allowed(methods)),
            Found::Nothing => return Err(Problem::not_found()),
        };
        notes.pattern = route.pattern;
        if route.access == Access::Public {
            return Ok(Way::To(route));
        }

        let identity = auth::identify(&self.app, &head.headers).await?;
        notes.renewed = identity.renewed;
        head.user = identity.user;
        head.via = identity.via;
        head.csrf = identity.csrf;

        match (route.access, &head.user) {
            (Access::Public | Access::Anyone, _) => {}
            (_, None) => return Err(Problem::signed_out()),
            (Access::Admin, Some(user)) if !user.is_admin() => return Err(Problem::forbidden()),
            (Access::Member | Access::Admin, Some(_)) => {}
        }
        if head.is_unsafe() {
            csrf::check(&self.app.settings, head, rest, route.csrf_token).await?;
        }
        if route.meter == Meter::Api {
            let verdict = limits::count_api(&self.app, head).await;
            notes.limit = verdict;
            limits::within(verdict)?;
        }
        Ok(Way::To(route))
    }

    /// The health doors are also open outside the base path, for whoever looks past the proxy.
    fn below_base<'a>(&self, path: &'a str) -> Option<&'a str> {
        let health = || matches!(path, "/healthz" | "/readyz").then_some(path);
        self.app.settings.base.strip(path).or_else(health)
    }

    fn show(&self, head: &Arc<Head>, problem: &Problem) -> Response {
        if problem.status.is_server_error() {
            tracing::warn!(request_id = %head.request_id, kind = problem.kind, path = without_secret(&head.path), "a request failed");
        }
        if head.wants_json() {
            return problem.to_json(&head.request_id, &head.base.link(instance(without_secret(&head.path))));
        }
        if problem.kind == Problem::signed_out().kind {
            return to_login(head);
        }
        let mut response = (self.page)(&self.app, head, problem);
        problem.mark(&mut response);
        response
    }

    /// A stream that ends when the portal stops, instead of keeping it from stopping.
    fn until_closing(&self, response: Response) -> Response {
        let (parts, body) = response.into_parts();
        let closing = self.app.closing.clone().cancelled_owned();
        let body = BodyDataStream::new(body).take_until(closing);
        let mut response = warp::reply::stream(body).into_response();
        *response.status_mut() = parts.status;
        *response.headers_mut() = parts.headers;
        response
    }

    fn finish(&self, head: &Head, notes: &Notes, response: &mut Response) {
        if let Some(cookie) = &notes.renewed
            && !response.headers().contains_key(header::SET_COOKIE)
            && !headers::is_stream(response.headers())
        {
            response.headers_mut().append(header::SET_COOKIE, cookie.clone());
        }
        if let Some(verdict) = notes.limit {
            limits::tell(verdict, response.headers_mut());
        }
        cors::allow(&self.app.settings, head, response.headers_mut());
        headers::secure(&self.app.settings, head, response);
    }
}

/// What `doing` comes to; a panic of it is a problem that says nothing.
async fn guarded<T>(request_id: &str, doing: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    AssertUnwindSafe(doing).catch_unwind().await.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let what = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
        tracing::error!(request_id, panic = what, "a handler panicked");
        Err(Problem::internal())
    })
}

/// Asks a person to sign in, and brings them back here afterwards.
fn to_login(head: &Head) -> Response {
    let query = head.query.as_str();
    let here = if query.is_empty() { head.path.clone() } else { format!("{}?{query}", head.path) };
    let mut login = head.base.link("/login");
    if !head.is_unsafe() && here != "/" && crate::link::local_path(&here).is_some() {
        let next: String = url::form_urlencoded::byte_serialize(here.as_bytes()).collect();
        login = format!("{login}?next={next}");
    }
    if head.is_htmx() {
        // A redirect would be followed inside the fragment; htmx goes there with the whole page.
        let mut response = Response::default();
        Problem::signed_out().mark(&mut response);
        let to = head.base.link("/login");
        return answer::with_header(response, header::HeaderName::from_static("hx-redirect"), &to);
    }
    answer::see_other(&login)
}

/// The path for `instance`; an absurdly long one is cut.
fn instance(path: &str) -> &str {
    let path = path.get(..256).unwrap_or(path);
    if path.starts_with('/') { path } else { "/" }
}
