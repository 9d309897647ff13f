//! Identifiers: UUID version 7, so that they sort by the time they were made.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// A new identifier, later than every one made before it on this machine.
            pub fn generate() -> Self {
                Self(uuid::Uuid::now_v7())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id!(
    /// A person with an account.
    UserId
);
id!(
    /// One signed-in browser; `sid` in the session token.
    SessionId
);
id!(
    /// A personal API token.
    ApiTokenId
);
id!(
    /// A row of `service_config`.
    ServiceId
);
id!(
    /// A download job: one link that a member asked for, with one file or many.
    DownloadId
);
id!(
    /// A film or a series that a member asked for; a row of `media_requests`.
    RequestId
);
id!(
    /// A sign-in with Plex that somebody began.
    PlexPinId
);
