//! What every handler can reach.

use std::ops::Deref;
use std::sync::Arc;

use crate::settings::Settings;

/// The portal's shared parts; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// Dereferenced to by [`App`].
pub struct Parts {
    pub settings: Settings,
}

impl App {
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
