//! Every template, with what people type and what programs answer at its worst.

use std::time::Duration;

use actors::plex_arrivals::Paths;
use actors::runtime::{ActorSnapshot, ActorState, MessageStats, Occurrence, SupervisionEvent};
use actors::sign_ins::{OwnerToken, Step, TokenHealth};
use askama::Template;
use domain::download::{
    Arrival, ArrivalState, Choice, Download, DownloadFile, DownloadItem, DownloadStatus, Failure, Phase,
    Preset, Progress,
};
use domain::event::Tone;
use domain::path_map::{LibraryFolder, Mapping, Suggestion};
use domain::plex::{Membership, PinPurpose, PinRefusal, PlexId, PlexProfile};
use domain::service::{ServiceKind, ServiceStatus, UptimeBar};
use domain::user::{Role, User};
use domain::{ApiTokenId, DownloadId, SessionId, Timestamp, UserId};

use super::Around;
use super::account::{AccountPage, SessionLine, TokenLine};
use super::actors::ActorsPage;
use super::door::{LoginPage, PlexDoor, SetupDonePage, SetupForm, SetupPage};
use super::downloads::form::FormatChoice;
use super::downloads::{
    DiskGauge, DownloadPage, DownloadRow, DownloadsPage, Probed, QuotaGauge, Slots, StartForm, ToolCard,
};
use super::folders::FoldersPage;
use super::home::HomePage;
use super::library::HomeShelves;
use super::people::{NewPerson, PeoplePage};
use super::plex::{GuestLine, OwnerCard, PlexBackPage, PlexCard, PlexGoPage, PlexPeoplePage, PlexWait};
use super::problem::{ProblemPage, ProblemToast};
use super::requests::{HomeRequests, OpenRequests};
use super::services::{FormErrors, ServiceForm, ServicesPage};
use super::shell::{AtWork, Here, Person, ServicesUp, Shell};
use super::status::{Change, StatusPage, Watched};
use super::toast::Toast;
use crate::link::Base;
use actors::downloads::launch::Tool;

mod discover;
mod hostile;
mod library;
mod requests;
mod sound;

/// What a person may have typed, or a site may have answered, in every place at once.
struct Words {
    name: String,
    title: String,
    text: String,
}

impl Words {
    /// As it should be.
    fn plain() -> Self {
        Self {
            name: "Ana".to_owned(),
            title: "Slow trains of the north".to_owned(),
            text: "The site asks for a sign-in, which the portal does not have.".to_owned(),
        }
    }

    fn hostile(text: &str) -> Self {
        Self { name: text.to_owned(), title: text.to_owned(), text: text.to_owned() }
    }
}

fn base() -> Base {
    Base::parse("/medianest").unwrap()
}

fn ago(seconds: u64) -> Timestamp {
    Timestamp::now() - Duration::from_secs(seconds)
}

pub fn watched(name: &str, status: ServiceStatus) -> Watched {
    let bar = |n: u32| {
        let down = u32::from(status == ServiceStatus::Down && n > 44);
        UptimeBar {
            up: 60,
            pending: u32::from(n == 30),
            down,
            latency_ms: Some(30 + n * 7 % 23 + n / 20 * 9),
        }
    };
    Watched {
        name: name.to_owned(),
        kind: ServiceKind::Http,
        address: "192.168.1.20:8123".to_owned(),
        status,
        since: ago(7_500),
        interval: Duration::from_secs(20),
        latency_ms: (status == ServiceStatus::Up).then_some(38),
        stale: false,
        message: (status != ServiceStatus::Up).then(|| "Connection refused".to_owned()),
        day: (0..48).map(bar).collect(),
        uptime_day: Some(0.9998),
        uptime_month: Some(0.9991),
        month: (0..30).map(bar).collect(),
    }
}

