//! Where a provider's tool is, and whether it is new enough.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Obstacle;
use crate::{
    domain::KubernetesVersion,
    exec::{ExecError, Tool},
};

/// How long a tool may take to say how it is.
pub(super) const PROBE: Duration = Duration::from_secs(3);

/// The newest `name-v1.2.3/name` in the folder that `tools/kube/install` fills, else `name` on PATH.
pub(super) fn find(bin_dir: &Path, name: &str) -> Option<PathBuf> {
    find_in(bin_dir, name, name).or_else(|| on_path(name))
}

/// The program `name` on PATH.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

/// The program `name` of the newest version of a component in that folder.
pub(super) fn find_in(bin_dir: &Path, component: &str, name: &str) -> Option<PathBuf> {
    let mut installed: Vec<(KubernetesVersion, PathBuf)> = fs::read_dir(bin_dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let folder = entry.file_name();
            let version = folder
                .to_str()?
                .strip_prefix(component)?
                .strip_prefix('-')?;
            let program = entry.path().join(name);
            program
                .is_file()
                .then_some((version.parse().ok()?, program))
        })
        .collect();
    installed.sort();
    installed.pop().map(|(_, program)| program)
}

/// Runs a tool that answers at once; its standard output.
pub(super) async fn probe(tool: Tool) -> Result<String, ExecError> {
    // Its other output is in the error, if there is one.
    let (nobody, _) = mpsc::channel(1);
    let output = tool
        .capture()
        .time_limit(PROBE)
        .run(nobody, &CancellationToken::new())
        .await?;
    Ok(output.stdout)
}

/// Finds a tool that is at least of version `oldest`.
pub(super) async fn require(
    bin_dir: &Path,
    name: &str,
    version_args: &[&str],
    oldest: &str,
    mend: &str,
) -> Result<PathBuf, Obstacle> {
    let program = find(bin_dir, name)
        .ok_or_else(|| Obstacle::new(format!("{name} is not installed"), mend))?;
    let said = probe(Tool::new(&program).args(version_args))
        .await
        .map_err(|error| Obstacle::new(error.to_string(), mend))?;
    match (version_in(&said), oldest.parse::<KubernetesVersion>()) {
        (Some(found), Ok(oldest)) if found < oldest => Err(Obstacle::new(
            format!("{name} {found} is too old: {oldest} or newer is needed"),
            mend,
        )),
        _ => Ok(program),
    }
}

/// The first word that is a version.
fn version_in(said: &str) -> Option<KubernetesVersion> {
    said.split_whitespace().find_map(|word| {
        let word = word.split(['+', '-']).next()?;
        word.starts_with('v').then(|| word.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_each_tool_says() {
        for said in [
            "kind v0.33.0 go1.26.8 linux/amd64",
            "k3d version v0.33.0\nk3s version v1.33.4-k3s1 (default)",
            "v0.33.0+gabcdef",
        ] {
            assert_eq!(version_in(said).unwrap().to_string(), "v0.33.0", "{said}");
        }
        assert_eq!(version_in("what?"), None);
    }

    #[tokio::test]
    async fn a_tool_that_is_missing_or_too_old_is_named_with_the_mend() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let ask = async || {
            require(
                folder.path(),
                "no-such-tool",
                &["version"],
                "v0.20.0",
                "get it",
            )
            .await
            .map_err(|obstacle| obstacle.to_string())
        };
        assert_eq!(
            ask().await.unwrap_err(),
            "no-such-tool is not installed: get it"
        );
        for (version, works) in [("v0.9.0", false), ("v0.20.0", true)] {
            let place = folder.path().join(format!("no-such-tool-{version}"));
            fs::create_dir_all(&place).unwrap();
            let program = place.join("no-such-tool");
            fs::write(&program, format!("#!/bin/sh\necho tool {version} linux")).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
            let answer = ask().await;
            assert_eq!(answer.is_ok(), works, "{answer:?}");
            assert!(works || answer.unwrap_err().contains("too old"));
        }
    }
}
