//! `pyk8s version`.

use serde::Serialize;

use crate::arguments::{Format, Global};
use crate::client::model::ServerVersion;
use crate::error::Result;
use crate::output::Output;
use crate::session;

/// Both versions, as programs read them.
#[derive(Debug, Serialize)]
struct Versions {
    client: ClientVersion,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<ServerVersion>,
}

#[derive(Debug, Serialize)]
struct ClientVersion {
    version: &'static str,
    /// Known where the build was told of it.
    commit: Option<&'static str>,
}

pub fn run(client_only: bool, global: &Global, output: &Output) -> Result {
    let client = ClientVersion {
        version: env!("CARGO_PKG_VERSION"),
        commit: option_env!("PYK8S_COMMIT"),
    };
    // The own version is shown even when the server's cannot be had.
    let (server, failure) = match client_only {
        true => (None, None),
        false => {
            match session::anonymous(global, output).and_then(|client| client.server_version()) {
                Ok(version) => (Some(version), None),
                Err(error) => (None, Some(error)),
            }
        }
    };
    let versions = Versions { client, server };
    match output.format {
        Format::Json => output.json(&versions)?,
        Format::Yaml => output.yaml(&versions)?,
        Format::Name => output.text(&format!("{}\n", versions.client.version))?,
        Format::Table => output.text(&versions.lines())?,
    }
    failure.map_or(Ok(()), Err)
}

impl Versions {
    fn lines(&self) -> String {
        let line = |whose: &str, version: &str, commit: Option<&str>| {
            let commit = commit
                .map(|commit| format!(" ({commit})"))
                .unwrap_or_default();
            format!("{whose} {version}{commit}\n")
        };
        let client = line("client", self.client.version, self.client.commit);
        let server = self
            .server
            .as_ref()
            .map(|server| line("server", &server.version, server.commit.as_deref()));
        client + &server.unwrap_or_default()
    }
}
