//! What an operator chooses: where to listen, where the data lies, which database.

use std::net::SocketAddr;
use std::path::PathBuf;

use sync_core::limits::POSTGRES_CONNECTIONS;

use crate::data_folder::OBJECTS;
use crate::objects::{Objects, OpenObjectsError};
use crate::services::log::stamps::Authority;
use crate::services::oidc::provider::is_safe;

/// The settings of `fieldseal serve`; the other commands use those of the data.
#[derive(Clone, Debug, clap::Args)]
pub struct DataConfig {
    /// The folder for the database, the server's keys and the evidence; made if it is missing
    #[arg(
        long,
        env = "FIELDSEAL_DATA",
        default_value = "data",
        value_name = "FOLDER"
    )]
    pub data: PathBuf,
    /// A PostgreSQL database (postgres://…); without it, SQLite in the data folder
    #[arg(
        long,
        env = "FIELDSEAL_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub database_url: Option<String>,
    /// Connections to PostgreSQL at most, of this server
    #[arg(
        long,
        env = "FIELDSEAL_DATABASE_CONNECTIONS",
        default_value_t = POSTGRES_CONNECTIONS,
        value_name = "NUMBER"
    )]
    pub database_connections: u32,
    /// Where evidence lies: s3://bucket/prefix, with AWS's own variables for the rest, or file:///folder, which several
    /// servers may share; without it, objects/ in the data folder
    #[arg(long, env = "FIELDSEAL_OBJECTS_URL", value_name = "URL")]
    pub objects_url: Option<String>,
    /// AWS's variables, in place of those of this process
    #[arg(skip)]
    pub objects_environment: Option<Vec<(String, String)>>,
}

impl DataConfig {
    /// The objects, if they lie elsewhere than in the data folder.
    pub fn objects_elsewhere(&self) -> Result<Option<Objects>, OpenObjectsError> {
        let named = self
            .objects_url
            .as_deref()
            .is_some_and(|url| !url.is_empty());
        named.then(|| self.objects()).transpose()
    }

    /// The objects, wherever they are.
    pub fn objects(&self) -> Result<Objects, OpenObjectsError> {
        let environment = self.objects_environment.clone();
        let environment = environment.unwrap_or_else(|| std::env::vars().collect());
        let folder = self.data.join(OBJECTS);
        Objects::open(self.objects_url.as_deref(), &folder, environment)
    }
}

/// How the server meets the network.
#[derive(Clone, Debug, clap::Args)]
pub struct ListenConfig {
    /// The address to listen on
    #[arg(
        long,
        env = "FIELDSEAL_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS"
    )]
    pub listen: SocketAddr,
    /// Serve /metrics and /health at an address of their own too, for a Prometheus elsewhere; without it, /metrics
    /// is only for callers on this machine
    #[arg(long, env = "FIELDSEAL_METRICS_LISTEN", value_name = "ADDRESS")]
    pub metrics_listen: Option<SocketAddr>,
    /// Where browsers and cameras reach this server (https://…), for the codes on printed forms; without it, the address on
    /// which it listens
    #[arg(long, env = "FIELDSEAL_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<String>,
    /// A server of map tiles that lie beneath the sketch of a visit in the console (https://…/{z}/{x}/{y}.png); without it,
    /// the sketch is drawn without a map and browsers ask nobody else for anything
    #[arg(long, env = "FIELDSEAL_TILES_URL", value_name = "URL", value_parser = tiles_url)]
    pub tiles_url: Option<String>,
    /// Take a caller's address from the last X-Forwarded-For entry: only behind a proxy that sets it
    #[arg(long, env = "FIELDSEAL_TRUST_FORWARDED_FOR")]
    pub trust_forwarded_for: bool,
}

/// An address that can stand in a code on paper: of the web, without anything that a path could not follow.
fn public_url(text: &str) -> Result<String, String> {
    /// What fits into a code that a cheap camera still reads, with the path and the digest after it.
    const CHARS_MAX: usize = 200;
    let url = text.trim_end_matches('/');
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let plain = |c: char| c.is_ascii_graphic() && !"?#\"<>\\^`{|}@".contains(c);
    match rest {
        Some(rest) if !rest.is_empty() && url.len() <= CHARS_MAX && rest.chars().all(plain) => {
            Ok(url.to_owned())
        }
        _ => Err("it is https://…, without a query and without a user".to_owned()),
    }
}

/// The address of tiles: of the web, with a place for zoom, column and row, and nothing that could end a policy.
fn tiles_url(text: &str) -> Result<String, String> {
    let web = text.starts_with("https://") || text.starts_with("http://127.0.0.1");
    let places = ["{z}", "{x}", "{y}"].iter().all(|it| text.contains(it));
    let plain = |c: char| c.is_ascii_graphic() && !";,'\"<>\\^`|@#".contains(c);
    match web && places && text.chars().all(plain) {
        true => Ok(text.to_owned()),
        false => Err("it is https://…/{z}/{x}/{y}.png".to_owned()),
    }
}

