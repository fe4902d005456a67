//! What the binary can be told to do.

mod doctor;
mod gc;
mod migrate;
pub mod serve;
mod user;

use std::sync::Arc;

use clap::{Parser, Subcommand};

use crate::{
    bus::BusError,
    config::{Config, ConfigError, LogFormat, Settings},
    provision::{
        AddonSettings, Addons, Catalog, ContainerSettings, Kwok, KwokSettings, NodeImage, Provider,
        Vcluster, VclusterSettings, k3d, kind,
    },
    service::ServiceError,
    store::{Store, StoreError},
};

/// A self-service lab that hands a person a real Kubernetes cluster within seconds.
#[derive(Parser)]
#[command(name = "pyk8s-lab", version = VERSION, about, propagate_version = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

/// The version with its commit.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("PYK8S_COMMIT"), ")");

#[derive(Subcommand)]
enum Command {
    /// Serve the lab (the default)
    Serve,
    /// Bring the database's schema up to date
    Migrate,
    /// Accounts, for the lab's operator
    User {
        #[command(subcommand)]
        command: user::Command,
    },
    /// Say what works here and what does not, and how to mend it
    Doctor,
    /// Find clusters that no row wants, and remove them
    Gc {
        /// Only say which they are
        #[arg(long)]
        dry_run: bool,
    },
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database can't be used.
    #[error("{}: {source}", .address)]
    Database {
        /// Which one.
        address: String,
        /// Why.
        source: StoreError,
    },
    /// The bus can't begin.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// A use case failed.
    #[error("{}", in_words(.0))]
    Service(#[from] ServiceError),
    /// Something of the system failed.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// It was found that something does not work.
    #[error("{0}")]
    Failed(String),
}

impl CommandError {
    fn io(what: impl Into<String>, source: std::io::Error) -> Self {
        Self::Io {
            what: what.into(),
            source,
        }
    }
}

/// A service's error with what is wrong by field, on one line each.
fn in_words(error: &ServiceError) -> String {
    match error {
        ServiceError::Invalid(fields) => fields
            .iter()
            .map(|invalid| format!("{} {}", invalid.field, invalid.message))
            .collect::<Vec<_>>()
            .join("\n"),
        ServiceError::Internal(cause) => format!("{error}: {cause}"),
        other => other.to_string(),
    }
}

impl Arguments {
    /// Whether the log is JSON: as set, else wherever nobody looks on.
    pub fn log_as_json(&self) -> bool {
        match self.settings.log_format {
            Some(format) => format == LogFormat::Json,
            None => !std::io::IsTerminal::is_terminal(&std::io::stderr()),
        }
    }

    /// What is logged.
    pub fn log_filter(&self) -> &str {
        &self.settings.rust_log
    }

    /// Does what is asked.
    ///
    /// # Errors
    /// [`CommandError`], in words for the operator.
    pub async fn run(self) -> Result<(), CommandError> {
        let config = self.settings.resolve()?;
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(config).await,
            Command::Migrate => migrate::run(&config),
            Command::User { command } => command.run(&config).await,
            Command::Doctor => doctor::run(&config).await,
            Command::Gc { dry_run } => gc::run(&config, dry_run).await,
        }
    }
}

/// Opens the database, its schema brought up to date.
fn open_store(config: &Config) -> Result<Store, CommandError> {
    Store::open(&config.store).map_err(|source| CommandError::Database {
        address: config.store.url.to_string(),
        source,
    })
}

/// What this installation's objects carry.
async fn installation(store: &Store) -> Result<String, CommandError> {
    let asked = store.installation().await;
    asked.map_err(|error| CommandError::Service(error.into()))
}

/// Every provider that this version of the lab has: a further one is a line here.
fn providers(config: &Config, installation: &str) -> Vec<Arc<dyn Provider>> {
    vec![
        kind(containers(config, "kind", &config.kind_node_images)),
        k3d(containers(config, "k3d", &config.k3d_images)),
        Arc::new(Vcluster::new(virtual_clusters(config, installation))),
        Arc::new(Kwok::new(KwokSettings {
            bin_dir: config.kube_bin_dir.clone(),
            state_dir: config.data_dir.join("kwok"),
            time_limit: config.provider_time_limit,
        })),
    ]
}

fn containers(config: &Config, name: &str, images: &[NodeImage]) -> ContainerSettings {
    ContainerSettings {
        bin_dir: config.kube_bin_dir.clone(),
        engine_dir: None,
        state_dir: config.data_dir.join(name),
        images: images.to_vec(),
        public_host: config.public_host(),
        time_limit: config.provider_time_limit,
    }
}

fn virtual_clusters(config: &Config, installation: &str) -> VclusterSettings {
    VclusterSettings {
        plan: config.vcluster.clone(),
        installation: installation.to_owned(),
        bin_dir: config.kube_bin_dir.clone(),
        state_dir: config.data_dir.join("vcluster"),
        time_limit: config.provider_time_limit,
    }
}

async fn catalog(config: &Config, installation: &str) -> Arc<Catalog> {
    Arc::new(Catalog::new(providers(config, installation), config.provider).await)
}

fn addons(config: &Config) -> Result<Arc<Addons>, CommandError> {
    let settings = AddonSettings {
        file: config.addons.clone(),
        bin_dir: config.kube_bin_dir.clone(),
        state_dir: config.data_dir.join("addons"),
        time_limit: config.provider_time_limit,
    };
    Addons::read(settings)
        .map(Arc::new)
        .map_err(CommandError::Failed)
}
