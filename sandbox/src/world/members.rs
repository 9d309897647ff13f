//! The people around the server: who owns it, who shares it, and who has nothing to do with it.

/// How somebody stands to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Owner,
    /// Shares the server and sees the libraries in [`Member::libraries`].
    Friend,
    /// A profile in the owner's Plex Home: no name at plex.tv, no e-mail, cannot sign in by PIN.
    Managed,
    /// Has a Plex account and no access.
    Stranger,
}

/// A Plex account.
#[derive(Debug, Clone)]
pub struct Member {
    /// `owner friend friend2 stranger child`.
    pub slug: &'static str,
    /// The stable key of the account at plex.tv.
    pub plex_id: i64,
    pub uuid: &'static str,
    /// Empty for a managed profile.
    pub username: &'static str,
    pub title: &'static str,
    /// Empty for a managed profile.
    pub email: &'static str,
    pub relation: Relation,
    /// Which libraries of the server they see, by section key.
    pub libraries: &'static [&'static str],
    /// Opens plex.tv; the tokens that PINs hand out open it as well.
    pub account_token: &'static str,
    /// Opens the Plex Media Server. `None`: no access.
    pub server_token: Option<&'static str>,
}

impl Member {
    pub fn is_owner(&self) -> bool {
        self.relation == Relation::Owner
    }

    pub fn may_see(&self, section: &str) -> bool {
        self.libraries.contains(&section)
    }
}

pub(crate) fn all() -> Vec<Member> {
    vec![
        Member {
            slug: "owner",
            plex_id: 4_100_001,
            uuid: "a1f4c09e2b7d5e01",
            username: "anna",
            title: "Anna",
            email: "anna@household.example",
            relation: Relation::Owner,
            libraries: &["1", "2", "3"],
            account_token: "tvOwnerAn7Qx2LmZ4kPw",
            server_token: Some("tvOwnerAn7Qx2LmZ4kPw"),
        },
        Member {
            slug: "friend",
            plex_id: 4_100_002,
            uuid: "b2e5d18f3c8e6f12",
            username: "mia.k",
            title: "Mia",
            email: "mia@friends.example",
            relation: Relation::Friend,
            libraries: &["1", "2", "3"],
            account_token: "tvFriendMi9Rt3BnY6sD",
            server_token: Some("srvFriendMi5Hj8VcX1q"),
        },
        Member {
            slug: "friend2",
            plex_id: 4_100_003,
            uuid: "c3f6e2904d9f7a23",
            username: "jonas_b",
            title: "Jonas",
            email: "jonas@friends.example",
            relation: Relation::Friend,
            libraries: &["1"],
            account_token: "tvFriendJo2Wd5GfK8aN",
            server_token: Some("srvFriendJo4Zu7PeT0m"),
        },
        Member {
            slug: "stranger",
            plex_id: 4_100_099,
            uuid: "d407f3a15ea08b34",
            username: "dan_elsewhere",
            title: "Dan",
            email: "dan@elsewhere.example",
            relation: Relation::Stranger,
            libraries: &[],
            account_token: "tvStrangerDa6Yb1HvC3",
            server_token: None,
        },
        Member {
            slug: "child",
            plex_id: 4_100_005,
            uuid: "e51804b26fb19c45",
            username: "",
            title: "Lotte",
            email: "",
            relation: Relation::Managed,
            libraries: &["2"],
            account_token: "tvChildLo8Mq4XsE7rJb",
            server_token: Some("srvChildLo1Fn6WkU9yG"),
        },
    ]
}
