//! Clusters whose nodes are containers of this host: what `kind` and `k3d` have in common.
//!
//! A cluster is this installation's when it has a folder here, which is made before the tool is started and
//! removed after all else: two labs on one host, or somebody's own clusters, don't touch each other.

mod k3d;
mod kind;

use std::{
    fs, io,
    marker::PhantomData,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use k3d::K3d;
use kind::Kind;

use super::{
    Availability, ClusterSpec, Health, NodeImage, Obstacle, Progress, Provider, ProvisionError,
    engine::{self, Engine},
    files::{names_in, write_whole},
    ports::is_free,
    ready,
    run::{run, run_in_steps},
    tools,
};
use crate::{
    domain::{Kubeconfig, KubernetesVersion, ProviderName, ProviderRef},
    exec::{ExecError, Tool},
};

/// How long fetching a node image may take: about a gigabyte, once a host.
const PULL_WITHIN: Duration = Duration::from_secs(30 * 60);

/// How long the engine may still be making the container that a tool has asked for before it was ended.
const SETTLE: Duration = Duration::from_secs(1);

/// Where such a provider finds and keeps things.
#[derive(Debug, Clone)]
pub struct ContainerSettings {
    /// The folder that `tools/kube/install` fills; PATH is looked at, too.
    pub bin_dir: PathBuf,
    /// Where the container engine's client is, when not on PATH.
    pub engine_dir: Option<PathBuf>,
    /// One folder for this provider of this installation alone.
    pub state_dir: PathBuf,
    /// The node images that are offered.
    pub images: Vec<NodeImage>,
    /// The name by which people reach this host; without one the API servers listen on 127.0.0.1.
    pub public_host: Option<String>,
    /// How long each run of the tool may take.
    pub time_limit: Duration,
}

impl ContainerSettings {
    /// The address that a cluster's API server listens on.
    fn listen_address(&self) -> &'static str {
        match self.public_host {
            Some(_) => "0.0.0.0",
            None => "127.0.0.1",
        }
    }

    fn image(&self, version: &KubernetesVersion) -> Result<&str, ProvisionError> {
        self.images
            .iter()
            .find(|image| image.version == *version)
            .map(|image| image.image.as_str())
            .ok_or_else(|| {
                ProvisionError::Broken(format!("no node image of Kubernetes {version} is offered"))
            })
    }
}

/// `kind`: nodes as containers, by kubeadm.
pub fn kind(settings: ContainerSettings) -> Arc<dyn Provider> {
    Arc::new(Containers::<Kind>::new(settings))
}

/// `k3d`: k3s in containers.
pub fn k3d(settings: ContainerSettings) -> Arc<dyn Provider> {
    Arc::new(Containers::<K3d>::new(settings))
}

/// The tool of one provider: its commands, and how it answers.
#[async_trait]
trait Recipe: Send + Sync {
    /// Which provider it is.
    const PROVIDER: ProviderName;
    /// Whether it also works with Podman.
    const PODMAN: bool;
    /// What gets the tool.
    const MEND: &str;
    /// The oldest version whose commands are these.
    const OLDEST: &str;

    /// What keeps the tool from making a version here.
    fn obstacle(_engine: &Engine, _version: &KubernetesVersion) -> Option<Obstacle> {
        None
    }

    /// What the tool must know of the engine, as an environment.
    fn environment(_engine: &Engine) -> Vec<(&'static str, &'static str)> {
        Vec::new()
    }

    /// Creates the cluster, with its files in `folder`.
    fn create(
        tool: Tool,
        settings: &ContainerSettings,
        engine: &Engine,
        spec: &ClusterSpec,
        folder: &Path,
    ) -> Result<Tool, ProvisionError>;

    /// Prints the kubeconfig.
    fn kubeconfig(tool: Tool, name: &ProviderRef) -> Tool;

    /// Removes the cluster.
    fn delete(tool: Tool, name: &ProviderRef, folder: &Path) -> Tool;

    /// Starts the cluster's containers again.
    async fn start(
        tool: Tool,
        engine: &Engine,
        name: &ProviderRef,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<(), ProvisionError>;

    /// Lists all clusters.
    fn list(tool: Tool) -> Tool;

    /// The names in what it has listed.
    fn listed(said: &str) -> Result<Vec<String>, ProvisionError>;

    /// The step that begins with a line of the tool's output.
    fn step(line: &str) -> Option<String>;
}

/// A provider of the kind described above.
struct Containers<R> {
    settings: ContainerSettings,
    recipe: PhantomData<R>,
}

impl<R: Recipe> Containers<R> {
    fn new(settings: ContainerSettings) -> Self {
        Self {
            settings,
            recipe: PhantomData,
        }
    }

