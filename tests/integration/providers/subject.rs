//! What differs between the providers, for a test.

use std::{
    collections::HashSet,
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use pyk8s_lab::{
    domain::{ClusterId, NodeCount, NodeSize, ProviderRef},
    provision::{
        self, ClusterSpec, ContainerSettings, KwokSettings, Progress, Provider, Vcluster,
        VclusterPlan, VclusterSettings, free_ports,
    },
};
use tokio_util::sync::CancellationToken;

/// A provider under test, with the world that it works in.
pub trait Subject {
    fn name(&self) -> &'static str;

    /// What the server is told.
    fn settings(&self) -> Vec<(String, String)>;

    /// The provider as the server would have it, with its state in `folder`.
    fn provider(&self, folder: &Path) -> Arc<dyn Provider>;

    /// The clusters that exist, also in part, of a lab with its data in `folder`.
    fn existing(&self, folder: &Path) -> Vec<String>;

    /// Has the cluster fail, with its data kept.
    fn break_down(&self, folder: &Path, name: &str);

    /// The server's settings when the tool is this shell script.
    fn with_tool(&self, folder: &Path, script: &str) -> Vec<(String, String)>;

    /// Makes a cluster of this name that is somebody else's; whether it is there still is what it answers later.
    fn foreigner(&self, name: &ProviderRef) -> Box<dyn Fn() -> bool + '_>;

    /// Whether one that is somebody else's is in the way.
    fn foreigner_is_in_the_way(&self) -> bool {
        true
    }
}

/// Settings as a lab takes them.
pub fn lent(settings: &[(String, String)]) -> Vec<(&str, &str)> {
    settings
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

/// Waits for what a provider does.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(work)
}

/// A way to tell progress that nobody listens to.
pub fn unheard() -> Progress {
    Progress::channel(1).0
}

/// A cluster to be asked for.
pub fn spec(ports: usize, version: &str) -> ClusterSpec {
    ClusterSpec {
        provider_ref: ProviderRef::of(ClusterId::random()),
        kubernetes_version: version.parse().unwrap(),
        nodes: NodeCount::new(1).unwrap(),
        node_size: NodeSize::default(),
        expires_at: chrono::Utc::now(),
        ports: free_ports(ports, &HashSet::new()).unwrap(),
        has_data: false,
    }
}

/// Where the Kubernetes binaries are.
pub fn binaries() -> PathBuf {
    std::env::var_os("KUBE_BIN_DIR").map_or_else(
        || dirs::cache_dir().unwrap().join("pyk8s-lab/kube"),
        PathBuf::from,
    )
}

fn installed(name: &str) -> PathBuf {
    fs::read_dir(binaries())
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .find(|path| {
            path.file_name()
                .is_some_and(|file| file.to_string_lossy().starts_with(&format!("{name}-v")))
        })
        .unwrap_or_else(|| panic!("{name} is in {}: make puts it there", binaries().display()))
}

fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn names_in(folder: &Path) -> Vec<String> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// The clusters of which processes run that name this folder.
fn running_in(folder: &Path) -> Vec<String> {
    let mark = format!("{}/", folder.display());
    let listed = Command::new("ps").args(["-eo", "args="]).output().unwrap();
    String::from_utf8_lossy(&listed.stdout)
        .lines()
        .filter_map(|line| Some(line.split_once(&mark)?.1.split('/').next()?.to_owned()))
        .collect()
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names.dedup();
    names
}

fn kill_with(mark: &str) {
    let _ = Command::new("pkill").args(["-9", "-f", mark]).status();
}

/// kwok itself.
pub struct Kwok;

impl Kwok {
    pub fn new() -> Self {
        Self
    }
}

impl Subject for Kwok {
    fn name(&self) -> &'static str {
        "kwok"
    }

    fn settings(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    fn provider(&self, folder: &Path) -> Arc<dyn Provider> {
        Arc::new(provision::Kwok::new(KwokSettings {
            bin_dir: binaries(),
            state_dir: folder.join("kwok"),
            time_limit: Duration::from_secs(120),
        }))
    }

    fn existing(&self, folder: &Path) -> Vec<String> {
        let mut names = running_in(&folder.join("kwok/clusters"));
        names.extend(names_in(&folder.join("kwok/clusters")));
        names.extend(names_in(&folder.join("kwok/given")));
        sorted(names)
    }

    fn break_down(&self, folder: &Path, name: &str) {
        kill_with(&format!("{}/kwok/clusters/{name}/", folder.display()));
    }

    fn with_tool(&self, folder: &Path, text: &str) -> Vec<(String, String)> {
        vec![(
            "KUBE_BIN_DIR".into(),
            crate::support::stand_in(folder, text),
        )]
    }

    fn foreigner(&self, name: &ProviderRef) -> Box<dyn Fn() -> bool + '_> {
        // Another installation's on this host.
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("kwok/clusters").join(name.as_str())).unwrap();
        let name = name.clone();
        Box::new(move || self.existing(folder.path()) == [name.as_str()])
    }

    fn foreigner_is_in_the_way(&self) -> bool {
        false
    }
}