fn services(words: &Words) -> Vec<Watched> {
    let kinds = [
        ("plex", ServiceKind::Plex, ServiceStatus::Up),
        ("home-assistant", ServiceKind::Http, ServiceStatus::Up),
        ("printer", ServiceKind::Http, ServiceStatus::Down),
        ("seerr", ServiceKind::Overseerr, ServiceStatus::Pending),
        ("backup-target", ServiceKind::Http, ServiceStatus::Paused),
    ];
    let service = |(name, kind, status)| Watched {
        kind,
        message: (status != ServiceStatus::Up).then(|| words.text.clone()),
        ..watched(name, status)
    };
    let mut services: Vec<_> = kinds.map(service).into();
    services[1].message = None;
    services
}

fn shell(words: &Words, here: Here) -> Shell {
    let shell = Shell {
        around: Around { base: base(), csrf: Some("csrf-token_1".into()) },
        person: Some(Person::new(words.name.clone())),
        admin: true,
        here,
        at_work: AtWork { running: 2 },
        open_requests: OpenRequests { open: 3 },
        services_up: ServicesUp { up: 2, all: 5 },
        banners: Vec::new(),
        ..Shell::bare(base(), Some("dark"))
    };
    shell.live("1795368600250-17")
}

fn download(words: &Words, status: DownloadStatus, phase: Phase) -> Download {
    let over = status.is_over();
    Download {
        id: DownloadId::generate(),
        user: UserId::generate(),
        url: format!("https://video.example/watch?v={}", words.name),
        choice: Choice::Preset(Preset::Hd1080),
        title: Some(words.title.clone()),
        items: Some(1),
        status,
        phase,
        progress: Progress {
            percent: Some(55.4),
            bytes: 214_000_000,
            total: Some(390_000_000),
            speed: Some(6_100_000),
            eta_s: Some(29),
            item: 1,
            items: 1,
        },
        failure: (status == DownloadStatus::Failed || phase == Phase::RetryWait).then(|| Failure {
            code: "needs_sign_in".to_owned(),
            message: words.text.clone(),
            retryable: true,
            detail: Some(words.text.clone()),
        }),
        attempts: 3,
        run_at: Some(Timestamp::now() + Duration::from_secs(30)),
        version: 7,
        created_at: ago(900),
        completed_at: over.then(|| ago(700)),
        plex: (status == DownloadStatus::Completed).then(|| Arrival {
            state: ArrivalState::Failed,
            failure: Some(words.text.clone()),
            machine: None,
            key: None,
            is_collection: false,
        }),
        files: if status == DownloadStatus::Completed {
            vec![file(words, 1, "video/mp4")]
        } else {
            Vec::new()
        },
    }
}

fn file(words: &Words, n: u32, media_type: &str) -> DownloadFile {
    DownloadFile {
        n,
        name: format!("{}.mp4", words.title),
        bytes: 512_000_000,
        media_type: media_type.to_owned(),
        path: "somewhere".to_owned(),
    }
}

fn rows(words: &Words) -> Vec<DownloadRow> {
    let around = Around { base: base(), csrf: Some("csrf-token_1".into()) };
    let row = |status, phase| DownloadRow::new(around.clone(), download(words, status, phase), Vec::new());
    let mut playlist = row(DownloadStatus::Running, Phase::Downloading);
    playlist.download.items = Some(22);
    playlist.download.progress =
        Progress { item: 14, items: 22, eta_s: Some(1_440), ..playlist.download.progress };
    playlist.items = [
        (13, DownloadStatus::Completed),
        (14, DownloadStatus::Running),
        (15, DownloadStatus::Failed),
        (16, DownloadStatus::Queued),
    ]
    .map(|(position, status)| DownloadItem {
        position,
        title: Some(words.title.clone()),
        status,
        failure: download(words, status, Phase::Over).failure,
        target: None,
        bytes: Some(412_000_000),
    })
    .into();
    let unknown = Progress { percent: None, total: None, ..Progress::default() };
    let mut audio = row(DownloadStatus::Completed, Phase::Over);
    audio.download.choice = Choice::Preset(Preset::Mp3);
    vec![
        row(DownloadStatus::Running, Phase::Downloading),
        playlist,
        row(DownloadStatus::Running, Phase::Downloading).at(unknown, None),
        row(DownloadStatus::Running, Phase::Publishing).at(Progress::default(), Some("merging")),
        row(DownloadStatus::Failed, Phase::Over),
        row(DownloadStatus::Queued, Phase::Waiting).in_line(3, Some(Duration::from_secs(360))),
        row(DownloadStatus::Queued, Phase::Waiting),
        row(DownloadStatus::Running, Phase::RetryWait),
        row(DownloadStatus::Queued, Phase::NoSpace),
        row(DownloadStatus::Completed, Phase::Over),
        audio,
        row(DownloadStatus::Cancelled, Phase::Over),
    ]
}

