//! `vcluster`: a virtual cluster in a namespace of a host Kubernetes, by Helm. Any replica may look after it.
//!
//! A cluster is this installation's when its namespace carries the installation's label; whatever else the
//! host has is never touched.

mod connection;
mod host;
mod limits;
mod rights;

use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;
use kube::Client;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use self::host::Host;
use super::{
    Availability, ClusterSpec, Health, Obstacle, Progress, Provider, ProvisionError, ready,
    run::run, tools,
};
use crate::{
    domain::{Kubeconfig, KubernetesVersion, ProviderName, ProviderRef},
    exec::Tool,
};

/// How long the host may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// Where virtual clusters are made, and of what: what the operator sets.
#[derive(Debug, Clone)]
pub struct VclusterPlan {
    /// The kubeconfig of the host; the account of the pod that the server runs in, without one.
    pub kubeconfig: Option<PathBuf>,
    /// The chart: a name in the repository, or a path, or an OCI address.
    pub chart: String,
    /// The chart's repository, when the chart is a name.
    pub repository: Option<String>,
    /// The chart's version; the newest, without one.
    pub chart_version: Option<String>,
    /// A file of values for the chart.
    pub values: Option<PathBuf>,
    /// The versions that are offered; the host's own, when there are none.
    pub versions: Vec<KubernetesVersion>,
    /// The address that people reach a virtual cluster at, with `{name}` for its name; by its Service, without one.
    pub address: Option<String>,
    /// A ClusterRole that the account may bind, and binds to itself in each cluster's namespace; without one it
    /// has its rights everywhere.
    pub cluster_role: Option<String>,
}

/// What the provider works with.
#[derive(Debug, Clone)]
pub struct VclusterSettings {
    /// Where virtual clusters are made, and of what.
    pub plan: VclusterPlan,
    /// What marks this installation's namespaces.
    pub installation: String,
    /// The folder that `tools/kube/install` fills.
    pub bin_dir: PathBuf,
    /// Helm's own files.
    pub state_dir: PathBuf,
    /// How long each run of Helm may take.
    pub time_limit: Duration,
}

/// The provider.
pub struct Vcluster {
    settings: VclusterSettings,
    client: OnceCell<Client>,
}

impl Vcluster {
    /// Takes its settings.
    pub fn new(settings: VclusterSettings) -> Self {
        Self {
            settings,
            client: OnceCell::new(),
        }
    }

