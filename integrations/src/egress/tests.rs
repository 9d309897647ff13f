//! The proxy under clients that speak to it byte by byte, with a resolver of the tests' own.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::address::{HostPolicy, Refusal};
use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Proxy, Resolver};
use crate::http::Cause;
use crate::test_server::{TestServer, reply};
use crate::test_tls::{Authority, TlsServer};

type Answers = Vec<Vec<IpAddr>>;

/// Each name has a list of answers; the last one stays.
#[derive(Clone, Default)]
struct Names {
    answers: Arc<Mutex<HashMap<&'static str, Answers>>>,
    asked: Arc<AtomicUsize>,
}

impl Names {
    fn set(&self, name: &'static str, answers: &[&[&str]]) {
        let parse = |ips: &&[&str]| ips.iter().map(|ip| ip.parse().unwrap()).collect();
        self.answers.lock().unwrap().insert(name, answers.iter().map(parse).collect());
    }
}

impl Resolver for Names {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let answer = match answers.get_mut(host) {
            Some(list) if list.len() > 1 => list.remove(0),
            Some(list) => list[0].clone(),
            None => vec![],
        };
        Box::pin(async move { Ok(answer) })
    }
}

struct Running {
    proxy: Proxy,
    address: SocketAddr,
    names: Names,
    _serving: JoinSet<()>,
}

async fn start(allow: &str) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let names = Names::default();
    let proxy = Proxy::new(HostPolicy::parse(allow, "").unwrap(), names.clone(), address);
    let mut serving = JoinSet::new();
    let served = proxy.clone();
    serving.spawn(async move { served.serve(listener).await.unwrap() });
    Running { proxy, address, names, _serving: serving }
}

impl Running {
    /// The header that a client of `job` sends.
    fn credential(&self, job: &str) -> String {
        let url = self.proxy.admit(job);
        let credential = url.expose().strip_prefix("http://").unwrap().split_once('@').unwrap().0.to_owned();
        format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(credential))
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends one request and reads the whole answer.
    async fn exchange(&self, request_line: &str, headers: &str) -> String {
        let mut stream = self.connect().await;
        let request = format!("{request_line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

/// Reads up to the end of a head.
async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = vec![];
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(Duration::from_secs(5), stream.read_u8()).await.unwrap().unwrap());
    }
    String::from_utf8(head).unwrap()
}

async fn echo_server() -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            connections.spawn(async move {
                let (mut read, mut write) = stream.into_split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    (address, tasks)
}

#[tokio::test]
async fn an_allowed_request_arrives_as_if_it_were_sent_directly() {
    let server = TestServer::start(|_, request| async move {
        let seen = format!("{} {} {:?}", request.method(), request.uri(), request.headers());
        reply(200, &[("x-kept", "1"), ("connection", "x-dropped"), ("x-dropped", "1")], seen)
    })
    .await;
    let port = server.address.port();
    let running = start(&format!("video.test:{port}")).await;
    running.names.set("video.test", &[&["127.0.0.1"]]);
    let headers = format!("{}Proxy-Connection: keep-alive\r\nRange: bytes=5-\r\n", running.credential("a"));

    let answer = running.exchange(&format!("GET http://video.test:{port}/v.mp4?a=1"), &headers).await;

    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("GET /v.mp4?a=1"), "{answer}");
    assert!(answer.contains(&format!("\"host\": \"video.test:{port}\"")), "{answer}");
    assert!(answer.contains("bytes=5-") && answer.contains("x-kept: 1"), "{answer}");
    assert!(!answer.contains("proxy-") && !answer.contains("x-dropped"), "{answer}");
    assert!(running.proxy.counts().received > 0);
}

#[tokio::test]
async fn private_hosts_are_refused_before_any_connection() {
    let server = TestServer::answering(200, &[], "secret").await;
    let port = server.address.port();
    let running = start("").await;
    running.names.set("rebound.test", &[&["93.184.216.34", "127.0.0.1"]]);
    running.names.set("mapped.test", &[&["::ffff:127.0.0.1"]]);
    let credential = running.credential("a");

    for host in [
        "127.0.0.1",
        "localhost",
        "0x7f.1",
        "2130706433",
        "[::ffff:127.0.0.1]",
        "rebound.test",
        "mapped.test",
    ] {
        let get = running.exchange(&format!("GET http://{host}:{port}/"), &credential).await;
        let connect = running.exchange(&format!("CONNECT {host}:{port}"), &credential).await;
        for answer in [get, connect] {
            assert!(
                answer.starts_with("HTTP/1.1 403 Refused by MediaNest (address_not_public)"),
                "{host}: {answer}"
            );
            assert!(answer.contains("is not on the public internet"), "{answer}");
        }
    }
    assert_eq!((server.hits(), server.connections()), (0, 0));
    assert_eq!(running.proxy.counts().denied, 14);
    assert!(matches!(running.proxy.last_refusal("a"), Some(Refusal::NotPublic(_))));
}