    fn folder(&self, name: &ProviderRef) -> PathBuf {
        self.settings.state_dir.join(name.as_str())
    }

    fn kubeconfig_file(&self, name: &ProviderRef) -> PathBuf {
        self.folder(name).join("kubeconfig.yaml")
    }

    /// The engine and the tool, or what is in the way.
    async fn ready(&self) -> Result<(Engine, PathBuf), Obstacle> {
        let (engine, program) = tokio::join!(
            engine::find(self.settings.engine_dir.as_deref(), R::PODMAN),
            tools::require(
                &self.settings.bin_dir,
                R::PROVIDER.as_str(),
                &["version"],
                R::OLDEST,
                R::MEND,
            )
        );
        Ok((engine?, program?))
    }

    async fn tool(&self) -> Result<(Engine, Tool), ProvisionError> {
        let (engine, program) = self
            .ready()
            .await
            .map_err(|obstacle| ProvisionError::Broken(obstacle.to_string()))?;
        let mut tool = Tool::new(program).time_limit(self.settings.time_limit);
        for (name, value) in R::environment(&engine) {
            tool = tool.env(name, value);
        }
        // The tool calls the engine by its name.
        if let Some(folder) = &self.settings.engine_dir {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let folders = std::iter::once(folder.clone()).chain(std::env::split_paths(&path));
            if let Ok(path) = std::env::join_paths(folders) {
                tool = tool.env("PATH", path);
            }
        }
        Ok((engine, tool))
    }

