//! The first start: a token that only the operator can see makes the first admin, once.
//!
//! The token is in the file `setup-token` of the data folder (mode 0600) and, as a link, in the
//! log. When the first admin is there the file goes, and the door answers 404 for ever.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::Secret;
use domain::user::{Username, check_password};
use rand::TryRngCore;
use rand::rngs::OsRng;
use serde::Deserialize;
use store::{Conflict, Error};
use subtle::ConstantTimeEq;

use super::sign_in::{Credential, SignedIn, begin};
use crate::app::App;
use crate::problem::{OfField, Problem};
use crate::route::Head;

const FILE: &str = "setup-token";

/// What the operator typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetUp {
    pub token: Secret,
    pub username: String,
    pub password: Secret,
}

/// The one-time token, as long as nobody has used it.
#[derive(Debug)]
pub struct SetUpToken {
    text: Secret,
    file: PathBuf,
}

impl SetUpToken {
    /// The token of a start before this one, or a new one.
    pub fn load_or_create(data_dir: &Path) -> io::Result<Self> {
        let file = data_dir.join(FILE);
        match fs::read_to_string(&file) {
            Ok(text) if text.trim().len() >= 32 => return Ok(Self { text: Secret::new(text.trim()), file }),
            Ok(_) => fs::remove_file(&file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut bytes = [0; 32];
        OsRng.try_fill_bytes(&mut bytes).map_err(io::Error::other)?;
        let text = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let mut writer = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?;
        writer.write_all(format!("{text}\n").as_bytes())?;
        Ok(Self { text: Secret::new(text), file })
    }

    /// For the link in the log.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    fn is(&self, text: &Secret) -> bool {
        self.text.expose().as_bytes().ct_eq(text.expose().as_bytes()).into()
    }

    fn forget(&self) {
        if let Err(error) = fs::remove_file(&self.file)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "could not remove the used set-up token");
        }
    }
}

/// Removes the token of a portal that was set up from elsewhere.
pub fn forget(data_dir: &Path) {
    // Missing is the ordinary case.
    let _ = fs::remove_file(data_dir.join(FILE));
}

/// Whether the portal waits for its first admin.
pub async fn is_open(app: &App) -> Result<bool, Problem> {
    Ok(app.set_up_token.is_some() && !app.reader.is_set_up().await?)
}

/// Makes the first admin and signs them in.
///
/// # Errors
///
/// 404 once somebody did; a wrong token; a name or a password that does not fit.
pub async fn set_up(app: &App, head: &Head, form: SetUp) -> Result<SignedIn, Problem> {
    let Some(token) = app.set_up_token.as_ref() else { return Err(Problem::not_found()) };
    if app.reader.is_set_up().await? {
        return Err(Problem::not_found());
    }
    let attempt = app
        .throttle
        .begin(" setup", head.remote)
        .map_err(|wait| Problem::too_often("Too many wrong set-up tokens. Try again later.", wait))?;
    if !token.is(&form.token) {
        let wrong = "The set-up token is wrong. It is in the log of the portal and in the file \
                     setup-token of its data folder.";
        return Err(Problem::forbidden().with_detail(wrong).about("token"));
    }
    attempt.succeeded();
    let username: Username = form.username.parse().of_field("username")?;
    check_password(form.password.expose()).of_field("password")?;
    let hash = app.hasher.hash(form.password).await?;
    let user = match app.writer_for(head).create_first_admin(&username, &hash).await {
        Ok(user) => user,
        Err(Error::Conflict(Conflict::AlreadySetUp)) => return Err(Problem::not_found()),
        Err(error) => return Err(error.into()),
    };
    token.forget();
    tracing::info!("the first admin was made");
    begin(app, head, user, Credential::Password).await
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_token_is_private_and_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();

        let first = SetUpToken::load_or_create(folder.path()).unwrap();
        let second = SetUpToken::load_or_create(folder.path()).unwrap();

        assert_eq!(first.expose(), second.expose());
        assert!(first.is(&Secret::new(second.expose())));
        assert!(!first.is(&Secret::new("")));
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        first.forget();
        assert_ne!(SetUpToken::load_or_create(folder.path()).unwrap().expose(), second.expose());
    }
}
