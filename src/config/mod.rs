//! The only reader of the environment: every setting is a flag and a variable of the same meaning.

mod error;
mod files;

use std::{net::SocketAddr, ops::Not, path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub use error::ConfigError;

use crate::{
    bus::RedisUrl,
    domain::{KubernetesVersion, ProviderName, TtlLimits},
    provision::{NodeImage, VclusterPlan},
    service::{EncryptionKey, KubeconfigCipher, Limits, SecretKey},
    store::{DatabaseUrl, StoreSettings},
};

/// What kind v0.33.0 takes unless told otherwise.
const KIND_NODE_IMAGE: &str =
    "kindest/node:v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5";
/// A release of k3s that k3d runs.
const K3D_IMAGE: &str = "rancher/k3s:v1.33.4-k3s1";

/// How strict the lab is about its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AppEnv {
    /// Secrets are made where none are given.
    Development,
    /// Missing, short or example secrets are refused.
    Production,
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Registration {
    /// Everybody.
    Open,
    /// Nobody: the operator makes accounts by `pyk8s-lab user create`.
    Closed,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// For machines: an object a line.
    Json,
}

/// The settings, as flags and environment give them.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    /// Address to serve on
    #[arg(long, env, global = true, default_value = "127.0.0.1:8080")]
    pub listen_addr: SocketAddr,
    /// SQLite file, secrets, providers' state [default: pyk8s-lab in the XDG data directory]
    #[arg(long, env, global = true)]
    pub data_dir: Option<PathBuf>,
    /// `sqlite://…` or `postgres://…` [default: SQLite in the data directory]
    #[arg(long, env, global = true, hide_env_values = true)]
    pub database_url: Option<SecretString>,
    /// Connections to the database
    #[arg(long, env, global = true, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub database_pool_size: u32,
    /// How long a request waits for a connection to the database, in seconds
    #[arg(long, env, global = true, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub database_timeout: u64,
    /// How long one statement may take, in seconds
    #[arg(long, env, global = true, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub database_statement_timeout: u64,
    /// `redis://…`, which lets several servers hear of each other's events at once [default: one server]
    #[arg(long, env, global = true, hide_env_values = true)]
    pub redis_url: Option<SecretString>,
    /// Secret behind access tokens and cookies [default: made once, kept in the data directory]
    #[arg(long, env, global = true, hide_env_values = true)]
    pub secret_key: Option<SecretString>,
    /// Key of the kubeconfigs, 32 bytes in base64 [default: made once, kept in the data directory]
    #[arg(long, env, global = true, hide_env_values = true)]
    pub encryption_key: Option<SecretString>,
    /// The key that was in use before: what it encrypted is encrypted anew at the next start
    #[arg(long, env, global = true, hide_env_values = true)]
    pub encryption_key_previous: Option<SecretString>,
    /// Address that people use, `https://lab.example.org` [default: from the request]
    #[arg(long, env, global = true)]
    pub public_url: Option<Url>,
    /// Which host this server is on [default: an id kept in the data directory]
    #[arg(long, env, global = true)]
    pub host_id: Option<String>,
    /// `production` refuses missing and weak secrets
    #[arg(long, env, global = true, value_enum, default_value = "development")]
    pub app_env: AppEnv,
    /// Default provider: kind, k3d, vcluster or kwok [default: the best that works here]
    #[arg(long, env, global = true)]
    pub provider: Option<ProviderName>,
    /// Node images that kind clusters are offered with, `image:v1.37.0` or `v1.37.0=image`, with commas between them
    #[arg(long, env, global = true, value_delimiter = ',', default_value = KIND_NODE_IMAGE)]
    pub kind_node_images: Vec<NodeImage>,
    /// The same for k3d
    #[arg(long, env, global = true, value_delimiter = ',', default_value = K3D_IMAGE)]
    pub k3d_images: Vec<NodeImage>,
    /// Kubeconfig of the host of virtual clusters [default: the account of the pod that the lab runs in]
    #[arg(long, env, global = true)]
    pub vcluster_kubeconfig: Option<PathBuf>,
    /// The vcluster chart: a name in the repository, a path, or an OCI address
    #[arg(long, env, global = true, default_value = "vcluster")]
    pub vcluster_chart: String,
    /// Its repository; empty when the chart is a path or an OCI address
    #[arg(long, env, global = true, default_value = "https://charts.loft.sh")]
    pub vcluster_chart_repository: String,
    /// Its version [default: the newest]
    #[arg(long, env, global = true)]
    pub vcluster_chart_version: Option<String>,
    /// A file of values for it
    #[arg(long, env, global = true)]
    pub vcluster_values: Option<PathBuf>,
    /// Kubernetes versions that virtual clusters are offered with [default: the host's]
    #[arg(long, env, global = true, value_delimiter = ',')]
    pub vcluster_kubernetes_versions: Vec<KubernetesVersion>,
    /// Address that people reach virtual clusters at, `https://{name}.clusters.example.org` [default: by their Service]
    #[arg(long, env, global = true)]
    pub vcluster_address: Option<String>,
    /// ClusterRole that the lab gives itself in each cluster's namespace [default: it has its rights everywhere]
    #[arg(long, env, global = true)]
    pub vcluster_cluster_role: Option<String>,
    /// File that lists further add-ons (docs/providers.md)
    #[arg(long, env, global = true)]
    pub addons: Option<PathBuf>,
    /// Where the Kubernetes binaries are [default: the cache that `tools/kube/install` fills]
    #[arg(long, env, global = true)]
    pub kube_bin_dir: Option<PathBuf>,
    /// Live clusters of one user
    #[arg(long, env, global = true, default_value_t = 3)]
    pub max_clusters_per_user: u32,
    /// Longest life of a cluster, in hours
    #[arg(long, env, global = true, default_value_t = 72, value_parser = clap::value_parser!(u16).range(1..=8760))]
    pub max_ttl_hours: u16,
    /// Clusters made at once on this host
    #[arg(long, env, global = true, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub provision_concurrency: u32,
    /// How long one run of a provider's tool may take, in seconds
    #[arg(long, env, global = true, default_value_t = 180, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub provider_time_limit: u64,
    /// Who may make an account
    #[arg(long, env, global = true, value_enum, default_value = "open")]
    pub registration: Registration,
    /// Login and registration attempts a minute and address; 0 turns the limit off
    #[arg(long, env, global = true, default_value_t = 10)]
    pub rate_limit_auth: u32,
    /// How the log is written [default: pretty on a terminal, json elsewhere]
    #[arg(long, env, global = true, value_enum)]
    pub log_format: Option<LogFormat>,
    /// What is logged: a level, or levels by module
    #[arg(long, env, global = true, default_value = "info,kube_client=off")]
    pub rust_log: String,
}