/// The OpenID Connect provider at which administrators may log in; without an issuer there is none.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct OidcArguments {
    /// The provider's issuer, exactly as it names itself (https://…)
    #[arg(long, env = "FIELDSEAL_OIDC_ISSUER", value_name = "URL")]
    pub oidc_issuer: Option<String>,
    /// The client's id at the provider
    #[arg(long, env = "FIELDSEAL_OIDC_CLIENT_ID", value_name = "ID")]
    pub oidc_client_id: Option<String>,
    /// The client's secret at the provider; better in the environment than on the command line
    #[arg(
        long,
        env = "FIELDSEAL_OIDC_CLIENT_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub oidc_client_secret: Option<String>,
    /// What is asked of the provider
    #[arg(
        long,
        env = "FIELDSEAL_OIDC_SCOPES",
        value_name = "SCOPES",
        default_value = "openid profile"
    )]
    pub oidc_scopes: String,
    /// The claim that holds the user name, by which an administrator is bound at their first login
    #[arg(
        long,
        env = "FIELDSEAL_OIDC_CLAIM",
        value_name = "CLAIM",
        default_value = "preferred_username"
    )]
    pub oidc_claim: String,
    /// Where browsers reach this server (https://…); the provider sends them back to /v1/oidc/callback there
    #[arg(long, env = "FIELDSEAL_OIDC_REDIRECT_BASE", value_name = "URL")]
    pub oidc_redirect_base: Option<String>,
    /// The page of this server to go on with after a login, as /…; without it, a page says that it is done
    #[arg(long, env = "FIELDSEAL_OIDC_RETURN_TO", value_name = "PATH")]
    pub oidc_return_to: Option<String>,
}

/// Push providers by which phones are woken; without an endpoint nobody is.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct WakeArguments {
    /// A push provider, as NAME=URL (https://…); may be given more than once, and in the environment several with spaces
    /// between them
    #[arg(
        long,
        env = "FIELDSEAL_WAKE_ENDPOINTS",
        value_name = "NAME=URL",
        value_delimiter = ' '
    )]
    pub wake_endpoint: Vec<String>,
    /// With what requests to it are signed (Standard Webhooks), as NAME=whsec_…; of several for one name all sign. Better in
    /// the environment than on the command line
    #[arg(
        long,
        env = "FIELDSEAL_WAKE_SECRETS",
        value_name = "NAME=SECRET",
        value_delimiter = ' ',
        hide_env_values = true
    )]
    pub wake_secret: Vec<String>,
}

/// The gateway to the credit publicity system (国家企业信用信息公示系统); without one, people enter what it is to be told by hand.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct PublicityArguments {
    /// Where what follows from confirmed refusals is delivered (https://…), as signed webhooks that are answered with a receipt
    #[arg(long, env = "FIELDSEAL_PUBLICITY_ENDPOINT", value_name = "URL")]
    pub publicity_endpoint: Option<String>,
    /// With what these requests are signed (Standard Webhooks), as whsec_…; of several all sign. Better in the environment
    /// than on the command line
    #[arg(
        long,
        env = "FIELDSEAL_PUBLICITY_SECRETS",
        value_name = "SECRET",
        value_delimiter = ' ',
        hide_env_values = true
    )]
    pub publicity_secret: Vec<String>,
}

/// An authority of time stamps (可信时间戳, RFC 3161) for the checkpoints of the log; without one they have none.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct StampArguments {
    /// Where an authority answers (http:// or https://): each checkpoint is stamped with its time
    #[arg(long, env = "FIELDSEAL_TSA_URL", value_name = "URL")]
    pub tsa_url: Option<String>,
    /// A file of certificates (PEM) by which its answers are believed: its root, and what lies between
    #[arg(long, env = "FIELDSEAL_TSA_CA", value_name = "FILE")]
    pub tsa_ca: Option<PathBuf>,
    /// The policy that is asked for, as 1.2.3.4; without one the authority's own
    #[arg(long, env = "FIELDSEAL_TSA_POLICY", value_name = "OID")]
    pub tsa_policy: Option<String>,
}

impl StampArguments {
    /// The authority, if one is named; a sentence about what is missing or wrong.
    pub fn authority(&self) -> Result<Option<Authority>, String> {
        let roots = self.tsa_ca.as_deref().map(|file| {
            let read = std::fs::read_to_string(file);
            read.map_err(|error| format!("--tsa-ca {}: {error}", file.display()))
        });
        let roots = roots.transpose()?;
        Authority::read(
            self.tsa_url.as_deref(),
            roots.as_deref(),
            self.tsa_policy.as_deref(),
        )
    }
}

