use std::process::Command;

use serde_json::json;

use super::kubectl;
use crate::support::{Lab, eventually, seconds, turn};

#[test]
fn a_cluster_is_made_used_and_removed_without_a_trace() {
    let _turn = turn();
    let lab = Lab::open(&[]);
    let ada = lab.person("ada@example.org");
    let id = ada.asks_for(&json!({ "name": "demo", "nodes": 2 }));
    let steps: Vec<String> = ada
        .listen(&id)
        .take_while(|event| event["payload"]["status"] == "PROVISIONING")
        .filter(|event| event["event"] == "cluster.status.changed")
        .map(|event| event["payload"]["message"].as_str().unwrap().to_owned())
        .collect();
    for step in [
        "Starting etcd and the Kubernetes control plane",
        "Waiting for the API server",
        "Adding 2 simulated nodes",
    ] {
        assert!(steps.iter().any(|told| told == step), "{step} in {steps:?}");
    }
    assert_eq!(ada.status_of(&id), "RUNNING");
    assert!(ada.get(&format!("/api/v1/clusters/{id}")).json()["ready_at"].is_string());
    assert_eq!(lab.processes().len(), 5);

    let nodes = kubectl(&lab, &ada, &id, &["get", "nodes", "--no-headers"]);
    assert_eq!(
        nodes
            .lines()
            .filter(|line| line.contains(" Ready "))
            .count(),
        2,
        "{nodes}"
    );
    kubectl(
        &lab,
        &ada,
        &id,
        &[
            "create",
            "deployment",
            "web",
            "--image=nginx",
            "--replicas=2",
        ],
    );
    kubectl(
        &lab,
        &ada,
        &id,
        &[
            "wait",
            "--for=condition=Available",
            "deployment/web",
            "--timeout=60s",
        ],
    );

    nothing_listens_outside(&lab);
    the_kubeconfig_is_secret(
        &lab,
        &ada.get(&format!("/api/v1/clusters/{id}/kubeconfig")).text,
    );

    assert_eq!(ada.delete(&format!("/api/v1/clusters/{id}")).status, 202);
    ada.waits_for(&id, "GONE", seconds(15));
    assert_eq!(lab.processes(), Vec::<String>::new());
    assert_eq!(lab.remains(), Vec::<std::path::PathBuf>::new());
    assert_eq!(ada.get("/api/v1/clusters").json(), json!([]));
}

/// Every socket of the cluster is on the loopback address, as `ss` sees it.
fn nothing_listens_outside(lab: &Lab) {
    let output = Command::new("ss")
        .args(["-H", "-l", "-t", "-u", "-n", "-p"])
        .output()
        .expect("ss (iproute2) is installed");
    let sockets = String::from_utf8(output.stdout).unwrap();
    let pids = lab.pids("");
    let ours: Vec<_> = sockets
        .lines()
        .filter(|line| pids.iter().any(|pid| line.contains(&format!("pid={pid},"))))
        .collect();
    assert!(ours.len() >= 6, "six ports at least: {sockets}");
    for socket in ours {
        let address = socket.split_whitespace().nth(4).unwrap();
        assert!(address.starts_with("127.0.0.1:"), "{socket}");
    }
}

/// Neither the database's files nor the log hold the key or the certificate.
fn the_kubeconfig_is_secret(lab: &Lab, kubeconfig: &str) {
    assert!(
        !kubeconfig.contains(&lab.folder().display().to_string()),
        "it names no file"
    );
    let key = kubeconfig
        .lines()
        .find_map(|line| line.trim().strip_prefix("client-key-data: "))
        .expect("it holds a key")
        .trim_matches('"');
    let piece = &key.as_bytes()[200..260];
    let mut read = 0;
    for file in ["lab.db", "lab.db-wal", "server.log"] {
        let bytes = std::fs::read(lab.folder().join(file)).unwrap();
        read += bytes.len();
        assert!(
            !bytes.windows(piece.len()).any(|window| window == piece),
            "the key is in {file}"
        );
    }
    assert!(read > 10_000, "the files were read");
}

#[test]
fn an_expired_cluster_goes_with_nobody_there() {
    let _turn = turn();
    let mut lab = Lab::open(&[]);
    let ada = lab.person("ada@example.org");
    let id = ada.has_running("short");
    // Its time is over while the server is away.
    lab.crash();
    lab.sql("UPDATE clusters SET expires_at = 1000");
    lab.start_again(&[]);
    ada.waits_for(&id, "GONE", seconds(5));
    eventually("no process is left", seconds(2), || {
        lab.processes().is_empty().then_some(())
    });
}

#[test]
fn an_orphan_is_found_and_removed_and_a_foreigner_is_left_alone() {
    let _turn = turn();
    let mut lab = Lab::open(&[]);
    let ada = lab.person("ada@example.org");
    ada.has_running("lost");
    lab.crash();
    lab.sql("DELETE FROM cluster_events; DELETE FROM cluster_ports; DELETE FROM clusters");
    let foreign = lab.folder().join("kwok/clusters/somebody-elses");
    std::fs::create_dir(&foreign).unwrap();
    let found = lab.command(&["gc", "--dry-run"], "");
    assert!(
        String::from_utf8_lossy(&found.stdout).contains("would remove kwok lab-"),
        "{found:?}"
    );
    assert_eq!(lab.processes().len(), 5);
    lab.start_again(&[]);
    eventually("the orphan is gone", seconds(15), || {
        lab.processes().is_empty().then_some(())
    });
    eventually("its files are gone", seconds(5), || {
        (lab.remains() == [foreign.clone()]).then_some(())
    });
}

#[test]
fn keys_rotate_and_the_old_one_can_be_forgotten() {
    let _turn = turn();
    let mut lab = Lab::open(&[]);
    let ada = lab.person("ada@example.org");
    let id = ada.has_running("sealed");
    let old = std::fs::read_to_string(lab.folder().join("encryption.key")).unwrap();
    let new = "kJ3nX8vQ2mL7pR4tW9yB5cF1hD6gS0aZkJ3nX8vQ2mI=";
    lab.stop();
    lab.start_again(&[("ENCRYPTION_KEY", new), ("ENCRYPTION_KEY_PREVIOUS", &old)]);
    kubectl(&lab, &ada, &id, &["get", "namespaces"]);
    lab.stop();
    lab.start_again(&[("ENCRYPTION_KEY", new), ("ENCRYPTION_KEY_PREVIOUS", new)]);
    kubectl(&lab, &ada, &id, &["get", "namespaces"]);
}