/// The settings, checked and completed.
#[derive(Clone)]
pub struct Config {
    /// Address to serve on.
    pub listen_addr: SocketAddr,
    /// Where the lab keeps what is its own.
    pub data_dir: PathBuf,
    /// The database.
    pub store: StoreSettings,
    /// Where Redis is, if there is one.
    pub redis: Option<RedisUrl>,
    /// The secret behind tokens and cookies.
    pub secret_key: SecretKey,
    /// Seals kubeconfigs.
    pub cipher: KubeconfigCipher,
    /// Address that people use.
    pub public_url: Option<Url>,
    /// Which host this is.
    pub host: String,
    /// The default provider.
    pub provider: Option<ProviderName>,
    /// Node images of kind and of k3d.
    pub kind_node_images: Vec<NodeImage>,
    /// The same for k3d.
    pub k3d_images: Vec<NodeImage>,
    /// Where virtual clusters are made, and of what.
    pub vcluster: VclusterPlan,
    /// The file that lists further add-ons.
    pub addons: Option<PathBuf>,
    /// Where the Kubernetes binaries are.
    pub kube_bin_dir: PathBuf,
    /// What users are allowed.
    pub limits: Limits,
    /// Clusters made at once.
    pub provision_concurrency: u32,
    /// How long one run of a provider's tool may take.
    pub provider_time_limit: Duration,
    /// Whether anybody may make an account.
    pub registration_open: bool,
    /// Login attempts a minute and address; `None` is without limit.
    pub auth_attempts: Option<std::num::NonZeroU32>,
}