    async fn exists(
        &self,
        tool: &Tool,
        name: &ProviderRef,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<bool, ProvisionError> {
        let said = run(R::list(tool.clone()).capture(), progress, cancel).await?;
        Ok(R::listed(&said.stdout)?
            .iter()
            .any(|listed| listed == name.as_str()))
    }

    async fn create(
        &self,
        engine: &Engine,
        tool: &Tool,
        spec: &ClusterSpec,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<(), ProvisionError> {
        if let Some(taken) = spec.ports.iter().find(|port| !is_free(**port)) {
            return Err(ProvisionError::PortTaken(*taken));
        }
        self.fetch_image(spec, engine, progress, cancel).await?;
        progress.step("Writing the configuration").await;
        let folder = self.folder(&spec.provider_ref);
        fs::create_dir_all(&folder)
            .map_err(|source| io_error("making the cluster's folder", source))?;
        let tool = R::create(tool.clone(), &self.settings, engine, spec, &folder)?;
        progress.step("Starting the nodes as containers").await;
        run_in_steps(tool, R::step, progress, cancel).await?;
        Ok(())
    }

    /// Has the engine fetch the node image where it is not there yet: the tool would do it, too, but within the
    /// time that a cluster may take.
    async fn fetch_image(
        &self,
        spec: &ClusterSpec,
        engine: &Engine,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<(), ProvisionError> {
        let image = self.settings.image(&spec.kubernetes_version)?;
        // What it says of an image that is not there is nothing to tell.
        match tools::probe(engine.tool().args(["image", "inspect", image])).await {
            Err(ExecError::Failed { .. }) => {}
            other => return Ok(other.map(drop)?),
        }
        progress
            .step("Fetching the node image: only the first time on this host")
            .await;
        let pull = engine.tool().args(["pull", image]).time_limit(PULL_WITHIN);
        run(pull, progress, cancel).await.map(drop)
    }

    /// Reads the kubeconfig from the tool, and keeps it for asking how the cluster is.
    async fn keep_kubeconfig(
        &self,
        tool: &Tool,
        name: &ProviderRef,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<Kubeconfig, ProvisionError> {
        let read = R::kubeconfig(tool.clone(), name).capture();
        let output = run(read, progress, cancel).await?;
        write_whole(&self.kubeconfig_file(name), &output.stdout)
            .map_err(|source| io_error("keeping the kubeconfig", source))?;
        Kubeconfig::parse(output.stdout).map_err(|error| ProvisionError::Broken(error.to_string()))
    }

    /// Whether what exists answers: of a creation that was cut short there may be no kubeconfig yet.
    async fn answers(
        &self,
        tool: &Tool,
        name: &ProviderRef,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<bool, ProvisionError> {
        match self.keep_kubeconfig(tool, name, progress, cancel).await {
            Err(ProvisionError::Cancelled) => Err(ProvisionError::Cancelled),
            Err(_) => Ok(false),
            Ok(_) => Ok(ready::ask_file(&self.kubeconfig_file(name)).await == Health::Ready),
        }
    }

    async fn wait_until_ready(
        &self,
        name: &ProviderRef,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<(), ProvisionError> {
        progress.step("Waiting for the API server").await;
        let kubeconfig = self.kubeconfig_file(name);
        ready::wait(cancel, || ready::ask_file(&kubeconfig)).await
    }
}

#[async_trait]
impl<R: Recipe + 'static> Provider for Containers<R> {
    fn name(&self) -> ProviderName {
        R::PROVIDER
    }

    /// The API server's.
    fn ports_needed(&self) -> usize {
        1
    }

    async fn availability(&self) -> Availability {
        let engine = match self.ready().await {
            Ok((engine, _)) => engine,
            Err(obstacle) => return Availability::Unavailable(obstacle),
        };
        let mut versions = Vec::new();
        let mut in_the_way = Obstacle::new("no node image is set", "see docs/providers.md");
        for image in &self.settings.images {
            match R::obstacle(&engine, &image.version) {
                None => versions.push(image.version.clone()),
                Some(obstacle) => in_the_way = obstacle,
            }
        }
        versions.sort_by(|a, b| b.cmp(a));
        if versions.is_empty() {
            Availability::Unavailable(in_the_way)
        } else {
            Availability::Available(versions)
        }
    }

    async fn ensure(
        &self,
        spec: &ClusterSpec,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<Kubeconfig, ProvisionError> {
        let name = &spec.provider_ref;
        let (engine, tool) = self.tool().await?;
        let exists = self.exists(&tool, name, progress, cancel).await?;
        let is_ours = self.folder(name).exists();
        if exists && !is_ours {
            return Err(foreign(R::PROVIDER, name));
        }
        if exists && self.answers(&tool, name, progress, cancel).await? {
            progress.step("Taking over what is there already").await;
        } else if exists && spec.has_data {
            progress.step("Starting the cluster again").await;
            self.repair(spec, progress, cancel).await?;
        } else {
            if is_ours {
                progress
                    .step("Clearing away a try that was cut short")
                    .await;
                self.destroy(name, progress).await?;
            }
            self.create(&engine, &tool, spec, progress, cancel).await?;
            self.keep_kubeconfig(&tool, name, progress, cancel).await?;
            self.wait_until_ready(name, progress, cancel).await?;
        }
        progress.step("Reading the kubeconfig").await;
        self.keep_kubeconfig(&tool, name, progress, cancel).await
    }

    async fn health(&self, spec: &ClusterSpec) -> Health {
        ready::ask_file(&self.kubeconfig_file(&spec.provider_ref)).await
    }

    async fn repair(
        &self,
        spec: &ClusterSpec,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<(), ProvisionError> {
        let name = &spec.provider_ref;
        let (engine, tool) = self.tool().await?;
        if !self.exists(&tool, name, progress, cancel).await? {
            return Err(ProvisionError::Broken(
                "the cluster's containers are gone from this host".into(),
            ));
        }
        R::start(tool, &engine, name, progress, cancel).await?;
        self.wait_until_ready(name, progress, cancel).await
    }

    async fn destroy(&self, name: &ProviderRef, progress: &Progress) -> Result<(), ProvisionError> {
        let folder = self.folder(name);
        if !folder.exists() {
            return Ok(());
        }
        let cancel = CancellationToken::new();
        let (_, tool) = self.tool().await?;
        let mut exists = self.exists(&tool, name, progress, &cancel).await?;
        if !exists {
            tokio::time::sleep(SETTLE).await;
            exists = self.exists(&tool, name, progress, &cancel).await?;
        }
        if exists {
            run(R::delete(tool.clone(), name, &folder), progress, &cancel).await?;
            if self.exists(&tool, name, progress, &cancel).await? {
                return Err(ProvisionError::Broken(format!(
                    "{} said that it deleted the cluster, and it is still there",
                    R::PROVIDER
                )));
            }
        }
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(io_error("removing the cluster's files", error))
            }
            _ => Ok(()),
        }
    }

    async fn list_owned(&self) -> Result<Vec<ProviderRef>, ProvisionError> {
        names_in(&self.settings.state_dir).map_err(|source| io_error("listing clusters", source))
    }
}

fn foreign(provider: ProviderName, name: &ProviderRef) -> ProvisionError {
    ProvisionError::Broken(format!(
        "a {provider} cluster named {name} exists already and is not this lab's: it was left alone"
    ))
}

fn io_error(what: &str, source: io::Error) -> ProvisionError {
    ProvisionError::Io {
        what: what.to_owned(),
        source,
    }
}
