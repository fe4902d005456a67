//! The real kind, up to where it asks for Docker's daemon: its commands and its configuration are right.

use std::time::Duration;

use pyk8s_lab::provision::{self, ContainerSettings};
use tokio_util::sync::CancellationToken;

use super::subject::{block_on, spec, unheard};

#[test]
fn the_real_kind_takes_the_commands_and_the_configuration_and_then_asks_for_docker() {
    let path = tempfile::tempdir().unwrap();
    let docker = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand_ins/docker");
    let engine_dir = path.path().join("path");
    std::fs::create_dir(&engine_dir).unwrap();
    std::fs::copy(docker, engine_dir.join("docker")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let provider = provision::kind(ContainerSettings {
        bin_dir: super::subject::binaries(),
        engine_dir: Some(engine_dir),
        state_dir: folder.path().to_owned(),
        images: vec!["kindest/node:v1.37.0".parse().unwrap()],
        public_host: Some("lab.example.org".into()),
        time_limit: Duration::from_secs(60),
    });
    let spec = spec(1, "v1.37.0");
    let (progress, mut told) = pyk8s_lab::provision::Progress::channel(200);
    let refused = block_on(provider.ensure(&spec, &progress, &CancellationToken::new()));
    let refused = refused.unwrap_err().to_string();
    drop(progress);
    let mut steps = Vec::new();
    while let Ok(item) = told.try_recv() {
        if let pyk8s_lab::provision::ProgressItem::Step(step) = item {
            steps.push(step);
        }
    }
    assert!(
        steps.contains(&"Ensuring node image (kindest/node:v1.37.0)".to_owned()),
        "{steps:?}: {refused}"
    );
    assert!(refused.contains("kind failed"), "{refused}");
    block_on(provider.destroy(&spec.provider_ref, &unheard())).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
