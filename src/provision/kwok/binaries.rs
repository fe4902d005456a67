//! The binaries that a cluster is made of, as `tools/kube/install` lays them out:
//! `kubernetes-v1.37.2/kube-apiserver`, `kwok-v0.8.0/kwokctl`, `etcd-v3.6.16/etcd`.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    domain::KubernetesVersion,
    provision::{Availability, Obstacle},
};

const KUBERNETES: [&str; 3] = [
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
];
const KWOK: [&str; 2] = ["kwokctl", "kwok"];
const ETCD: [&str; 1] = ["etcd"];

/// What to do about missing ones.
const MEND: &str = "make kube";

/// The binaries of one Kubernetes version.
pub(super) struct Binaries {
    pub kwokctl: PathBuf,
    kwok: PathBuf,
    etcd: PathBuf,
    kubernetes: PathBuf,
}

impl Binaries {
    /// Flags that keep kwokctl from fetching any of them.
    pub(super) fn flags(&self) -> Vec<OsString> {
        [
            ("--etcd-binary", self.etcd.clone()),
            ("--kwok-controller-binary", self.kwok.clone()),
            (
                "--kube-apiserver-binary",
                self.kubernetes.join("kube-apiserver"),
            ),
            (
                "--kube-controller-manager-binary",
                self.kubernetes.join("kube-controller-manager"),
            ),
            (
                "--kube-scheduler-binary",
                self.kubernetes.join("kube-scheduler"),
            ),
        ]
        .into_iter()
        .flat_map(|(flag, path)| [flag.into(), path.into_os_string()])
        .collect()
    }
}

/// Whether all binaries of some Kubernetes version are there.
pub(super) fn availability(folder: &Path) -> Availability {
    for (component, programs) in [("kwok", &KWOK[..]), ("etcd", &ETCD[..])] {
        if newest(folder, component, programs).is_none() {
            return Availability::Unavailable(missing(folder, component));
        }
    }
    match versions(folder, "kubernetes", &KUBERNETES) {
        versions if versions.is_empty() => Availability::Unavailable(missing(folder, "kubernetes")),
        versions => {
            Availability::Available(versions.into_iter().map(|(version, _)| version).collect())
        }
    }
}

/// The binaries of a version.
pub(super) fn find(folder: &Path, version: &KubernetesVersion) -> Result<Binaries, String> {
    let kubernetes = versions(folder, "kubernetes", &KUBERNETES)
        .into_iter()
        .find_map(|(found, path)| (found == *version).then_some(path))
        .ok_or_else(|| {
            format!(
                "the binaries of Kubernetes {version} are missing in {}",
                folder.display()
            )
        })?;
    with_kubernetes(folder, kubernetes)
}

/// Binaries that can remove a cluster of whatever version.
pub(super) fn any(folder: &Path) -> Result<Binaries, String> {
    with_kubernetes(folder, PathBuf::new())
}

fn with_kubernetes(folder: &Path, kubernetes: PathBuf) -> Result<Binaries, String> {
    let kwok = newest(folder, "kwok", &KWOK).ok_or_else(|| missing(folder, "kwok").to_string())?;
    let etcd = newest(folder, "etcd", &ETCD).ok_or_else(|| missing(folder, "etcd").to_string())?;
    Ok(Binaries {
        kwokctl: kwok.join("kwokctl"),
        kwok: kwok.join("kwok"),
        etcd: etcd.join("etcd"),
        kubernetes,
    })
}

fn missing(folder: &Path, component: &str) -> Obstacle {
    Obstacle::new(
        format!(
            "the {component} binaries are missing in {}",
            folder.display()
        ),
        MEND,
    )
}

fn newest(folder: &Path, component: &str, programs: &[&str]) -> Option<PathBuf> {
    versions(folder, component, programs)
        .into_iter()
        .next()
        .map(|(_, path)| path)
}

/// The complete folders of a component, the newest version first.
fn versions(
    folder: &Path,
    component: &str,
    programs: &[&str],
) -> Vec<(KubernetesVersion, PathBuf)> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let version: KubernetesVersion = name
                .to_str()?
                .strip_prefix(component)?
                .strip_prefix('-')?
                .parse()
                .ok()?;
            let path = entry.path();
            programs
                .iter()
                .all(|program| path.join(program).is_file())
                .then_some((version, path))
        })
        .collect();
    found.sort_by(|(a, _), (b, _)| b.cmp(a));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(folder: &Path, component: &str, programs: &[&str]) {
        fs::create_dir_all(folder.join(component)).unwrap();
        programs
            .iter()
            .for_each(|program| fs::write(folder.join(component).join(program), "").unwrap());
    }

    #[test]
    fn what_is_missing_is_named_with_the_way_to_get_it() {
        let folder = tempfile::tempdir().unwrap();
        let reason = |folder: &Path| match availability(folder) {
            Availability::Unavailable(obstacle) => obstacle.to_string(),
            Availability::Available(versions) => panic!("available: {versions:?}"),
        };
        assert!(reason(&folder.path().join("nowhere")).contains("make kube"));
        put(folder.path(), "kwok-v0.8.0", &KWOK);
        assert!(reason(folder.path()).contains("etcd"));
        put(folder.path(), "etcd-v3.6.16", &ETCD);
        put(folder.path(), "kubernetes-v1.37.2", &KUBERNETES[..2]);
        assert!(reason(folder.path()).contains("kubernetes"));
    }

    #[test]
    fn the_newest_complete_version_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "kwok-v0.8.0", &KWOK);
        put(folder.path(), "etcd-v3.6.16", &ETCD);
        for version in [
            "kubernetes-v1.9.1",
            "kubernetes-v1.37.2",
            "kubernetes-v1.36.0",
        ] {
            put(folder.path(), version, &KUBERNETES);
        }
        put(folder.path(), "kubernetes-v1.38.0", &KUBERNETES[..1]);
        let Availability::Available(versions) = availability(folder.path()) else {
            panic!("not available")
        };
        assert_eq!(
            versions.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["v1.37.2", "v1.36.0", "v1.9.1"]
        );
        let binaries = find(folder.path(), &versions[1]).unwrap();
        assert!(binaries.flags().iter().any(|flag| {
            flag.to_string_lossy()
                .contains("kubernetes-v1.36.0/kube-scheduler")
        }));
        assert!(find(folder.path(), &"v1.38.0".parse().unwrap()).is_err());
    }
}