#[tokio::test]
async fn every_hop_of_a_redirect_is_judged() {
    let private = TestServer::answering(200, &[], "secret").await;
    let target = private.url("/secret");
    let server = TestServer::start(move |_, _| {
        let target = target.clone();
        async move { reply(302, &[("location", &target)], "") }
    })
    .await;
    let running = start(&server.address.to_string()).await;
    let credential = running.credential("a");

    let first = running.exchange(&format!("GET {}", server.url("/v")), &credential).await;
    let location = first.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    let second = running.exchange(&format!("GET {location}"), &credential).await;

    assert!(second.starts_with("HTTP/1.1 403"), "{second}");
    assert_eq!((server.hits(), private.hits()), (1, 0));
}

#[tokio::test]
async fn a_name_that_changes_its_answer_gains_nothing() {
    let server = TestServer::answering(200, &[], "video").await;
    let port = server.address.port();
    let trap = TcpListener::bind(("127.0.0.2", port)).await.unwrap();
    let running = start(&format!("127.0.0.1:{port}")).await;
    running.names.set("rebinding.test", &[&["127.0.0.1"], &["127.0.0.2"]]);
    let credential = running.credential("a");
    let line = format!("GET http://rebinding.test:{port}/");

    let first = running.exchange(&line, &credential).await;
    assert!(first.ends_with("video"), "{first}");
    assert_eq!(running.names.asked.load(Ordering::SeqCst), 1, "judging and connecting share one answer");
    let second = running.exchange(&line, &credential).await;

    assert!(second.starts_with("HTTP/1.1 403"), "{second}");
    assert!(timeout(Duration::from_millis(50), trap.accept()).await.is_err(), "the trap was reached");
}

#[tokio::test]
async fn without_the_credential_of_a_job_nothing_passes() {
    let server = TestServer::answering(200, &[], "video").await;
    let running = start(&server.address.to_string()).await;
    let good = running.credential("a");
    let wrong = |text: &str| format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(text));

    for headers in
        ["", &wrong("a:guess"), &wrong("b:guess"), &wrong("a"), "Proxy-Authorization: Basic %%%\r\n"]
    {
        for line in [format!("GET {}", server.url("/")), format!("CONNECT {}", server.address)] {
            let answer = running.exchange(&line, headers).await;
            assert!(answer.starts_with("HTTP/1.1 407"), "{headers:?}: {answer}");
            assert!(answer.contains("proxy-authenticate: Basic"), "{answer}");
        }
    }
    assert_eq!(server.connections(), 0);
    running.proxy.dismiss("a");
    assert!(running.exchange(&format!("GET {}", server.url("/")), &good).await.starts_with("HTTP/1.1 407"));
}

#[tokio::test]
async fn a_tunnel_carries_bytes_until_its_job_is_dismissed() {
    let (echo, _tasks) = echo_server().await;
    let running = start(&echo.to_string()).await;
    let credential = running.credential("a");
    let mut tunnel = running.connect().await;
    tunnel.write_all(format!("CONNECT {echo} HTTP/1.1\r\n{credential}\r\n").as_bytes()).await.unwrap();
    assert!(read_head(&mut tunnel).await.starts_with("HTTP/1.1 200"));

    let sent = vec![7u8; 300_000];
    let (mut read, mut write) = tunnel.split();
    let mut back = vec![0u8; sent.len()];
    let (written, read_back) = tokio::join!(write.write_all(&sent), read.read_exact(&mut back));

    assert!(written.is_ok() && read_back.is_ok() && back == sent);
    let counts = running.proxy.counts();
    assert_eq!((counts.sent, counts.received, counts.connections), (300_000, 300_000, 1));
    running.proxy.dismiss("a");
    let end = timeout(Duration::from_secs(5), tunnel.read(&mut [0; 1])).await.expect("it is cut");
    assert!(!matches!(end, Ok(1..)));
}

#[tokio::test]
async fn each_request_of_a_kept_connection_is_judged_alone() {
    let server = TestServer::answering(200, &[], "").await;
    let running = start(&server.address.to_string()).await;
    let (ours, theirs) = (running.credential("a"), running.credential("b"));
    let mut stream = running.connect().await;
    let mut ask = async |url: &str, credential: &str| {
        stream
            .write_all(format!("GET {url} HTTP/1.1\r\nHost: x\r\n{credential}\r\n").as_bytes())
            .await
            .unwrap();
        let head = read_head(&mut stream).await;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        stream.read_exact(&mut vec![0; length.parse().unwrap()]).await.unwrap();
        head[9..12].to_owned()
    };

    assert_eq!(ask(&server.url("/"), &ours).await, "200");
    assert_eq!(ask("http://10.0.0.1/", &ours).await, "403");
    assert_eq!(ask(&server.url("/"), "").await, "407");
    assert_eq!(ask(&server.url("/"), &theirs).await, "407", "a connection never changes its job");
    assert_eq!(ask("ftp://example.com/", &ours).await, "403");
    assert_eq!(ask("/", &ours).await, "403");
    assert_eq!(ask(&server.url("/"), &ours).await, "200");
    assert_eq!(server.hits(), 2);
}

