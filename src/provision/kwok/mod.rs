//! `kwok`: a real control plane of five processes, with simulated nodes. Needs nothing but binaries.

mod binaries;
mod configuration;
mod processes;
mod words;

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use self::{binaries::Binaries, words::in_plain_words};
use super::{
    Availability, ClusterSpec, Health, Progress, Provider, ProvisionError,
    files::{names_in, write_whole},
    ports::is_free,
    ready,
    run::run,
};
use crate::{
    domain::{Kubeconfig, NodeSize, ProviderName, ProviderRef},
    exec::Tool,
};

/// How long the cluster's processes may take to end.
const END_WITHIN: Duration = Duration::from_secs(10);

/// Where this provider finds and keeps things.
#[derive(Debug, Clone)]
pub struct KwokSettings {
    /// The folder that `tools/kube/install` fills.
    pub bin_dir: PathBuf,
    /// Where the clusters' state goes: one folder for this installation alone.
    pub state_dir: PathBuf,
    /// How long each run of the tool may take.
    pub time_limit: Duration,
}

/// The provider.
pub struct Kwok {
    settings: KwokSettings,
}

impl Kwok {
    /// Takes its settings.
    pub fn new(settings: KwokSettings) -> Self {
        Self { settings }
    }

    /// Where kwokctl keeps a cluster.
    fn folder(&self, name: &ProviderRef) -> PathBuf {
        self.clusters().join(name.as_str())
    }

    fn clusters(&self) -> PathBuf {
        self.settings.state_dir.join("clusters")
    }

    /// What kwokctl is given of a cluster, in a folder of its own: whatever a killed kwokctl leaves beside
    /// it, such as a lock, goes with it.
    fn given(&self, name: &ProviderRef) -> PathBuf {
        self.all_given().join(name.as_str())
    }

    fn all_given(&self) -> PathBuf {
        self.settings.state_dir.join("given")
    }

    fn configuration(&self, name: &ProviderRef) -> PathBuf {
        self.given(name).join("configuration.yaml")
    }

    /// kwokctl adds every cluster to a kubeconfig: to this one, not to the server's owner's.
    fn added_to(&self, name: &ProviderRef) -> PathBuf {
        self.given(name).join("kubeconfig.yaml")
    }

    fn kwokctl(&self, binaries: &Binaries, words: &[&str], name: &ProviderRef) -> Tool {
        Tool::new(&binaries.kwokctl)
            .args(words)
            .args(["--name", name.as_str()])
            .env("KWOK_WORKDIR", &self.settings.state_dir)
            // It keeps a cache of API discovery in its home.
            .env("HOME", &self.settings.state_dir)
            .time_limit(self.settings.time_limit)
            .reword(in_plain_words)
    }

    fn binaries(&self, spec: &ClusterSpec) -> Result<Binaries, ProvisionError> {
        binaries::find(&self.settings.bin_dir, &spec.kubernetes_version)
            .map_err(ProvisionError::Broken)
    }

