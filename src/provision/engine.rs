//! Docker or Podman: whether there is one here, and why not.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{
    Obstacle,
    tools::{self, PROBE},
};
use crate::exec::{ExecError, Tool};

/// A container engine that answers.
#[derive(Debug, Clone)]
pub(super) struct Engine {
    /// Its client.
    pub program: PathBuf,
    /// Whether it is Podman.
    pub is_podman: bool,
    /// Whether its host has control groups of version 1 only.
    pub cgroup_v1: bool,
}

impl Engine {
    /// Runs its client.
    pub fn tool(&self) -> Tool {
        Tool::new(&self.program)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerInfo {
    cgroup_version: Option<String>,
    #[serde(default)]
    server_errors: Option<Vec<String>>,
}

/// Docker (of `folder`, where given) where it works, else Podman where that is allowed and works; what is in Docker's way otherwise.
pub(super) async fn find(folder: Option<&Path>, podman_too: bool) -> Result<Engine, Obstacle> {
    let docker = docker(folder).await;
    if docker.is_err()
        && podman_too
        && let Some(engine) = podman().await
    {
        return Ok(engine);
    }
    docker
}

async fn docker(folder: Option<&Path>) -> Result<Engine, Obstacle> {
    let program = match folder {
        Some(folder) => Some(folder.join("docker")),
        None => tools::on_path("docker"),
    };
    let Some(program) = program else {
        return Err(Obstacle::new(
            "Docker is not installed",
            "install Docker Engine (https://docs.docker.com/engine/install/)",
        ));
    };
    let asked = tools::probe(Tool::new(&program).args(["info", "--format", "{{json .}}"])).await;
    let said = asked.map_err(|error| docker_obstacle(&error))?;
    let info: DockerInfo = serde_json::from_str(&said)
        .map_err(|error| Obstacle::new(format!("`docker info` can't be read: {error}"), ""))?;
    if let Some(error) = info.server_errors.unwrap_or_default().first() {
        return Err(in_words(error));
    }
    Ok(Engine {
        program,
        is_podman: false,
        cgroup_v1: info.cgroup_version.as_deref() == Some("1"),
    })
}

async fn podman() -> Option<Engine> {
    let program = tools::on_path("podman")?;
    let version = ["info", "--format", "{{.Host.CgroupsVersion}}"];
    let said = tools::probe(Tool::new(&program).args(version)).await.ok()?;
    Some(Engine {
        program,
        is_podman: true,
        cgroup_v1: said.trim() == "v1",
    })
}

/// Why Docker's client did not get through, and what to do.
fn docker_obstacle(error: &ExecError) -> Obstacle {
    match error {
        ExecError::Failed { tail, .. } => in_words(tail),
        ExecError::TimedOut { .. } => Obstacle::new(
            format!("Docker did not answer within {} s", PROBE.as_secs()),
            "look at its daemon: systemctl status docker",
        ),
        other => Obstacle::new(other.to_string(), "install Docker Engine again"),
    }
}

fn in_words(said: &str) -> Obstacle {
    let lower = said.to_lowercase();
    if lower.contains("permission denied") {
        Obstacle::new(
            "this user may not use Docker's socket",
            "sudo usermod -aG docker \"$USER\", then log in again",
        )
    } else if lower.contains("cannot connect") || lower.contains("daemon running") {
        Obstacle::new(
            "Docker is installed, but its daemon is not running",
            "sudo systemctl start docker",
        )
    } else {
        let line = said.lines().rfind(|line| !line.trim().is_empty());
        Obstacle::new(
            format!(
                "Docker does not work: {}",
                line.unwrap_or("it does not say why")
            ),
            "run `docker info` to see more",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockers_own_words_become_a_reason_and_a_mend() {
        // As Docker 20.10 and 28 say it.
        for (said, reason, mend) in [
            (
                "ERROR: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
                "not running",
                "systemctl start",
            ),
            (
                "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: dial unix /var/run/docker.sock: connect: permission denied",
                "may not use",
                "usermod",
            ),
            (
                "error during connect: x509: certificate has expired",
                "certificate has expired",
                "docker info",
            ),
        ] {
            let obstacle = in_words(said);
            assert!(obstacle.reason.contains(reason), "{obstacle}");
            assert!(obstacle.mend.contains(mend), "{obstacle}");
        }
    }
}
