//! What does not work here is said, with what to do.

use serde_json::json;

use super::subject::{K3dStandIn, Subject, VirtualClusters, lent};
use crate::support::{Lab, seconds, turn};

fn doctor(settings: &[(String, String)]) -> (bool, String) {
    let lab = Lab::open(&lent(settings));
    let output = lab.command(&["doctor"], "");
    (
        output.status.success(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn the_doctor_says_of_each_provider_why_not_and_what_to_do_and_fails_when_none_works() {
    let nowhere = tempfile::tempdir().unwrap();
    let folder = nowhere.path().display().to_string();
    let settings = [
        ("KUBE_BIN_DIR".to_owned(), folder.clone()),
        ("PATH".to_owned(), folder),
    ];
    let (works, said) = doctor(&settings);
    assert!(!works, "{said}");
    for words in [
        "Docker is not installed",
        "https://docs.docker.com",
        "helm is not installed",
        "tools/kube/install --only helm",
        "the kwok binaries are missing",
        "make kube",
    ] {
        assert!(said.contains(words), "{words} in\n{said}");
    }
}

#[test]
fn a_docker_without_its_daemon_is_told_from_none_at_all() {
    let stand_in = K3dStandIn::new();
    let mut settings = stand_in.settings();
    let (works, said) = doctor(&settings);
    assert!(
        works && said.contains("k3d       yes    Kubernetes v1.33.4"),
        "{said}"
    );
    // The same client, asked in a way that needs the daemon.
    let path = tempfile::tempdir().unwrap();
    let docker = path.path().join("docker");
    std::os::unix::fs::symlink("/bin/false", &docker).unwrap();
    settings[1].1 = format!(
        "{}:{}",
        path.path().display(),
        std::env::var("PATH").unwrap()
    );
    let (_, said) = doctor(&settings);
    assert!(said.contains("Docker does not work"), "{said}");
}

#[test]
fn rights_that_are_missing_on_the_host_are_named() {
    let subject = VirtualClusters::new();
    let poor = subject.kubeconfig_of_somebody_without_rights();
    let mut settings = subject.settings();
    settings[0].1 = poor.display().to_string();
    let (_, said) = doctor(&settings);
    assert!(
        said.contains("the lab's account may not: create namespaces"),
        "{said}"
    );
    settings[0].1 = "/nowhere".into();
    let (_, said) = doctor(&settings);
    assert!(
        said.contains("the host Kubernetes can't be reached"),
        "{said}"
    );
}

#[test]
fn a_node_image_that_is_not_there_is_fetched_once_as_a_step_of_its_own() {
    let _turn = turn();
    let stand_in = K3dStandIn::new();
    let mut settings = stand_in.settings();
    settings.push((
        "K3D_IMAGES".into(),
        "v1.37.0=registry.example.org/elsewhere".into(),
    ));
    let lab = Lab::open(&lent(&settings));
    let ada = lab.person("ada@example.org");
    for (name, fetches) in [("first", true), ("second", false)] {
        let id = ada.asks_for(&json!({ "name": name, "provider": "k3d" }));
        ada.waits_for(&id, "RUNNING", seconds(90));
        let cluster = ada.get(&format!("/api/v1/clusters/{id}")).json();
        let told = cluster["events"].as_array().unwrap().iter().any(|event| {
            let message = event["payload"]["message"].as_str().unwrap();
            message.starts_with("Fetching the node image")
        });
        assert_eq!(told, fetches, "{cluster:#}");
    }
}
