//! The pages of requests, in every state that a request can be in.

use std::time::Duration;

use askama::Template;
use domain::media::{ImagePath, MediaStatus, MediaType, TmdbId};
use domain::request::{Comment, MediaRequest, RequestStatus, Transfer};
use domain::{RequestId, Timestamp, UserId};

use super::{Words, ago, shell};
use crate::views::Around;
use crate::views::discover::sheet::Quota;
use crate::views::requests::{
    Away, Limits, OpenRequests, RequestList, RequestPage, RequestRow, RequestsPage, Reread, Said, Show,
};
use crate::views::shell::Here;

pub fn request(words: &Words, status: RequestStatus) -> MediaRequest {
    let is_coming = status == RequestStatus::Processing;
    let ready_at = Timestamp::now() + Duration::from_secs(14 * 60);
    MediaRequest {
        id: RequestId::generate(),
        user: UserId::generate(),
        media_type: if is_coming { MediaType::Movie } else { MediaType::Tv },
        tmdb_id: TmdbId(603),
        title: words.title.clone(),
        year: Some(2026),
        poster: if is_coming { ImagePath::parse("/p1.jpg") } else { None },
        seasons: if is_coming { Vec::new() } else { vec![2, 3] },
        is_4k: status == RequestStatus::Available,
        status,
        decline_reason: (status == RequestStatus::Declined).then(|| words.text.clone()),
        decided_by: None,
        problem: (status == RequestStatus::Failed).then(|| words.text.clone()),
        overseerr_id: Some(7),
        media: MediaStatus::Processing,
        step: None,
        transfer: is_coming.then_some(Transfer { size: 1000, left: 380, ready_at: Some(ready_at) }),
        rating_key: None,
        followers: 2,
        comments: 2,
        version: 3,
        created_at: ago(8_000),
        updated_at: ago(4_000),
        completed_at: status.is_over().then(|| ago(100)),
    }
}

fn said(words: &Words, request: &MediaRequest, is_mine: bool) -> Said {
    let user = UserId::generate();
    let comment = Comment {
        id: "1".to_owned(),
        request: request.id,
        user,
        username: words.name.clone(),
        text: words.text.clone(),
        created_at: ago(600),
    };
    Said { comment, is_mine }
}

fn row(words: &Words, around: &Around, status: RequestStatus, is_mine: bool, is_admin: bool) -> RequestRow {
    let request = request(words, status);
    RequestRow {
        around: around.clone(),
        by: words.name.clone(),
        is_mine,
        is_followed: false,
        is_admin,
        followers: vec![words.name.clone(), "Ben".to_owned()],
        said: Vec::new(),
        decided_by: status.is_over().then(|| words.name.clone()),
        library: (status == RequestStatus::Available).then(|| around.link("/library/title/7")),
        away: None,
        is_alone: false,
        portal_decides: false,
        request,
    }
}

fn rows(words: &Words, around: &Around, is_admin: bool) -> Vec<RequestRow> {
    let mut rows: Vec<RequestRow> = RequestStatus::ALL
        .into_iter()
        .map(|status| row(words, around, status, status == RequestStatus::Processing, is_admin))
        .collect();
    let mut stuck = row(words, around, RequestStatus::Approved, false, is_admin);
    stuck.request.updated_at = ago(300_000);
    stuck.request.overseerr_id = None;
    stuck.portal_decides = true;
    let mut mine = row(words, around, RequestStatus::Pending, true, is_admin);
    mine.away = Some(words.text.clone());
    rows.extend([stuck, mine]);
    rows
}

fn counts() -> Vec<(Show, u64)> {
    vec![
        (Show::All, 18),
        (Show::Waiting, 3),
        (Show::Mine, 4),
        (Show::OnTheWay, 6),
        (Show::Here, 9),
        (Show::Stopped, 1),
    ]
}

