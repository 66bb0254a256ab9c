//! `/v1/oidc`: administrators log in at a provider, a real one where there is node.

mod hostile;
mod login;

use fieldseal_server::clock::{Clock, SystemClock};
use fieldseal_server::config::OidcConfig;
use fieldseal_server::services::oidc::provider::Provider;
use fieldseal_tests::TestServer;

/// A server by the machine's own time, as a provider that is a process of its own knows no other.
fn server() -> TestServer {
    let server = TestServer::start();
    server.clock.set(SystemClock.now());
    server.admin("140000");
    server
}

/// Configures the server for a provider.
fn configure(server: &TestServer, issuer: &str, secret: &str, claim: &str) {
    let config = OidcConfig {
        issuer: issuer.to_owned(),
        client_id: "fieldseal".to_owned(),
        client_secret: secret.to_owned(),
        scopes: "openid profile email".to_owned(),
        claim: claim.to_owned(),
        redirect_base: server.url(""),
        return_to: None,
    };
    assert!(server.app.oidc.set(Provider::new(config)).is_ok());
}