/// vcluster, by real helm in a real API server; only the chart is a small one.
pub struct VirtualClusters {
    world: tempfile::TempDir,
    host: Arc<dyn Provider>,
    cluster: ClusterSpec,
}

impl VirtualClusters {
    pub fn new() -> Self {
        let world = tempfile::Builder::new()
            .prefix("pyk8s-lab-test-")
            .tempdir()
            .unwrap();
        let host = Kwok.provider(&world.path().join("host"));
        let cluster = spec(host.ports_needed(), "v1.37.2");
        let made = block_on(host.ensure(&cluster, &unheard(), &CancellationToken::new()));
        let kubeconfig = made.unwrap();
        fs::write(world.path().join("host.yaml"), kubeconfig.expose()).unwrap();
        let document = serde_json::to_value(kubeconfig.document().unwrap()).unwrap();
        let (at, who) = (
            &document["clusters"][0]["cluster"],
            &document["users"][0]["user"],
        );
        let values = serde_json::json!({ "standIn": {
            "server": at["server"],
            "certificateAuthority": at["certificate-authority-data"],
            "clientCertificate": who["client-certificate-data"],
            "clientKey": who["client-key-data"],
        } });
        fs::write(world.path().join("values.yaml"), values.to_string()).unwrap();
        Self {
            world,
            host,
            cluster,
        }
    }

    /// Runs `kubectl` on the host; its output.
    pub fn kubectl(&self, args: &[&str]) -> String {
        let output = Command::new("kubectl")
            .arg("--kubeconfig")
            .arg(self.world.path().join("host.yaml"))
            .args(args)
            .output()
            .expect("kubectl is on PATH: `make` puts it there");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Somebody whom the host knows, and who may do nothing there.
    pub fn kubeconfig_of_somebody_without_rights(&self) -> PathBuf {
        self.kubectl(&["create", "serviceaccount", "poor"]);
        let token = self.kubectl(&["create", "token", "poor"]);
        let path = self.world.path().join("poor.yaml");
        fs::copy(self.world.path().join("host.yaml"), &path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let mut document: serde_json::Value = serde_norway::from_str(&text).unwrap();
        document["users"][0]["user"] = serde_json::json!({ "token": token });
        fs::write(&path, document.to_string()).unwrap();
        path
    }

    fn chart() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/charts/vcluster")
    }
}

impl Drop for VirtualClusters {
    fn drop(&mut self) {
        let _ = block_on(self.host.destroy(&self.cluster.provider_ref, &unheard()));
        kill_with(&format!("{}/", self.world.path().display()));
    }
}

impl Subject for VirtualClusters {
    fn name(&self) -> &'static str {
        "vcluster"
    }

    fn settings(&self) -> Vec<(String, String)> {
        let path = |file: &str| self.world.path().join(file).display().to_string();
        vec![
            ("VCLUSTER_KUBECONFIG".into(), path("host.yaml")),
            ("VCLUSTER_CHART".into(), Self::chart().display().to_string()),
            ("VCLUSTER_CHART_REPOSITORY".into(), String::new()),
            ("VCLUSTER_VALUES".into(), path("values.yaml")),
        ]
    }

    fn provider(&self, folder: &Path) -> Arc<dyn Provider> {
        Arc::new(Vcluster::new(VclusterSettings {
            plan: VclusterPlan {
                kubeconfig: Some(self.world.path().join("host.yaml")),
                chart: Self::chart().display().to_string(),
                repository: None,
                chart_version: None,
                values: Some(self.world.path().join("values.yaml")),
                versions: Vec::new(),
                address: None,
                cluster_role: None,
            },
            installation: "contract".into(),
            bin_dir: binaries(),
            state_dir: folder.join("vcluster"),
            time_limit: Duration::from_secs(60),
        }))
    }

