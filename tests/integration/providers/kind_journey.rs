//! What a person does with a kind cluster: containers run in it.

use std::process::Command;

use serde_json::json;

use super::subject::{Kind, Subject, binaries, lent};
use crate::support::{Lab, Pyk8s, eventually, seconds, turn};

fn open(kind: &Kind) -> Lab {
    Lab::open_embedded(&lent(&kind.settings()))
}

/// kind itself, as a person loads an image by it.
fn load(cluster: &str, archive: &str) {
    let kind = std::fs::read_dir(binaries())
        .unwrap()
        .flatten()
        .map(|entry| entry.path().join("kind"))
        .find(|program| program.is_file());
    let output = Command::new(kind.expect("make puts kind there"))
        .args(["load", "image-archive", archive, "--name", cluster])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn sizes_that_kind_does_not_make_are_refused() {
    let _turn = turn();
    let kind = Kind::new();
    let lab = open(&kind);
    let ada = lab.person("ada@example.org");
    let wish = json!({ "name": "sized", "provider": "kind", "node_size": "large" });
    ada.post("/api/v1/clusters", &wish).refuses("node_size");
}

#[test]
fn by_pyk8s_a_kind_cluster_runs_containers_until_its_time_is_over() {
    let _turn = turn();
    let kind = Kind::new();
    let lab = open(&kind);
    let networks = Kind::docker(&["network", "ls", "--format", "{{.Name}}"]);
    let ada = Pyk8s::registered(&lab, "ada@example.org");
    let create = "cluster create --name demo --provider kind --wait --timeout 300";
    let made = ada.run(&create.split(' ').collect::<Vec<_>>()).ok();
    assert!(made.contains("demo is running (kind, v1."), "{made}");

    let existing = kind.existing(lab.folder());
    let [cluster] = existing.as_slice() else {
        panic!("one cluster: {existing:?}");
    };
    load(cluster, &Kind::variable("KIND_POD_ARCHIVE"));
    let kubectl = |args: &[&str]| {
        let command = [&["cluster", "exec", "demo", "--"], args].concat();
        ada.run(&command).ok()
    };
    let image = format!("--image={}", Kind::variable("KIND_POD_IMAGE"));
    let hello = ["create", "deployment", "hello", &image, "--"];
    let script = ["sh", "-c", "echo hello from a real pod; sleep 3600"];
    kubectl(&[&hello[..], &script].concat());
    kubectl(&[
        "wait",
        "--for=condition=Available",
        "--timeout=90s",
        "deployment/hello",
    ]);
    assert_eq!(
        kubectl(&["logs", "deployment/hello"]).trim(),
        "hello from a real pod"
    );
    let inside = [
        "exec",
        "deployment/hello",
        "--",
        "sh",
        "-c",
        "echo $((6*7))",
    ];
    assert_eq!(kubectl(&inside).trim(), "42");

    // Its time is over.
    lab.sql("UPDATE clusters SET expires_at = 1000");
    eventually("the cluster is gone", seconds(60), || {
        kind.existing(lab.folder()).is_empty().then_some(())
    });
    assert_eq!(ada.run(&["cluster", "list", "-o", "name"]).ok(), "");
    // kind keeps one network of its own for all its clusters.
    let mut left = Kind::docker(&["network", "ls", "--format", "{{.Name}}"]);
    if !networks.lines().any(|name| name == "kind") {
        left = left.replace("kind\n", "");
    }
    assert_eq!(left, networks);
}
