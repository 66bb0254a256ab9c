//! A push provider's webhook.

use std::ops::Deref;

use fieldseal_server::services::wakes::provider::Providers;

use crate::server::TestServer;
pub use crate::webhook::Reply;
use crate::webhook::{Delivery, SECRET, Webhook};

/// A wake as it came; its signature held.
#[derive(Clone, Debug)]
pub struct Wake(Delivery);

impl Deref for Wake {
    type Target = Delivery;

    fn deref(&self) -> &Delivery {
        &self.0
    }
}

impl Wake {
    /// Whose phone is woken.
    pub fn token(&self) -> &str {
        self.body["data"]["token"].as_str().unwrap_or_default()
    }
}

/// The provider.
pub struct PushProvider(Webhook);

impl Deref for PushProvider {
    type Target = Webhook;

    fn deref(&self) -> &Webhook {
        &self.0
    }
}

impl PushProvider {
    /// One that takes every wake.
    pub fn start() -> Self {
        Self(Webhook::start(|_| Reply::Status(204, "")))
    }

    /// The server wakes phones through it, under the name `push`.
    pub fn serves(&self, server: &TestServer) {
        let endpoint = format!("push={}", self.url());
        let secret = format!("push={SECRET}");
        let providers = Providers::read(&[endpoint], &[secret]).expect("a provider");
        let set = server.app.providers.set(providers.expect("a provider"));
        assert!(set.is_ok(), "a server has its providers once");
    }

    /// The next wake.
    #[track_caller]
    pub fn next(&self) -> Wake {
        Wake(self.0.next())
    }
}