#[tokio::test]
async fn a_host_that_is_not_there_is_no_matter_of_policy() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let running = start(&closed.to_string()).await;
    let credential = running.credential("a");

    let refused = running.exchange(&format!("GET http://{closed}/"), &credential).await;
    let unknown = running.exchange("GET http://unknown.test/", &credential).await;

    assert!(refused.starts_with("HTTP/1.1 502"), "{refused}");
    assert!(unknown.starts_with("HTTP/1.1 502") && unknown.ends_with("host not found\n"), "{unknown}");
    assert_eq!(running.proxy.counts().denied, 0);
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_does_not_answer() {
    let server = TestServer::answering(200, &[], "video").await;
    let port = server.address.port();
    let running = start(&format!("two.test:{port}")).await;
    running.names.set("two.test", &[&["127.0.0.3", "127.0.0.1"]]);
    let credential = running.credential("a");

    let answer = running.exchange(&format!("GET http://two.test:{port}/"), &credential).await;

    assert!(answer.ends_with("video"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_finishes_its_request_is_dropped() {
    let running = start("").await;
    let mut stream = running.connect().await;
    stream.write_all(b"GET http://example.com/ HTTP/1.1\r\nHost:").await.unwrap();

    let mut rest = vec![];
    let ended = timeout(Duration::from_secs(60), stream.read_to_end(&mut rest)).await;

    assert!(ended.is_ok(), "it is still open after a minute");
}

#[tokio::test]
async fn credentials_survive_a_restart_of_the_serving_task() {
    let server = TestServer::answering(200, &[], "video").await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let policy = HostPolicy::parse(&server.address.to_string(), "").unwrap();
    let proxy = Proxy::new(policy, Names::default(), address);
    let mut running = Running { proxy, address, names: Names::default(), _serving: JoinSet::new() };
    let credential = running.credential("a");

    for _ in 0..2 {
        running._serving = JoinSet::new();
        let (proxy, listener) = (running.proxy.clone(), listener.try_clone().unwrap());
        running._serving.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            proxy.serve(listener).await.unwrap();
        });
        let answer = running.exchange(&format!("GET {}", server.url("/")), &credential).await;
        assert!(answer.ends_with("video"), "{answer}");
    }
}

/// A client that knows of the proxy as yt-dlp does, and trusts one authority.
fn https_client(house: &Running, authority: &Authority) -> reqwest::Client {
    let url = house.proxy.admit("job");
    let root = reqwest::Certificate::from_pem(authority.pem().as_bytes()).unwrap();
    reqwest::Client::builder()
        .proxy(reqwest::Proxy::all(url.expose()).unwrap())
        .tls_certs_only([root])
        .build()
        .unwrap()
}

#[tokio::test]
async fn https_goes_through_the_tunnel_and_is_secured_end_to_end() {
    let authority = Authority::new();
    let site = TlsServer::start(&authority, "video.example", |_| {}).await;
    let port = site.address.port();
    let house = start(&format!("video.example:{port}")).await;
    house.names.set("video.example", &[&["127.0.0.1"]]);
    let client = https_client(&house, &authority);

    let answer = client.get(format!("https://video.example:{port}/watch")).send().await.unwrap();

    assert_eq!(answer.text().await.unwrap(), "hello");

    // The proxy cannot be tricked into passing off another site: the client sees its certificate.
    house.names.set("other.example", &[&["127.0.0.1"]]);
    let house = start(&format!("other.example:{port}")).await;
    house.names.set("other.example", &[&["127.0.0.1"]]);
    let client = https_client(&house, &authority);
    let error = client.get(format!("https://other.example:{port}/")).send().await.unwrap_err();
    assert!(matches!(Cause::of(&error), Cause::Certificate(_)), "{error:?}");
}

#[tokio::test]
async fn a_tunnel_to_a_private_https_host_is_refused_whatever_its_certificate() {
    let authority = Authority::new();
    let site = TlsServer::start(&authority, "nas.example", |_| {}).await;
    let house = start("").await;
    house.names.set("nas.example", &[&["127.0.0.1"]]);
    let client = https_client(&house, &authority);

    let url = format!("https://nas.example:{}/", site.address.port());

    assert!(client.get(url).send().await.unwrap_err().is_connect());
}