fn actor(words: &Words, path: &str, kind: &'static str, state: ActorState) -> ActorSnapshot {
    let strategy = (kind == "supervisor").then_some("rest_for_one");
    ActorSnapshot {
        path: path.to_owned(),
        kind,
        state,
        mailbox: usize::from(state == ActorState::Stuck) * 41,
        refused: 0,
        restarts: u32::from(state == ActorState::Restarting) * 2,
        restarts_used: u32::from(state == ActorState::Restarting) * 2,
        restarts_allowed: 3,
        last_error: (state == ActorState::Restarting).then(|| words.text.clone()),
        since: ago(131),
        parent: match path.rsplit_once('/') {
            Some((parent, _)) => Some(parent.to_owned()),
            None if path == "medianest" => None,
            None => Some("medianest".to_owned()),
        },
        strategy,
        busy_for: (state == ActorState::Stuck).then_some(Duration::from_secs(9)),
        busy_with: Some("Publish"),
        generation: 4,
        messages: if strategy.is_some() {
            Vec::new()
        } else {
            vec![stats("Permit", 1_204), stats("Outcome", 1_187)]
        },
        card: serde_json::json!({"state": words.text, "failures": 3, "hosts": ["a", words.text]}),
    }
}

fn stats(kind: &'static str, count: u64) -> MessageStats {
    MessageStats { kind, count, errors: 2, p50_us: 120, p95_us: 940, max_us: 38_000, wait_p95_us: 400 }
}

fn tree(words: &Words) -> Vec<ActorSnapshot> {
    use ActorState::{Busy, Draining, Failed, Ghost, Restarting, Running, Starting, Stopped, Stuck};
    [
        ("medianest", "supervisor", Running),
        ("events", "supervisor", Running),
        ("events/event-hub", "event-hub", Running),
        ("events/outbox-relay", "relay", Running),
        ("events/stream-reader", "reader", Ghost),
        ("services", "supervisor", Running),
        ("services/plex", "supervisor", Running),
        ("services/plex/breaker", "breaker", Restarting),
        ("services/plex/monitor", "monitor", Starting),
        ("services/seerr", "supervisor", Failed),
        ("downloads", "supervisor", Running),
        ("downloads/egress", "egress", Running),
        ("downloads/queue", "queue", Busy),
        ("downloads/jobs", "supervisor", Running),
        ("downloads/jobs/0199f5a2-77c0", "download", Stuck),
        ("downloads/jobs/0199f5a2-8f21", "download", Draining),
        ("downloads/jobs/0199f5a2-5d10", "download", Stopped),
        ("maintenance", "maintenance", Running),
        ("web", "web", Running),
    ]
    .map(|(path, kind, state)| actor(words, path, kind, state))
    .into()
}

