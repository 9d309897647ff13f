//! The pages before somebody is signed in.

use askama::Template;

use super::shell::Shell;

/// The page at `/login`.
#[derive(Debug, Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    pub shell: Shell,
    pub username: String,
    /// Why signing in failed, beside the password.
    pub error: Option<String>,
    /// Where to go afterwards, below the base path.
    pub next: String,
    /// A word on how somebody came here, such as after signing out.
    pub notice: Option<String>,
}

/// The page at `/setup`, until there is an admin.
#[derive(Debug, Default)]
pub struct SetupForm {
    pub token: String,
    pub username: String,
    pub token_error: Option<String>,
    pub username_error: Option<String>,
    pub password_error: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "setup.html")]
pub struct SetupPage {
    pub shell: Shell,
    pub form: SetupForm,
}

/// What `/setup` shows once the first admin exists and is signed in.
#[derive(Debug, Template)]
#[template(path = "setup_done.html")]
pub struct SetupDonePage {
    pub shell: Shell,
    pub username: String,
}