    fn existing(&self, _folder: &Path) -> Vec<String> {
        let ours = [
            "get",
            "namespaces",
            "-l",
            "pyk8s-lab/installation",
            "-o",
            "name",
        ];
        let listed = self.kubectl(&ours);
        listed
            .lines()
            .map(|line| line.trim_start_matches("namespace/").to_owned())
            .collect()
    }

    fn break_down(&self, _folder: &Path, name: &str) {
        self.kubectl(&["-n", name, "delete", "statefulset", name]);
    }

    fn with_tool(&self, folder: &Path, text: &str) -> Vec<(String, String)> {
        let version = "[ \"$1\" = version ] && exec echo v4.3.1+g0";
        script(
            &folder.join("helm-v4.3.1/helm"),
            &format!("{version}\n{text}"),
        );
        let mut settings = self.settings();
        settings.push(("KUBE_BIN_DIR".into(), folder.display().to_string()));
        settings
    }

    fn foreigner(&self, name: &ProviderRef) -> Box<dyn Fn() -> bool + '_> {
        self.kubectl(&["create", "namespace", name.as_str()]);
        let name = name.clone();
        Box::new(move || {
            let phase = [
                "get",
                "namespace",
                name.as_str(),
                "-o",
                "jsonpath={.status.phase}",
            ];
            self.kubectl(&phase) == "Active"
        })
    }
}

/// kind itself, in a real Docker: `tests/kind/docker run` gives one where the machine has none that can.
pub struct Kind {
    /// What was there before: not the tests'.
    before: Vec<String>,
}

impl Kind {
    pub fn new() -> Self {
        Self {
            before: Self::clusters(),
        }
    }

    /// What `tests/kind/docker` says of its Docker.
    pub fn variable(name: &str) -> String {
        std::env::var(name)
            .unwrap_or_else(|_| panic!("{name} is not set: run the tests by tests/kind/docker run"))
    }

    /// Runs Docker's client; its output.
    #[track_caller]
    pub fn docker(args: &[&str]) -> String {
        let output = Command::new("docker")
            .args(args)
            .output()
            .expect("docker is on PATH: tools/deps puts it there");
        assert!(output.status.success(), "docker {args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Of which kind clusters there are containers.
    fn clusters() -> Vec<String> {
        let format = format!("{{{{.Label {KIND_LABEL:?}}}}}");
        let filter = format!("label={KIND_LABEL}");
        let listed = Self::docker(&["ps", "--all", "--filter", &filter, "--format", &format]);
        sorted(listed.lines().map(str::to_owned).collect())
    }

    fn containers_of(name: &str) -> Vec<String> {
        let filter = format!("label={KIND_LABEL}={name}");
        let listed = Self::docker(&["ps", "--all", "--quiet", "--filter", &filter]);
        listed.lines().map(str::to_owned).collect()
    }

    fn of_the_tests(&self) -> Vec<String> {
        let mut names = Self::clusters();
        names.retain(|name| !self.before.contains(name));
        names
    }
}

/// By what kind knows its containers.
const KIND_LABEL: &str = "io.x-k8s.kind.cluster";

impl Drop for Kind {
    fn drop(&mut self) {
        for name in self.of_the_tests() {
            for container in Self::containers_of(&name) {
                Self::docker(&["rm", "--force", "--volumes", &container]);
            }
        }
    }
}

impl Subject for Kind {
    fn name(&self) -> &'static str {
        "kind"
    }

    fn settings(&self) -> Vec<(String, String)> {
        let mut settings = vec![
            (
                "KIND_NODE_IMAGES".to_owned(),
                Self::variable("KIND_NODE_IMAGES"),
            ),
            ("PROVIDER_TIME_LIMIT".to_owned(), "300".to_owned()),
        ];
        if let Ok(host) = std::env::var("DOCKER_HOST") {
            settings.push(("DOCKER_HOST".to_owned(), host));
        }
        settings
    }

    fn provider(&self, folder: &Path) -> Arc<dyn Provider> {
        let images = Self::variable("KIND_NODE_IMAGES");
        provision::kind(ContainerSettings {
            bin_dir: binaries(),
            engine_dir: None,
            state_dir: folder.join("kind"),
            images: images
                .split(',')
                .map(|image| image.parse().unwrap())
                .collect(),
            public_host: None,
            time_limit: Duration::from_secs(300),
        })
    }

    fn existing(&self, folder: &Path) -> Vec<String> {
        let mut names = self.of_the_tests();
        names.extend(names_in(&folder.join("kind")));
        sorted(names)
    }

    fn break_down(&self, _folder: &Path, name: &str) {
        for container in Self::containers_of(name) {
            Self::docker(&["kill", &container]);
        }
    }

    fn with_tool(&self, folder: &Path, text: &str) -> Vec<(String, String)> {
        let answers = "case \"$*\" in version) exec echo v0.33.0;; 'get clusters') exit;; esac";
        script(
            &folder.join("kind-v0.33.0/kind"),
            &format!("{answers}\n{text}"),
        );
        let mut settings = self.settings();
        settings.retain(|(name, _)| name != "PROVIDER_TIME_LIMIT");
        settings.push(("KUBE_BIN_DIR".into(), folder.display().to_string()));
        settings
    }

    fn foreigner(&self, name: &ProviderRef) -> Box<dyn Fn() -> bool + '_> {
        let label = format!("{KIND_LABEL}={name}");
        let image = Self::variable("KIND_POD_IMAGE");
        let made = Self::docker(&["create", "--label", &label, &image, "true"]);
        let name = name.clone();
        Box::new(move || {
            let there = Self::containers_of(name.as_str());
            there.iter().any(|container| made.starts_with(container))
        })
    }
}