fn events(words: &Words) -> Vec<SupervisionEvent> {
    let event = |age, path: &str, what| SupervisionEvent {
        at: ago(age),
        path: path.into(),
        what,
        reason: Some(words.text.clone()),
        generation: 1,
    };
    vec![
        event(290, "web", Occurrence::Started),
        event(200, "downloads/jobs/0199f5a2-5d10", Occurrence::Ended),
        event(150, "services/plex/breaker", Occurrence::Crashed),
        event(146, "services/plex/breaker", Occurrence::Restarting),
        event(60, "services/seerr", Occurrence::Escalated),
        event(20, "downloads/jobs/0199f5a2-77c0", Occurrence::Stuck),
    ]
}

/// Every page, and what htmx is answered with.
fn every_page(words: &Words) -> Vec<(&'static str, String)> {
    let mut pages = vec![
        ("home", home(words)),
        ("home-new", home_of_a_new_house(words)),
        ("status", status(words)),
        ("downloads", downloads(words)),
        ("download", download_detail(words)),
        ("discover", discover::page(words)),
        ("discover-empty", discover::nobody_to_ask(words)),
        ("discover-row", discover::row(words)),
        ("discover-row-away", discover::row_away(words)),
        ("title-film", discover::film(words)),
        ("title-show", discover::show(words)),
        ("title-away", discover::away(words)),
        ("requests", requests::page(words)),
        ("requests-member", requests::for_a_member(words)),
        ("requests-empty", requests::nothing(words)),
        ("request", requests::alone(words)),
        ("account", account(words)),
        ("people", people(words)),
        ("services", services_page(words)),
        ("folders", folders_page(words, true)),
        ("folders-away", folders_page(words, false)),
        ("actors", actors_page(words, None)),
        ("actor", actors_page(words, Some("services/plex/breaker".to_owned()))),
        ("actor-gone", actors_page(words, Some(words.name.clone()))),
        ("login", login(words)),
        ("plex-back", plex_back(words, plex_wait(words))),
        ("plex-refused", plex_back(words, plex_wait_refused(words))),
        ("plex-go", plex_go(words)),
        ("plex-people", plex_people(words)),
        ("setup", setup(words)),
        ("setup-done", setup_done(words)),
        ("problem", problem(words)),
        ("problem-toast", ProblemToast { title: &words.title, detail: &words.text }.render().unwrap()),
    ];
    pages.extend(library::pages(words));
    pages
}

fn folders_page(words: &Words, is_up: bool) -> String {
    let library = LibraryFolder {
        section: "3".to_owned(),
        title: words.title.clone(),
        is_other_videos: false,
        path: words.text.clone(),
    };
    let mapping = Mapping::new("/srv/library", "/media/<tube>").ok();
    let paths = Paths {
        ours: words.text.clone(),
        theirs: words.text.clone(),
        held_by: Some(library.clone()),
        suggestions: vec![Suggestion { mapping, folder: library }],
    };
    FoldersPage {
        shell: shell(words, Here::Services),
        service: "plex".to_owned(),
        ours: words.text.clone(),
        paths: if is_up { Ok(paths) } else { Err(words.text.clone()) },
        typed: (!is_up).then(|| words.text.clone()),
        error: (!is_up).then(|| words.text.clone()),
    }
    .render()
    .unwrap()
}

fn home(words: &Words) -> String {
    let toast = Toast { tone: Tone::Ok, title: words.title.clone(), body: words.text.clone() };
    let shell = Shell { toast: Some(toast), ..shell(words, Here::Home) };
    let downloads = rows(words).into_iter().take(5).collect();
    let shelves = HomeShelves::loading(shell.around.clone());
    let requests =
        HomeRequests { rows: requests::for_home(words, &shell.around), around: shell.around.clone() };
    HomePage { shell, services: services(words), downloads, requests, shelves }.render().unwrap()
}

fn home_of_a_new_house(words: &Words) -> String {
    let shell = shell(words, Here::Home);
    let shelves = HomeShelves::loading(shell.around.clone());
    let requests = HomeRequests { around: shell.around.clone(), rows: Vec::new() };
    HomePage { shell, services: Vec::new(), downloads: Vec::new(), requests, shelves }.render().unwrap()
}