impl Config {
    /// The name by which people reach this host, where that is not this host's own business.
    pub fn public_host(&self) -> Option<String> {
        let local = |host: &str| matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        let host = self.public_url.as_ref()?.host_str()?;
        (!local(host)).then(|| host.to_owned())
    }
}

impl Settings {
    /// Checks the settings and completes them from the data directory, which is made when it is not there.
    ///
    /// # Errors
    /// [`ConfigError`] names the setting that is wrong, and how to mend it.
    pub fn resolve(&self) -> Result<Config, ConfigError> {
        let data_dir = match &self.data_dir {
            Some(folder) => {
                std::path::absolute(folder).map_err(|error| ConfigError::file(folder, error))?
            }
            None => dirs::data_dir()
                .ok_or(ConfigError::NoHome("DATA_DIR"))?
                .join("pyk8s-lab"),
        };
        files::make_private_folder(&data_dir)?;
        let database = match &self.database_url {
            Some(url) => DatabaseUrl::parse(url.expose_secret()).map_err(ConfigError::Database)?,
            None => DatabaseUrl::file(&data_dir.join("lab.db")),
        };
        let redis = self
            .redis_url
            .as_ref()
            .map(|url| RedisUrl::parse(url.expose_secret()))
            .transpose()?;
        let strict =
            self.app_env == AppEnv::Production || matches!(database, DatabaseUrl::Postgres(_));
        let secret_key = match &self.secret_key {
            Some(secret) => secret.clone(),
            None if strict => return Err(ConfigError::MissingSecret("SECRET_KEY")),
            None => files::kept(&data_dir.join("secret.key"), EncryptionKey::generate)?.into(),
        };
        let encryption_key = match &self.encryption_key {
            Some(key) => key.clone(),
            None if strict => return Err(ConfigError::MissingSecret("ENCRYPTION_KEY")),
            None => files::kept(&data_dir.join("encryption.key"), EncryptionKey::generate)?.into(),
        };
        if strict {
            refuse_weak("SECRET_KEY", secret_key.expose_secret())?;
            refuse_weak("ENCRYPTION_KEY", encryption_key.expose_secret())?;
        }
        let key = |name, text: &SecretString| {
            EncryptionKey::from_base64(text.expose_secret())
                .map_err(|source| ConfigError::BadKey { name, source })
        };
        let previous = self
            .encryption_key_previous
            .as_ref()
            .map(|text| key("ENCRYPTION_KEY_PREVIOUS", text));
        let cipher = KubeconfigCipher::new(
            key("ENCRYPTION_KEY", &encryption_key)?,
            previous.transpose()?,
        );
        let host = match &self.host_id {
            Some(host) if host.is_empty() || host.contains('/') => {
                return Err(ConfigError::BadHost);
            }
            Some(host) => host.clone(),
            None => files::kept(&data_dir.join("host.id"), || {
                uuid::Uuid::new_v4().simple().to_string()
            })?,
        };
        let kube_bin_dir = match &self.kube_bin_dir {
            Some(folder) => folder.clone(),
            None => dirs::cache_dir()
                .ok_or(ConfigError::NoHome("KUBE_BIN_DIR"))?
                .join("pyk8s-lab/kube"),
        };
        Ok(Config {
            listen_addr: self.listen_addr,
            data_dir,
            store: StoreSettings {
                url: database,
                pool_size: self.database_pool_size,
                acquire_timeout: Duration::from_secs(self.database_timeout),
                statement_timeout: Duration::from_secs(self.database_statement_timeout),
            },
            redis,
            secret_key: SecretKey::new(secret_key),
            cipher,
            public_url: self.public_url.clone(),
            host,
            provider: self.provider,
            kind_node_images: self.kind_node_images.clone(),
            k3d_images: self.k3d_images.clone(),
            vcluster: self.vcluster()?,
            addons: self.addons.clone(),
            kube_bin_dir,
            limits: Limits {
                clusters_per_user: self.max_clusters_per_user,
                ttl: TtlLimits {
                    max_hours: self.max_ttl_hours,
                },
            },
            provision_concurrency: self.provision_concurrency,
            provider_time_limit: Duration::from_secs(self.provider_time_limit),
            registration_open: self.registration == Registration::Open,
            auth_attempts: std::num::NonZeroU32::new(self.rate_limit_auth),
        })
    }
}