/// k3d, by a stand-in with a kwok cluster behind it.
pub struct K3dStandIn {
    world: tempfile::TempDir,
}

impl K3dStandIn {
    pub fn new() -> Self {
        let world = tempfile::Builder::new()
            .prefix("pyk8s-lab-test-")
            .tempdir()
            .unwrap();
        let stand_ins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand_ins");
        let put = |from: &str, to: &str| {
            let to = world.path().join(to);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(stand_ins.join(from), to).unwrap();
        };
        put("docker", "path/docker");
        put("k3d", "bin/k3d-v5.99.0/k3d");
        fs::create_dir(world.path().join("kube")).unwrap();
        for component in ["kubernetes", "etcd", "kwok"] {
            let from = installed(component);
            let to = world.path().join("kube").join(from.file_name().unwrap());
            symlink(&from, to).unwrap();
        }
        Self { world }
    }

    fn path(&self) -> String {
        let path = std::env::var("PATH").unwrap();
        format!("{}:{path}", self.world.path().join("path").display())
    }

    fn clusters(&self) -> PathBuf {
        self.world.path().join("k3d/clusters")
    }

    fn bin(&self) -> PathBuf {
        self.world.path().join("bin")
    }
}

impl Drop for K3dStandIn {
    fn drop(&mut self) {
        kill_with(&format!("{}/", self.world.path().display()));
    }
}

impl Subject for K3dStandIn {
    fn name(&self) -> &'static str {
        "k3d"
    }

    fn settings(&self) -> Vec<(String, String)> {
        vec![
            ("KUBE_BIN_DIR".into(), self.bin().display().to_string()),
            ("PATH".into(), self.path()),
        ]
    }

    fn provider(&self, folder: &Path) -> Arc<dyn Provider> {
        provision::k3d(ContainerSettings {
            bin_dir: self.bin(),
            engine_dir: Some(self.world.path().join("path")),
            state_dir: folder.join("k3d"),
            images: vec!["v1.37.0=node".parse().unwrap()],
            public_host: None,
            time_limit: Duration::from_secs(120),
        })
    }

    fn existing(&self, folder: &Path) -> Vec<String> {
        let mut names = running_in(&self.clusters());
        names.extend(names_in(&self.clusters()));
        names.extend(names_in(&folder.join("k3d")));
        sorted(names)
    }

    fn break_down(&self, _folder: &Path, name: &str) {
        kill_with(&format!("{}/{name}/", self.clusters().display()));
    }

    fn with_tool(&self, folder: &Path, text: &str) -> Vec<(String, String)> {
        let answers = "case \"$*\" in version) exec echo v5.99.0;; \
                       'cluster list -o json') exec echo '[]';; esac";
        script(
            &folder.join("k3d-v5.99.0/k3d"),
            &format!("{answers}\n{text}"),
        );
        vec![
            ("KUBE_BIN_DIR".into(), folder.display().to_string()),
            ("PATH".into(), self.path()),
        ]
    }

    fn foreigner(&self, name: &ProviderRef) -> Box<dyn Fn() -> bool + '_> {
        let cluster = self.clusters().join(name.as_str());
        fs::create_dir_all(&cluster).unwrap();
        Box::new(move || cluster.exists())
    }
}
