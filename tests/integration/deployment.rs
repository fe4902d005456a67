//! What the lab is deployed with says the same as the lab.

use std::{collections::BTreeSet, fs, process::Command};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Read by `docker compose` alone.
const OF_COMPOSE: [&str; 3] = ["DOCKER_GID", "POSTGRES_PASSWORD", "PUBLISH"];

/// The settings that the server knows, from its own help.
fn settings() -> BTreeSet<String> {
    let help = Command::new(env!("CARGO_BIN_EXE_pyk8s-lab"))
        .args(["serve", "--help"])
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let named = help.split("[env: ").skip(1).filter_map(|rest| {
        let end = rest.find(['=', ']'])?;
        Some(rest[..end].to_owned())
    });
    let settings: BTreeSet<_> = named.collect();
    assert!(settings.len() > 20, "{settings:?}");
    settings
}

#[test]
fn the_example_environment_has_every_setting_and_no_other() {
    let example = fs::read_to_string(format!("{ROOT}/.env.example")).unwrap();
    let named: BTreeSet<_> = example
        .lines()
        .filter_map(|line| line.trim_start_matches('#').split_once('='))
        .map(|(name, _)| name.to_owned())
        .filter(|name| !name.contains(' ') && !OF_COMPOSE.contains(&name.as_str()))
        .collect();
    assert_eq!(named, settings());
}

#[test]
fn the_readme_lists_every_setting() {
    let readme = fs::read_to_string(format!("{ROOT}/README.md")).unwrap();
    let listed: BTreeSet<_> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(name, _)| name.to_owned())
        .filter(|name| !name.contains(|c: char| c.is_ascii_lowercase() || c == ' '))
        .collect();
    assert_eq!(listed, settings());
}

#[test]
fn docker_compose_takes_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(
        format!("{ROOT}/docker-compose.yml"),
        folder.path().join("docker-compose.yml"),
    )
    .unwrap();
    fs::copy(format!("{ROOT}/.env.example"), folder.path().join(".env")).unwrap();
    let config = |password: &str| {
        Command::new("docker-compose")
            .args(["config"])
            .current_dir(folder.path())
            .env("POSTGRES_PASSWORD", password)
            .output()
            .expect("docker-compose is installed")
    };
    let taken = config("secret");
    let text = String::from_utf8_lossy(&taken.stdout).into_owned();
    assert!(
        taken.status.success(),
        "{}",
        String::from_utf8_lossy(&taken.stderr)
    );
    for words in [
        "postgres://lab:secret@127.0.0.1:15432/lab",
        "redis://127.0.0.1:16379/0",
        "network_mode: host",
        "read_only: true",
        "service_healthy",
        "/var/run/docker.sock",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    let refused = config("");
    assert!(
        !refused.status.success(),
        "without a password nothing starts"
    );
}
