//! `fieldseal admin create`: the first administrator, or another, made where the data lies.

use super::{Outcome, password};
use crate::app::App;
use crate::config::DataConfig;
use crate::services::administrators::{self, NewAdministrator};
use crate::services::oidc;

/// What to do about administrators.
#[derive(Debug, clap::Subcommand)]
pub enum Admin {
    /// Make an administrator, and their authority if there is none of that name and region
    Create(Create),
    /// Let an administrator be bound anew to somebody of the OpenID Connect provider, at the next login there
    Unbind(Unbind),
}

/// The arguments of `admin unbind`.
#[derive(Debug, clap::Args)]
pub struct Unbind {
    /// The name to log in with
    #[arg(long)]
    username: String,
    #[command(flatten)]
    data: DataConfig,
}

/// The arguments of `admin create`.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// The name to log in with
    #[arg(long)]
    username: String,
    /// The name as people write it; without it, the user name
    #[arg(long)]
    display_name: Option<String>,
    /// The authority's name (组织抽查部门)
    #[arg(long, default_value = "市场监督管理总局")]
    authority: String,
    /// The authority's region, a six-digit GB/T 2260 code; 000000 is the whole country
    #[arg(long, default_value = "000000")]
    region: String,
    /// Read the password from standard input instead of making one
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    data: DataConfig,
}

impl Admin {
    /// Does it.
    pub async fn run(self) -> Outcome {
        match self {
            Admin::Create(create) => create.run().await,
            Admin::Unbind(unbind) => unbind.run().await,
        }
    }
}

impl Create {
    async fn run(self) -> Outcome {
        let app = App::open(&self.data, false).await?;
        let password = if self.password_stdin {
            password::from_stdin()?
        } else {
            hex::encode(app.random::<10>())
        };
        let name = self.username.clone();
        let display_name = self.display_name.unwrap_or(self.username);
        let outcome = make(
            &app,
            &self.authority,
            &self.region,
            name,
            display_name,
            password.clone(),
        )
        .await;
        let username = outcome.map_err(|problem| problem.to_string())?;
        println!(
            "Made the administrator {username} of {} ({}).",
            self.authority, self.region
        );
        if !self.password_stdin {
            println!("Password, shown this once: {password}");
        }
        Ok(())
    }
}

impl Unbind {
    async fn run(self) -> Outcome {
        let app = App::open(&self.data, false).await?;
        let count = oidc::unbind(&app, &self.username).await;
        let count = count.map_err(|problem| format!("{}: {problem}", self.username))?;
        println!("{count} bound before; the next login at the provider binds anew.");
        app.store.close().await;
        Ok(())
    }
}

/// Makes an administrator and, if need be, the authority; gives the name to log in with.
pub async fn make(
    app: &App,
    authority: &str,
    code: &str,
    username: String,
    display_name: String,
    password: String,
) -> Result<String, crate::problem::Problem> {
    let new = NewAdministrator {
        authority: authority.to_owned(),
        region: code.to_owned(),
        username,
        display_name,
        password,
    };
    administrators::make(app, new).await
}
