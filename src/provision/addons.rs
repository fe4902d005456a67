//! What may be installed into a cluster when it is up: well-known things, and what an administrator lists.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{Progress, ProvisionError, files::write_whole, run::run, tools};
use crate::{
    domain::{AddonName, Invalid, Kubeconfig, ProviderName},
    exec::Tool,
};

/// Where add-ons are listed, and what installs them.
#[derive(Debug, Clone)]
pub struct AddonSettings {
    /// A file that lists further ones, see docs/providers.md.
    pub file: Option<PathBuf>,
    /// The folder that `tools/kube/install` fills.
    pub bin_dir: PathBuf,
    /// Where kubeconfigs and Helm's own files stand while they are used.
    pub state_dir: PathBuf,
    /// How long each installation may take.
    pub time_limit: std::time::Duration,
}

/// Something that can be installed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Addon {
    name: String,
    description: String,
    #[serde(flatten)]
    source: Source,
    /// Whether it only makes sense where containers run.
    #[serde(default)]
    needs_real_pods: bool,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Source {
    Chart(Chart),
    /// A file or an address that `kubectl apply` takes.
    Manifest(String),
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Chart {
    /// A name in the repository, a path, or an OCI address.
    name: String,
    repository: Option<String>,
    version: Option<String>,
    namespace: String,
    #[serde(default)]
    values: serde_json::Value,
}

impl Addon {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is for.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Whether it only makes sense where containers run.
    pub fn needs_real_pods(&self) -> bool {
        self.needs_real_pods
    }

    fn chart(name: &str, description: &str, repository: &str, namespace: &str) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            source: Source::Chart(Chart {
                name: name.into(),
                repository: Some(repository.into()),
                version: None,
                namespace: namespace.into(),
                values: serde_json::Value::Null,
            }),
            needs_real_pods: true,
        }
    }
}

/// Those that are offered.
pub struct Addons {
    settings: AddonSettings,
    offered: Vec<Addon>,
}

impl Addons {
    /// The well-known ones and those that the file lists.
    ///
    /// # Errors
    /// What is wrong with the file, in words for the operator.
    pub fn read(settings: AddonSettings) -> Result<Self, String> {
        let mut offered = vec![
            Addon::chart(
                "metrics-server",
                "kubectl top, and autoscaling by CPU and memory",
                "https://kubernetes-sigs.github.io/metrics-server/",
                "kube-system",
            ),
            Addon::chart(
                "ingress-nginx",
                "an ingress controller",
                "https://kubernetes.github.io/ingress-nginx",
                "ingress-nginx",
            ),
        ];
        if let Some(file) = &settings.file {
            let wrong = |why: String| format!("ADDONS={}: {why}", file.display());
            let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
            let listed: Vec<Addon> =
                serde_saphyr::from_str(&text).map_err(|error| wrong(error.to_string()))?;
            for addon in listed {
                addon
                    .name
                    .parse::<AddonName>()
                    .map_err(|error| wrong(format!("{:?}: add-ons {error}", addon.name)))?;
                // A listed one takes the place of a well-known one of its name.
                offered.retain(|known| known.name != addon.name);
                offered.push(addon);
            }
        }
        Ok(Self { settings, offered })
    }

    /// Those that are offered.
    pub fn offered(&self) -> &[Addon] {
        &self.offered
    }

    /// Whether an add-on can be had with a provider.
    ///
    /// # Errors
    /// [`Invalid`] says why not, and which can.
    pub fn check(&self, name: &str, provider: Option<ProviderName>) -> Result<AddonName, Invalid> {
        let parsed = name.parse()?;
        let Some(addon) = self.offered.iter().find(|addon| addon.name == name) else {
            let known: Vec<&str> = self.offered.iter().map(Addon::name).collect();
            return Err(Invalid::new(
                "addons",
                format!("{name} is not offered: there are {}", known.join(", ")),
            ));
        };
        match provider {
            Some(provider) if addon.needs_real_pods && provider.is_simulated() => {
                Err(Invalid::new(
                    "addons",
                    format!("{name} needs pods that run: {provider}'s are simulated"),
                ))
            }
            _ => Ok(parsed),
        }
    }

