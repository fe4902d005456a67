//! RUNNING is kept true.

use std::process::Command;

use super::kubectl;
use crate::support::{Lab, eventually, seconds, turn};

fn kill(pids: &[String]) {
    assert!(!pids.is_empty());
    assert!(
        Command::new("kill")
            .arg("-9")
            .args(pids)
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn a_cluster_whose_processes_died_comes_back_with_its_data() {
    let _turn = turn();
    let mut lab = Lab::open(&[]);
    let ada = lab.person("ada@example.org");
    let id = ada.has_running("lively");
    kubectl(
        &lab,
        &ada,
        &id,
        &["create", "configmap", "kept", "--from-literal=a=b"],
    );
    let is_back = |lab: &Lab| {
        eventually("the API server answers again", seconds(15), || {
            let processes = lab.processes().len() == 5;
            let ready = lab.pids("bin/kube-apiserver").len() == 1 && answers(lab, &ada, &id);
            (processes && ready).then_some(())
        });
        assert_eq!(ada.status_of(&id), "RUNNING");
        assert!(
            kubectl(lab, &ada, &id, &["get", "configmap", "kept", "-o", "name"]).contains("kept")
        );
    };
    kill(&lab.pids("bin/kube-apiserver"));
    is_back(&lab);
    kill(&lab.pids(""));
    is_back(&lab);
    // As after a reboot: everything died, the server too.
    lab.crash();
    kill(&lab.pids(""));
    lab.start_again(&[]);
    is_back(&lab);
}

fn answers(lab: &Lab, person: &crate::support::Person, id: &str) -> bool {
    let path = lab.folder().join("probe.kubeconfig");
    std::fs::write(
        &path,
        person
            .get(&format!("/api/v1/clusters/{id}/kubeconfig"))
            .text,
    )
    .unwrap();
    let asked = Command::new("kubectl")
        .arg("--kubeconfig")
        .arg(path)
        .args(["get", "--raw", "/readyz"])
        .output();
    asked.unwrap().status.success()
}