fn status(words: &Words) -> String {
    let services = services(words);
    let change = |age, status| Change {
        service: "printer".to_owned(),
        at: ago(age),
        status,
        message: Some(words.text.clone()),
    };
    let history = vec![change(300, ServiceStatus::Down), change(90_000, ServiceStatus::Up)];
    StatusPage { shell: shell(words, Here::Status), services, history, report: None }.render().unwrap()
}

fn downloads(words: &Words) -> String {
    let shell = shell(words, Here::Downloads);
    let form = StartForm {
        url: words.title.clone(),
        url_error: Some(words.text.clone()),
        refusal: Some(words.text.clone()),
        probed: Some(Probed::Video {
            title: words.title.clone(),
            duration: Some(Duration::from_secs(1_451)),
            formats: vec![FormatChoice {
                id: words.name.clone(),
                label: words.title.clone(),
                bytes: Some(412_000_000),
            }],
        }),
        ..StartForm::empty(shell.around.clone())
    };
    let page = DownloadsPage {
        shell,
        form,
        rows: rows(words),
        slots: Slots { used: 2, total: 3 },
        quota: QuotaGauge { used: 3, limit: 5, next_at: Some(ago(0)) },
        disk: Some(DiskGauge { total: 2_000_000_000_000, free: 412_000_000_000, reserve: 20_000_000_000 }),
        tool: Some(ToolCard {
            tool: Tool::Works {
                version: "2026.08.19".to_owned(),
                released: ago(70 * 86_400),
                has_ffmpeg: true,
            },
        }),
        older: Some("after=x".to_owned()),
    };
    page.render().unwrap()
}

fn download_detail(words: &Words) -> String {
    let mut row = rows(words).swap_remove(9);
    row.download.files.push(file(words, 2, "audio/mpeg"));
    row.download.files.push(file(words, 3, "text/vtt"));
    DownloadPage { shell: shell(words, Here::Download), row }.render().unwrap()
}

fn account(words: &Words) -> String {
    let session = |is_this| SessionLine {
        id: SessionId::generate(),
        device: words.title.clone(),
        address: "192.168.1.7".to_owned(),
        last_seen_at: ago(4_000),
        created_at: ago(400_000),
        is_this,
    };
    let token = TokenLine {
        id: ApiTokenId::generate(),
        name: words.name.clone(),
        created_at: ago(9),
        last_used_at: None,
    };
    let page = AccountPage {
        shell: shell(words, Here::Account),
        username: words.name.clone(),
        plex: PlexCard {
            name: Some(words.name.clone()),
            membership: Membership::NotShared,
            checked_at: Some(ago(60)),
            has_password: true,
            is_offered: true,
            error: Some(words.text.clone()),
        },
        sessions: vec![session(true), session(false)],
        tokens: vec![token],
        new_token: Some("mn_0123456789abcdef".to_owned()),
        token_error: Some(words.text.clone()),
        current_error: Some(words.text.clone()),
        password_error: None,
    };
    page.render().unwrap()
}

fn people(words: &Words) -> String {
    let user = |name: &str, role, enabled| User {
        id: UserId::generate(),
        username: name.to_owned(),
        email: Some(words.name.clone()),
        role,
        enabled,
        created_at: ago(9_000),
        last_login_at: enabled.then(|| ago(720)),
        plex: Some(PlexProfile {
            id: PlexId(7),
            name: words.title.clone(),
            membership: Membership::SignInAgain,
            checked_at: None,
        }),
    };
    let people = vec![
        user(&words.name, Role::Admin, true),
        user("Ben", Role::User, true),
        user("Old Joe", Role::User, false),
    ];
    let page = PeoplePage {
        shell: shell(words, Here::People),
        me: people[0].id,
        has_plex: true,
        people,
        next: Some("after=x".to_owned()),
        form: NewPerson {
            username: words.name.clone(),
            username_error: Some(words.text.clone()),
            open: true,
            ..NewPerson::default()
        },
        refusal: Some(words.text.clone()),
    };
    page.render().unwrap()
}