    async fn create(
        &self,
        spec: &ClusterSpec,
        binaries: &Binaries,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<(), ProvisionError> {
        let name = &spec.provider_ref;
        // Of a creation that was killed early on kwokctl makes nothing: it waits for files that nobody
        // writes any more. Nothing of value is in it yet, so it is made anew.
        if self.folder(name).exists() {
            progress
                .step("Clearing away a try that was cut short")
                .await;
            self.destroy(name, progress).await?;
        }
        if let Some(taken) = spec.ports.iter().find(|port| !is_free(**port)) {
            return Err(ProvisionError::PortTaken(*taken));
        }
        progress.step("Writing the configuration").await;
        let configuration = self.configuration(name);
        let text = configuration::text(spec).map_err(ProvisionError::Broken)?;
        write_whole(&configuration, &text)
            .map_err(|source| io_error("writing the configuration", source))?;

        progress
            .step("Starting etcd and the Kubernetes control plane")
            .await;
        let tool = self
            .kwokctl(
                binaries,
                &["create", "cluster", "--runtime", "binary"],
                name,
            )
            .args([Path::new("--config"), &configuration])
            .args([Path::new("--kubeconfig"), &self.added_to(name)])
            .args(binaries.flags());
        run(tool, progress, cancel).await?;
        Ok(())
    }

    /// Waits for `/readyz`; the API server's own last words are in the error.
    async fn wait_until_ready(
        &self,
        name: &ProviderRef,
        cancel: &CancellationToken,
    ) -> Result<(), ProvisionError> {
        ready::wait(cancel, || self.ask(name))
            .await
            .map_err(|error| match error {
                ProvisionError::Broken(why) => {
                    ProvisionError::Broken(format!("{why}\n{}", self.last_words(name)))
                }
                other => other,
            })
    }

    async fn ask(&self, name: &ProviderRef) -> Health {
        ready::ask_file(&self.folder(name).join("kubeconfig.yaml")).await
    }

    /// The end of the API server's own log.
    fn last_words(&self, name: &ProviderRef) -> String {
        let log = fs::read_to_string(self.folder(name).join("logs/kube-apiserver.log"))
            .unwrap_or_default();
        let mut lines: Vec<&str> = log.lines().rev().take(5).collect();
        lines.reverse();
        lines.join("\n")
    }

    /// Everything of a cluster but its processes.
    fn remove_files(&self, name: &ProviderRef) -> io::Result<()> {
        let gone = |result: io::Result<()>| match result {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
        gone(fs::remove_dir_all(self.folder(name)))?;
        // Last: as long as it is there the cluster is listed.
        gone(fs::remove_dir_all(self.given(name)))
    }
}

#[async_trait]
impl Provider for Kwok {
    fn name(&self) -> ProviderName {
        ProviderName::Kwok
    }

    fn ports_needed(&self) -> usize {
        configuration::PORTS
    }

    async fn availability(&self) -> Availability {
        binaries::availability(&self.settings.bin_dir)
    }

    async fn ensure(
        &self,
        spec: &ClusterSpec,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<Kubeconfig, ProvisionError> {
        let name = &spec.provider_ref;
        let binaries = self.binaries(spec)?;
        if self.ask(name).await == Health::Ready {
            progress.step("Taking over what is there already").await;
        } else if spec.has_data && self.folder(name).exists() {
            progress.step("Starting the cluster again").await;
            self.repair(spec, progress, cancel).await?;
        } else {
            self.create(spec, &binaries, progress, cancel).await?;
            progress.step("Waiting for the API server").await;
            self.wait_until_ready(name, cancel).await?;
        }

        let nodes = spec.nodes.get();
        progress
            .step(format!(
                "Adding {nodes} simulated node{}",
                if nodes == 1 { "" } else { "s" }
            ))
            .await;
        let scale = self
            .kwokctl(
                &binaries,
                &["scale", "node", "--replicas", &nodes.to_string()],
                name,
            )
            .args(node_size(spec.node_size));
        run(scale, progress, cancel).await?;

        progress.step("Reading the kubeconfig").await;
        let read = self
            .kwokctl(&binaries, &["get", "kubeconfig"], name)
            .capture();
        let output = run(read, progress, cancel).await?;
        Kubeconfig::parse(output.stdout).map_err(|error| ProvisionError::Broken(error.to_string()))
    }

    async fn health(&self, spec: &ClusterSpec) -> Health {
        self.ask(&spec.provider_ref).await
    }

    async fn repair(
        &self,
        spec: &ClusterSpec,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<(), ProvisionError> {
        let name = &spec.provider_ref;
        if !self.folder(name).exists() {
            return Err(ProvisionError::Broken(
                "the cluster's data is gone from this host's disk".into(),
            ));
        }
        let binaries = self.binaries(spec)?;
        // `start` alone leaves what is dead as it is.
        run(
            self.kwokctl(&binaries, &["stop", "cluster"], name),
            progress,
            cancel,
        )
        .await?;
        run(
            self.kwokctl(&binaries, &["start", "cluster"], name),
            progress,
            cancel,
        )
        .await?;
        progress.step("Waiting for the API server").await;
        self.wait_until_ready(name, cancel).await
    }

    async fn destroy(&self, name: &ProviderRef, progress: &Progress) -> Result<(), ProvisionError> {
        if self.folder(name).exists()
            && let Ok(binaries) = binaries::any(&self.settings.bin_dir)
        {
            let tool = self
                .kwokctl(&binaries, &["delete", "cluster"], name)
                .args([Path::new("--kubeconfig"), &self.added_to(name)]);
            // Of a creation that was cut short it may know too little: what it leaves is swept below.
            if let Err(error) = run(tool, progress, &CancellationToken::new()).await {
                progress.log(error.to_string()).await;
            }
        }
        let folder = self.folder(name);
        let left = look_at_processes(move || processes::end_all_of(&folder, END_WITHIN)).await?;
        if left > 0 {
            return Err(ProvisionError::Broken(format!(
                "{left} processes of the cluster would not end"
            )));
        }
        self.remove_files(name)
            .map_err(|source| io_error("removing the cluster's files", source))
    }

    async fn list_owned(&self) -> Result<Vec<ProviderRef>, ProvisionError> {
        let listing = |source| io_error("listing clusters", source);
        let mut owned = names_in(&self.clusters()).map_err(listing)?;
        owned.extend(names_in(&self.all_given()).map_err(listing)?);
        let clusters = self.clusters();
        owned.extend(look_at_processes(move || processes::clusters_in(&clusters)).await?);
        owned.sort_unstable();
        owned.dedup();
        Ok(owned)
    }
}

/// Looks at this host's processes, off the threads that serve requests.
async fn look_at_processes<T: Send + 'static>(
    look: impl FnOnce() -> Result<T, sysinfo::Error> + Send + 'static,
) -> Result<T, ProvisionError> {
    let broken = |why: String| {
        ProvisionError::Broken(format!("this host's processes can't be listed: {why}"))
    };
    tokio::task::spawn_blocking(look)
        .await
        .map_err(|error| broken(error.to_string()))?
        .map_err(|error| broken(error.to_string()))
}

/// What makes kwokctl's simulated nodes as large as was asked for.
fn node_size(size: NodeSize) -> [String; 4] {
    let param = |of: &str, value: String| format!(".{of}=\"{value}\"");
    [
        "--param".to_owned(),
        param("allocatable.cpu", size.cpus().to_string()),
        "--param".to_owned(),
        param("allocatable.memory", format!("{}Gi", size.gibibytes())),
    ]
}

fn io_error(what: &str, source: io::Error) -> ProvisionError {
    ProvisionError::Io {
        what: what.to_owned(),
        source,
    }
}