impl Settings {
    fn vcluster(&self) -> Result<VclusterPlan, ConfigError> {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let address = self.vcluster_address.as_deref().and_then(given);
        if let Some(address) = &address
            && Url::parse(&address.replace("{name}", "lab-0"))
                .is_ok_and(|url| url.scheme() == "https" && address.contains("{name}"))
                .not()
        {
            return Err(ConfigError::BadVclusterAddress);
        }
        Ok(VclusterPlan {
            kubeconfig: self.vcluster_kubeconfig.clone(),
            chart: self.vcluster_chart.clone(),
            repository: given(&self.vcluster_chart_repository),
            chart_version: self.vcluster_chart_version.as_deref().and_then(given),
            values: self.vcluster_values.clone(),
            versions: self.vcluster_kubernetes_versions.clone(),
            address,
            cluster_role: self.vcluster_cluster_role.as_deref().and_then(given),
        })
    }
}

/// Refuses what is short, has no variety, or stands in an example.
fn refuse_weak(name: &'static str, secret: &str) -> Result<(), ConfigError> {
    let weak = |why| Err(ConfigError::WeakSecret { name, why });
    let lower = secret.to_lowercase();
    if secret.chars().count() < SecretKey::MIN_CHARS {
        return weak("it is shorter than 32 characters");
    }
    if secret
        .chars()
        .collect::<std::collections::HashSet<_>>()
        .len()
        < 8
    {
        return weak("it repeats itself");
    }
    if ["change", "example", "secret", "password", "changeme"]
        .iter()
        .any(|word| lower.contains(word))
    {
        return weak("it looks like an example");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }

    fn resolve(folder: &std::path::Path, more: &[&str]) -> Result<Config, ConfigError> {
        let folder = folder.display().to_string();
        let line = ["lab", "--data-dir", &folder]
            .into_iter()
            .chain(more.iter().copied());
        Line::try_parse_from(line).unwrap().settings.resolve()
    }

    #[test]
    fn without_settings_secrets_are_made_once_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let first = resolve(&data, &[]).unwrap();
        let again = resolve(&data, &[]).unwrap();
        assert_eq!(first.host, again.host);
        assert_eq!(first.secret_key.derive("x"), again.secret_key.derive("x"));
        for (name, mode) in [
            ("", 0o700),
            ("secret.key", 0o600),
            ("encryption.key", 0o600),
        ] {
            let found = std::fs::metadata(data.join(name))
                .unwrap()
                .permissions()
                .mode()
                & 0o777;
            assert_eq!(found, mode, "{name}");
        }
    }

    #[test]
    fn production_refuses_missing_short_and_example_secrets_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let good = "kJ3nX8vQ2mL7pR4tW9yB5cF1hD6gS0aZ";
        let key = EncryptionKey::generate();
        let weak_key = format!("{}=", "A".repeat(43));
        let refused = |more: &[&str], name: &str| {
            let line = [&["--app-env", "production"], more].concat();
            let error = resolve(folder.path(), &line)
                .err()
                .expect("it is refused")
                .to_string();
            assert!(error.contains(name), "{error}");
        };
        refused(&["--encryption-key", &key], "SECRET_KEY");
        refused(
            &["--secret-key", "short", "--encryption-key", &key],
            "SECRET_KEY",
        );
        refused(
            &[
                "--secret-key",
                "change-me-to-something-secret-please",
                "--encryption-key",
                &key,
            ],
            "SECRET_KEY",
        );
        refused(&["--secret-key", good], "ENCRYPTION_KEY");
        refused(
            &["--secret-key", good, "--encryption-key", &weak_key],
            "ENCRYPTION_KEY",
        );
        refused(
            &["--secret-key", good, "--encryption-key", "c2hvcnQ="],
            "ENCRYPTION_KEY",
        );
        let line = [
            "--app-env",
            "production",
            "--secret-key",
            good,
            "--encryption-key",
            &key,
        ];
        assert!(resolve(folder.path(), &line).is_ok());
        assert!(resolve(folder.path(), &["--database-url", "postgres://db/lab"]).is_err());
    }
}