    /// Installs them into a cluster that is up, one after the other, each a step; those that failed, with the
    /// tool's own words. Installing again changes nothing.
    ///
    /// # Errors
    /// [`ProvisionError::Cancelled`], and when files can't be written.
    pub async fn install(
        &self,
        wanted: &[AddonName],
        (cluster, provider): (&str, ProviderName),
        kubeconfig: &Kubeconfig,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<Vec<AddonName>, ProvisionError> {
        let mut failed = Vec::new();
        if wanted.is_empty() {
            return Ok(failed);
        }
        let folder = self.settings.state_dir.join(cluster);
        let file = folder.join("kubeconfig.yaml");
        write_whole(&file, kubeconfig.expose()).map_err(|source| ProvisionError::Io {
            what: "writing the kubeconfig for add-ons".into(),
            source,
        })?;
        for name in wanted {
            progress.step(format!("Installing {name}")).await;
            let installed = match self
                .offered
                .iter()
                .find(|addon| addon.name == name.as_str())
            {
                None => Err(ProvisionError::Broken("it is not offered any more".into())),
                // k3s brings it.
                Some(_) if provider == ProviderName::K3d && name.as_str() == "metrics-server" => {
                    progress.log("k3s has brought it already").await;
                    Ok(())
                }
                Some(addon) => {
                    self.install_one(addon, &folder, &file, progress, cancel)
                        .await
                }
            };
            match installed {
                Err(ProvisionError::Cancelled) => return Err(ProvisionError::Cancelled),
                Err(error) => {
                    progress
                        .log(format!("{name} could not be installed: {error}"))
                        .await;
                    failed.push(name.clone());
                }
                Ok(()) => {}
            }
        }
        let _ = std::fs::remove_dir_all(folder);
        Ok(failed)
    }

    async fn install_one(
        &self,
        addon: &Addon,
        folder: &Path,
        kubeconfig: &Path,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<(), ProvisionError> {
        let tool = match &addon.source {
            Source::Chart(chart) => {
                let values = folder.join(format!("{}.values.yaml", addon.name));
                let text = serde_json::to_string(&chart.values)
                    .map_err(|error| ProvisionError::Broken(error.to_string()))?;
                let text = if chart.values.is_null() { "{}" } else { &text };
                write_whole(&values, text).map_err(|source| ProvisionError::Io {
                    what: "writing an add-on's values".into(),
                    source,
                })?;
                let home = self.settings.state_dir.join(".helm");
                let mut tool = self
                    .tool("helm", "tools/kube/install --only helm")?
                    .args(["upgrade", "--install", &addon.name, &chart.name])
                    .args(["--namespace", &chart.namespace, "--create-namespace"])
                    .args(["--kubeconfig".as_ref(), kubeconfig.as_os_str()])
                    .args(["--values".as_ref(), values.as_os_str()])
                    .env("HELM_CACHE_HOME", home.join("cache"))
                    .env("HELM_CONFIG_HOME", home.join("config"))
                    .env("HELM_DATA_HOME", home.join("data"));
                if let Some(repository) = &chart.repository {
                    tool = tool.args(["--repo", repository]);
                }
                if let Some(version) = &chart.version {
                    tool = tool.args(["--version", version]);
                }
                tool
            }
            Source::Manifest(at) => self
                .tool("kubectl", "make kube")?
                .args(["apply", "--server-side", "--filename", at])
                .args(["--kubeconfig".as_ref(), kubeconfig.as_os_str()])
                // It keeps a cache of API discovery in its home.
                .env("HOME", folder),
        };
        run(tool, progress, cancel).await.map(drop)
    }

    fn tool(&self, name: &str, mend: &str) -> Result<Tool, ProvisionError> {
        // kubectl is among the Kubernetes binaries, not in a folder of its own.
        let program = tools::find(&self.settings.bin_dir, name)
            .or_else(|| tools::find_in(&self.settings.bin_dir, "kubernetes", name))
            .ok_or_else(|| {
                ProvisionError::Broken(format!("{name} is missing on the server: {mend}"))
            })?;
        Ok(Tool::new(program).time_limit(self.settings.time_limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Addons, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("addons.yaml");
        std::fs::write(&file, text).unwrap();
        Addons::read(AddonSettings {
            file: Some(file),
            bin_dir: "/".into(),
            state_dir: "/".into(),
            time_limit: std::time::Duration::from_secs(1),
        })
    }

    #[test]
    fn an_administrator_lists_charts_and_manifests() {
        let addons = read(
            "- name: policy\n  description: the house rules\n  manifest: /etc/lab/policy.yaml\n\
             - name: metrics-server\n  description: ours\n  chart: {name: ms, repository: 'https://charts.example.org', namespace: kube-system, values: {args: [x]}}\n",
        )
        .unwrap();
        let names: Vec<_> = addons.offered().iter().map(Addon::name).collect();
        assert_eq!(names, ["ingress-nginx", "policy", "metrics-server"]);
        assert!(addons.check("policy", Some(ProviderName::Kwok)).is_ok());
        let refused = addons
            .check("ingress-nginx", Some(ProviderName::Kwok))
            .unwrap_err();
        assert!(refused.message.contains("simulated"), "{refused}");
        assert!(
            addons
                .check("ingress-nginx", Some(ProviderName::Kind))
                .is_ok()
        );
        let unknown = addons.check("helm-chart-of-mine", None).unwrap_err();
        assert!(unknown.message.contains("policy"), "{unknown}");
    }

    #[test]
    fn a_list_that_is_wrong_is_refused_with_its_file() {
        for (text, why) in [
            ("- name: x\n  description: y\n", "ADDONS"),
            (
                "- name: --help\n  description: y\n  manifest: z\n",
                "lower-case",
            ),
            ("nonsense", "ADDONS"),
        ] {
            let error = read(text).err().unwrap();
            assert!(error.contains(why), "{error}");
        }
    }
}