/// A configured provider.
#[derive(Clone, Debug)]
pub struct OidcConfig {
    /// As it names itself.
    pub issuer: String,
    /// We, at the provider.
    pub client_id: String,
    /// What only it and we know.
    pub client_secret: String,
    /// What is asked of it.
    pub scopes: String,
    /// The claim that holds the user name.
    pub claim: String,
    /// Where browsers reach this server.
    pub redirect_base: String,
    /// The page to go on with.
    pub return_to: Option<String>,
}

impl OidcArguments {
    /// The provider, if one is named; a sentence about what is missing or unsafe.
    pub fn config(self) -> Result<Option<OidcConfig>, String> {
        let Some(issuer) = self.oidc_issuer else {
            return Ok(None);
        };
        let needed = |value: Option<String>, name: &str| {
            value.ok_or_else(|| format!("--oidc-issuer needs --oidc-{name} too"))
        };
        let config = OidcConfig {
            issuer,
            client_id: needed(self.oidc_client_id, "client-id")?,
            client_secret: needed(self.oidc_client_secret, "client-secret")?,
            scopes: self.oidc_scopes,
            claim: self.oidc_claim,
            redirect_base: needed(self.oidc_redirect_base, "redirect-base")?,
            return_to: self.oidc_return_to,
        };
        if !is_safe(&config.issuer) || !is_safe(&config.redirect_base) {
            return Err("--oidc-issuer and --oidc-redirect-base are https:// addresses".to_owned());
        }
        if !config.scopes.split(' ').any(|scope| scope == "openid") {
            return Err("--oidc-scopes holds openid".to_owned());
        }
        // A second slash, or a backslash that browsers take for one, would lead to another server.
        let leads_here = |page: &str| {
            let rest = page.strip_prefix('/');
            rest.is_some_and(|rest| !rest.starts_with(['/', '\\']))
        };
        if !config.return_to.as_deref().is_none_or(leads_here) {
            return Err("--oidc-return-to is a page of this server, as /…".to_owned());
        }
        Ok(Some(config))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments() -> OidcArguments {
        OidcArguments {
            oidc_issuer: Some("https://id.example.org".to_owned()),
            oidc_client_id: Some("fieldseal".to_owned()),
            oidc_client_secret: Some("s".to_owned()),
            oidc_scopes: "openid profile".to_owned(),
            oidc_claim: "preferred_username".to_owned(),
            oidc_redirect_base: Some("https://fieldseal.example.org".to_owned()),
            oidc_return_to: Some("/console".to_owned()),
        }
    }

    #[test]
    fn a_public_address_is_one_that_a_path_can_follow() {
        for (text, url) in [
            (
                "https://fieldseal.example.cn/",
                "https://fieldseal.example.cn",
            ),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("https://example.cn/抽样", ""),
            ("https://example.cn/a/b", "https://example.cn/a/b"),
            ("https://", ""),
            ("ftp://example.cn", ""),
            ("https://example.cn/?a", ""),
            ("https://user@example.cn", ""),
            ("https://example.cn/a b", ""),
        ] {
            assert_eq!(public_url(text).unwrap_or_default(), url, "{text}");
        }
        let long = |chars: usize| format!("https://{}", "a".repeat(chars - 8));
        assert!(public_url(&long(200)).is_ok() && public_url(&long(201)).is_err());
    }

    #[test]
    fn tiles_are_of_the_web_and_have_their_places() {
        for (text, good) in [
            ("https://tiles.example.cn/{z}/{x}/{y}.png", true),
            ("http://127.0.0.1:9000/{z}/{x}/{y}", true),
            ("http://tiles.example.cn/{z}/{x}/{y}.png", false),
            ("https://tiles.example.cn/{z}/{x}.png", false),
            ("https://evil.example; script-src *//{z}/{x}/{y}", false),
        ] {
            assert_eq!(tiles_url(text).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn a_provider_is_named_whole_and_safely_or_not_at_all() {
        assert!(arguments().config().unwrap().is_some());
        assert!(OidcArguments::default().config().unwrap().is_none());
        let wrong: [fn(&mut OidcArguments); 8] = [
            |it| it.oidc_client_id = None,
            |it| it.oidc_client_secret = None,
            |it| it.oidc_redirect_base = None,
            |it| it.oidc_issuer = Some("http://id.example.org".to_owned()),
            |it| it.oidc_redirect_base = Some("http://fieldseal.example.org".to_owned()),
            |it| it.oidc_scopes = "profile".to_owned(),
            |it| it.oidc_return_to = Some("//evil.example".to_owned()),
            |it| it.oidc_return_to = Some("/\\evil.example".to_owned()),
        ];
        for alter in wrong {
            let mut arguments = arguments();
            alter(&mut arguments);
            assert!(arguments.config().is_err());
        }
    }
}