    async fn host(&self) -> Result<Host<'_>, ProvisionError> {
        let client = self
            .client
            .get_or_try_init(|| connection::connect(self.settings.plan.kubeconfig.as_deref()))
            .await
            .map_err(|obstacle| ProvisionError::Broken(obstacle.to_string()))?;
        Ok(Host::new(client.clone(), &self.settings))
    }

    async fn require_helm(&self) -> Result<PathBuf, Obstacle> {
        tools::require(
            &self.settings.bin_dir,
            "helm",
            &["version", "--short"],
            "v3.8.0",
            "tools/kube/install --only helm",
        )
        .await
    }

    async fn helm(&self) -> Result<Tool, ProvisionError> {
        let program = self
            .require_helm()
            .await
            .map_err(|obstacle| ProvisionError::Broken(obstacle.to_string()))?;
        let home = &self.settings.state_dir;
        let mut tool = Tool::new(program)
            .time_limit(self.settings.time_limit)
            .env("HELM_CACHE_HOME", home.join("cache"))
            .env("HELM_CONFIG_HOME", home.join("config"))
            .env("HELM_DATA_HOME", home.join("data"));
        if let Some(kubeconfig) = &self.settings.plan.kubeconfig {
            tool = tool.env("KUBECONFIG", kubeconfig);
        }
        Ok(tool)
    }

    async fn install(
        &self,
        spec: &ClusterSpec,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<(), ProvisionError> {
        let (name, plan) = (spec.provider_ref.as_str(), &self.settings.plan);
        let mut tool = self
            .helm()
            .await?
            .args(["upgrade", "--install", name, &plan.chart])
            .args(["--namespace", name]);
        if let Some(repository) = &plan.repository {
            tool = tool.args(["--repo", repository]);
        }
        if let Some(version) = &plan.chart_version {
            tool = tool.args(["--version", version]);
        }
        if let Some(values) = &plan.values {
            tool = tool.args(["--values".as_ref(), values.as_os_str()]);
        }
        let version = spec.kubernetes_version.to_string();
        tool = tool.args([
            "--set",
            "controlPlane.distro.k8s.enabled=true",
            "--set-string",
            &format!("controlPlane.distro.k8s.image.tag={version}"),
        ]);
        if let Some(address) = self.address(&spec.provider_ref) {
            let host = url::Url::parse(&address)
                .ok()
                .and_then(|url| url.host_str().map(str::to_owned));
            tool = tool.args([
                "--set-string",
                &format!("exportKubeConfig.server={address}"),
                "--set-string",
                &format!(
                    "controlPlane.proxy.extraSANs[0]={}",
                    host.unwrap_or_default()
                ),
            ]);
        }
        run(tool, progress, cancel).await.map(drop)
    }

    /// The address that the settings give a cluster.
    fn address(&self, name: &ProviderRef) -> Option<String> {
        let pattern = self.settings.plan.address.as_ref()?;
        Some(pattern.replace("{name}", name.as_str()))
    }

    /// The kubeconfig from the cluster's Secret, with the address at which it is reached.
    async fn kubeconfig(
        &self,
        host: &Host<'_>,
        name: &ProviderRef,
    ) -> Result<Option<Kubeconfig>, ProvisionError> {
        let Some(text) = host.kubeconfig(name).await? else {
            return Ok(None);
        };
        let broken = |error: String| ProvisionError::Broken(error);
        let kubeconfig = Kubeconfig::parse(text).map_err(|error| broken(error.to_string()))?;
        let address = match self.address(name) {
            Some(address) => Some(address),
            None => host.service_address(name).await?,
        };
        match address {
            None => Ok(Some(kubeconfig)),
            Some(address) => kubeconfig
                .at(&address)
                .map(Some)
                .map_err(|error| broken(error.to_string())),
        }
    }

    async fn wait_until_ready(
        &self,
        spec: &ClusterSpec,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<Kubeconfig, ProvisionError> {
        let (host, name) = (self.host().await?, &spec.provider_ref);
        progress.step("Waiting for the control plane's pods").await;
        let waited = tokio::time::timeout(self.settings.time_limit, host.wait_for_pods(name));
        let waited = cancel
            .run_until_cancelled(waited)
            .await
            .ok_or(ProvisionError::Cancelled)?;
        match waited {
            Ok(done) => done?,
            Err(_) => {
                return Err(ProvisionError::Broken(format!(
                    "the control plane's pods were not ready after {} s: {}",
                    self.settings.time_limit.as_secs(),
                    host.last_words(name).await
                )));
            }
        }
        progress.step("Reading the kubeconfig").await;
        let kubeconfig = self.kubeconfig(&host, name).await?.ok_or_else(|| {
            ProvisionError::Broken(format!("the Secret vc-{name} has no kubeconfig"))
        })?;
        progress.step("Waiting for the API server").await;
        let document = kubeconfig
            .document()
            .map_err(|error| ProvisionError::Broken(error.to_string()))?;
        ready::wait(cancel, || ready::ask(document.clone())).await?;
        Ok(kubeconfig)
    }
}

#[async_trait]
impl Provider for Vcluster {
    fn name(&self) -> ProviderName {
        ProviderName::Vcluster
    }

    async fn availability(&self) -> Availability {
        let look = async {
            self.require_helm().await?;
            let client = self
                .client
                .get_or_try_init(|| connection::connect(self.settings.plan.kubeconfig.as_deref()))
                .await?;
            let version = connection::version(client).await?;
            rights::check(client, self.settings.plan.cluster_role.as_deref()).await?;
            Ok(version)
        };
        match tokio::time::timeout(ANSWER_WITHIN, look).await {
            Ok(Ok(_)) if !self.settings.plan.versions.is_empty() => {
                let mut versions = self.settings.plan.versions.clone();
                versions.sort_by(|a, b| b.cmp(a));
                Availability::Available(versions)
            }
            Ok(Ok(version)) => Availability::Available(vec![version]),
            Ok(Err(obstacle)) => Availability::Unavailable(obstacle),
            Err(_) => Availability::Unavailable(connection::unreachable(format!(
                "no answer within {} s",
                ANSWER_WITHIN.as_secs()
            ))),
        }
    }

    async fn ensure(
        &self,
        spec: &ClusterSpec,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<Kubeconfig, ProvisionError> {
        let host = self.host().await?;
        progress.step("Preparing the namespace").await;
        cancel
            .run_until_cancelled(host.prepare(spec))
            .await
            .ok_or(ProvisionError::Cancelled)??;
        progress.step("Installing the virtual cluster").await;
        // Of a Helm that was killed: nobody else works on this release, its lease is held here.
        host.forget_unfinished_releases(&spec.provider_ref).await?;
        self.install(spec, progress, cancel).await?;
        self.wait_until_ready(spec, progress, cancel).await
    }

    async fn health(&self, spec: &ClusterSpec) -> Health {
        let ask = async {
            let host = self.host().await?;
            host.keep_expiry(spec).await?;
            if let Some(why) = host.not_ready(&spec.provider_ref).await? {
                return Ok(Health::Down(why));
            }
            match self.kubeconfig(&host, &spec.provider_ref).await? {
                None => Ok(Health::Down("its kubeconfig is gone".into())),
                Some(kubeconfig) => match kubeconfig.document() {
                    Ok(document) => Ok(ready::ask(document).await),
                    Err(error) => Ok(Health::Down(error.to_string())),
                },
            }
        };
        match tokio::time::timeout(ANSWER_WITHIN, ask).await {
            Ok(Ok(health)) => health,
            Ok(Err(error)) => {
                let error: ProvisionError = error;
                Health::Down(error.to_string())
            }
            Err(_) => Health::Down(format!("no answer within {} s", ANSWER_WITHIN.as_secs())),
        }
    }

    async fn repair(
        &self,
        spec: &ClusterSpec,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<(), ProvisionError> {
        // An empty one in its place would hide that its data is gone.
        if !self.host().await?.is_ours(&spec.provider_ref).await? {
            return Err(ProvisionError::Broken(
                "the cluster's namespace is gone from the host Kubernetes".into(),
            ));
        }
        self.ensure(spec, progress, cancel).await.map(drop)
    }

    async fn destroy(&self, name: &ProviderRef, progress: &Progress) -> Result<(), ProvisionError> {
        let host = self.host().await?;
        if !host.is_ours(name).await? {
            return Ok(());
        }
        // A server that was killed may have left a namespace that it had no rights in yet.
        host.take_rights(name).await?;
        // What the chart has made outside of its namespace goes only with its release.
        host.forget_unfinished_releases(name).await?;
        let uninstall = self
            .helm()
            .await?
            .args(["uninstall", name.as_str(), "--namespace", name.as_str()])
            .args(["--ignore-not-found"]);
        if let Err(error) = run(uninstall, progress, &CancellationToken::new()).await {
            progress.log(error.to_string()).await;
        }
        progress.step("Removing the namespace").await;
        host.remove(name).await
    }

    async fn list_owned(&self) -> Result<Vec<ProviderRef>, ProvisionError> {
        if self.settings.plan.kubeconfig.is_none() && !connection::is_in_cluster() {
            return Ok(Vec::new());
        }
        self.host().await?.owned().await
    }
}