fn services_page(words: &Words) -> String {
    let form = ServiceForm {
        editing: Some("seerr".to_owned()),
        url: words.title.clone(),
        has_api_key: true,
        errors: FormErrors { url: Some(words.text.clone()), ..FormErrors::default() },
        ..ServiceForm::new()
    };
    let owner = OwnerCard {
        service: "plex".to_owned(),
        token: OwnerToken {
            account: Some(words.name.clone()),
            health: TokenHealth::Valid { at: ago(60) },
            ..OwnerToken::default()
        },
        error: Some(words.text.clone()),
    };
    let shell = shell(words, Here::Services);
    ServicesPage { shell, services: services(words), form, owner: Some(owner) }.render().unwrap()
}

fn actors_page(words: &Words, selected: Option<String>) -> String {
    let page = ActorsPage {
        shell: shell(words, Here::Actors),
        actors: tree(words),
        events: events(words),
        selected,
        refusal: None,
    };
    page.render().unwrap()
}

fn login(words: &Words) -> String {
    let page = LoginPage {
        shell: Shell::bare(base(), None),
        username: words.name.clone(),
        error: Some(words.text.clone()),
        next: words.name.clone(),
        notice: Some(words.text.clone()),
        plex: Some(PlexDoor {
            error: Some(words.text.clone()),
            wait: Some(plex_wait(words)),
            refusal: plex_wait_refused(words).refusal(),
            words: words.name.clone(),
        }),
    };
    page.render().unwrap()
}

fn plex_wait(words: &Words) -> PlexWait {
    PlexWait {
        around: Around::pushed(&base()),
        purpose: PinPurpose::SignIn,
        step: Step::Waiting { is_approved: false, trouble: Some(words.text.clone()) },
        code: Some("K7QD".to_owned()),
        address: "https://plex.tv/link/?pin=K7QD".to_owned(),
        words: words.name.clone(),
        expires_at: Timestamp::now(),
    }
}

fn plex_wait_refused(words: &Words) -> PlexWait {
    PlexWait { step: Step::Refused(PinRefusal::WrongServer), ..plex_wait(words) }
}

fn plex_back(words: &Words, wait: PlexWait) -> String {
    PlexBackPage { shell: shell(words, Here::Elsewhere), wait: Some(wait) }.render().unwrap()
}

fn plex_go(words: &Words) -> String {
    let address = format!("https://app.plex.tv/auth#?code={}", words.name);
    PlexGoPage { shell: shell(words, Here::Elsewhere), address, purpose: PinPurpose::SignIn }
        .render()
        .unwrap()
}

fn plex_people(words: &Words) -> String {
    let guest = |username| GuestLine {
        id: PlexId(7),
        name: words.name.clone(),
        email: Some(words.title.clone()),
        username,
    };
    let guests = vec![guest(None), guest(Some(words.text.clone()))];
    PlexPeoplePage { shell: shell(words, Here::People), guests, refusal: None }.render().unwrap()
}

fn setup(words: &Words) -> String {
    let form = SetupForm {
        token: words.name.clone(),
        username: words.name.clone(),
        password_error: Some(words.text.clone()),
        ..SetupForm::default()
    };
    SetupPage { shell: Shell::bare(base(), None), form }.render().unwrap()
}

fn setup_done(words: &Words) -> String {
    SetupDonePage { shell: shell(words, Here::Elsewhere), username: words.name.clone() }.render().unwrap()
}

fn problem(words: &Words) -> String {
    let page = ProblemPage {
        shell: Shell::bare(base(), None),
        status: 404,
        title: words.title.clone(),
        detail: words.text.clone(),
        request_id: words.name.clone(),
    };
    page.render().unwrap()
}
