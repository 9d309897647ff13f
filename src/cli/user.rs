//! `medianest user`: accounts, for whoever has the data folder.
//!
//! Works beside a running portal, and without one.

use std::io::{BufRead, IsTerminal, stdin};

use clap::Subcommand;
use domain::user::{Invalid, Role, User, Username, check_password};
use domain::{Cursor, Secret};
use store::{Keyring, NewUser, Store, StoreSettings, UserPatch};

use super::Failure;
use crate::auth::password::Hasher;
use crate::settings::Settings;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make an account; the password is read from standard input.
    Add {
        name: String,
        /// `admin` or `user`.
        #[arg(long, default_value = "user", value_parser = role)]
        role: Role,
    },
    /// List all accounts.
    List,
    /// Set a new password, read from standard input; every session ends.
    Password { name: String },
    /// Change the role.
    Role {
        name: String,
        #[arg(value_parser = role)]
        role: Role,
    },
    /// Let somebody in again.
    Enable { name: String },
    /// Keep somebody out; every session of theirs ends.
    Disable { name: String },
}

fn role(text: &str) -> Result<Role, Invalid> {
    text.parse()
}

pub async fn run(settings: Settings, command: Command) -> Result<(), Failure> {
    let keys = Keyring::load_or_create(&settings.data_dir, settings.secret_key.as_ref()).map_err(refused)?;
    std::fs::create_dir_all(&settings.data_dir).map_err(|error| {
        Failure::Refused(format!("could not make {}: {error}", settings.data_dir.display()))
    })?;
    let place =
        StoreSettings { url: settings.database_url.clone(), data_dir: settings.data_dir.clone(), keys };
    let store = Store::open(&place).await.map_err(refused)?;
    let result = act(&store, command).await;
    store.close().await;
    result
}

async fn act(store: &Store, command: Command) -> Result<(), Failure> {
    let (name, patch) = match command {
        Command::Add { name, role } => return add(store, &name, role).await,
        Command::List => return list(store).await,
        Command::Password { name } => return set_password(store, &name).await,
        Command::Role { name, role } => (name, UserPatch { role: Some(role), enabled: None }),
        Command::Enable { name } => (name, UserPatch { role: None, enabled: Some(true) }),
        Command::Disable { name } => (name, UserPatch { role: None, enabled: Some(false) }),
    };
    let user = find(store, &name).await?;
    let user = store.writer().update_user(user.id, patch).await.map_err(failed)?;
    println!("{}", line(&user));
    Ok(())
}

async fn add(store: &Store, name: &str, role: Role) -> Result<(), Failure> {
    let username: Username = name.parse().map_err(|error: Invalid| Failure::Failed(error.to_string()))?;
    let hash = hash(read_password()?).await?;
    let writer = store.writer();
    let is_first = role == Role::Admin && !store.reader().is_set_up().await.map_err(failed)?;
    let user = if is_first {
        writer.create_first_admin(&username, &hash).await
    } else {
        let new = NewUser { username: &username, email: None, role, password_hash: Some(&hash) };
        writer.create_user(&new).await
    };
    println!("{}", line(&user.map_err(failed)?));
    Ok(())
}

async fn list(store: &Store) -> Result<(), Failure> {
    let mut after: Option<Cursor> = None;
    loop {
        let page = store.reader().users(after.as_ref(), 200).await.map_err(failed)?;
        for user in &page.items {
            println!("{}", line(user));
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

async fn set_password(store: &Store, name: &str) -> Result<(), Failure> {
    let user = find(store, name).await?;
    let hash = hash(read_password()?).await?;
    store.writer().set_password(user.id, &hash, true).await.map_err(failed)?;
    println!("{}: new password, all sessions ended", user.username);
    Ok(())
}

async fn find(store: &Store, name: &str) -> Result<User, Failure> {
    let found = store.reader().user_by_name(&name.trim().to_lowercase()).await.map_err(failed)?;
    found.map(|(user, _)| user).ok_or_else(|| Failure::Failed(format!("there is no account {name:?}")))
}

async fn hash(password: Secret) -> Result<String, Failure> {
    Hasher::default().hash(password).await.map_err(|problem| Failure::Failed(problem.detail.into_owned()))
}

/// The first line of standard input, so that no password is seen in a list of processes.
fn read_password() -> Result<Secret, Failure> {
    if stdin().is_terminal() {
        eprint!("Password (it will be visible): ");
    }
    let mut text = String::new();
    stdin()
        .lock()
        .read_line(&mut text)
        .map_err(|error| Failure::Failed(format!("could not read it: {error}")))?;
    let text = text.trim_end_matches(['\r', '\n']);
    check_password(text).map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(Secret::new(text))
}

fn line(user: &User) -> String {
    let standing = if user.enabled { "" } else { "  disabled" };
    format!("{}  {:<5}  {}{standing}", user.id, user.role, user.username)
}

/// The store can't be used as it is set up.
fn refused(error: store::Error) -> Failure {
    Failure::Refused(error.to_string())
}

fn failed(error: store::Error) -> Failure {
    Failure::Failed(error.to_string())
}