pub fn page(words: &Words) -> String {
    let shell = shell(words, Here::Requests);
    let around = shell.around.clone();
    let list = RequestList {
        rows: rows(words, &around, true),
        show: Show::Waiting,
        is_admin: true,
        counts: counts(),
        older: Some(around.link("/requests?after=x")),
        around,
    };
    let quota = |used, limit| Some(Quota { used, limit, days: Some(7) });
    let limits = Limits { films: quota(4, 10), seasons: quota(6, 8), unknown: None };
    let away = Some(Away { reason: words.text.clone() });
    RequestsPage { shell, list, limits, away, news: words.text.clone() }.render().unwrap()
}

pub fn for_a_member(words: &Words) -> String {
    let shell = shell(words, Here::Requests);
    let around = shell.around.clone();
    let rows = rows(words, &around, false);
    let list = RequestList { rows, show: Show::All, is_admin: false, counts: counts(), older: None, around };
    let limits = Limits { unknown: Some(words.text.clone()), ..Limits::default() };
    RequestsPage { shell, list, limits, away: None, news: String::new() }.render().unwrap()
}

pub fn nothing(words: &Words) -> String {
    let shell = shell(words, Here::Requests);
    let around = shell.around.clone();
    let list = RequestList {
        rows: Vec::new(),
        show: Show::All,
        is_admin: false,
        counts: Vec::new(),
        older: None,
        around,
    };
    RequestsPage { shell, list, limits: Limits::default(), away: None, news: String::new() }.render().unwrap()
}

pub fn alone(words: &Words) -> String {
    let shell = shell(words, Here::Requests);
    let mut row = row(words, &shell.around, RequestStatus::Pending, false, true);
    row.said = vec![said(words, &row.request, true), said(words, &row.request, false)];
    row.is_alone = true;
    RequestPage { shell, row, away: Some(Away { reason: words.text.clone() }) }.render().unwrap()
}

pub fn for_home(words: &Words, around: &Around) -> Vec<RequestRow> {
    rows(words, around, false).into_iter().take(4).collect()
}

#[test]
fn what_nobody_may_do_is_not_offered() {
    let words = Words::plain();
    let around = shell(&words, Here::Requests).around;
    let html = |status, is_mine, is_admin| row(&words, &around, status, is_mine, is_admin).to_string();

    let member = html(RequestStatus::Pending, false, false);
    assert!(member.contains("Me too") && !member.contains("/approve") && !member.contains("/delete"));
    let owner = html(RequestStatus::Pending, true, false);
    assert!(owner.contains("Take it back") && !owner.contains("Me too") && !owner.contains("/approve"));
    let admin = html(RequestStatus::Pending, false, true);
    assert!(admin.contains("/approve") && admin.contains("/decline") && admin.contains("/delete"));
    assert!(!html(RequestStatus::Approved, true, false).contains("/delete"), "it was decided on");
    assert!(html(RequestStatus::Failed, false, true).contains("/retry"));
    assert!(html(RequestStatus::Failed, true, false).contains("/retry"));
    assert!(!html(RequestStatus::Failed, false, false).contains("/retry"));
}

#[test]
fn a_decision_that_cannot_be_made_says_why() {
    let words = Words::plain();
    let around = shell(&words, Here::Requests).around;
    let mut row = row(&words, &around, RequestStatus::Pending, false, true);
    row.away = Some("Overseerr does not answer.".to_owned());

    let html = row.to_string();

    assert_eq!(html.matches("disabled aria-describedby").count(), 2);
    assert!(html.contains("Overseerr does not answer.") && !html.contains("/decline"));
}

#[test]
fn a_count_of_nothing_is_not_shown() {
    assert!(OpenRequests { open: 0 }.to_string().contains("hidden"));
    assert!(!OpenRequests { open: 3 }.to_string().contains("hidden"));
    let reread = Reread { part: "requests", from: String::new() };
    assert!(reread.to_string().contains("hx-get=\"\""), "the page itself");
}
