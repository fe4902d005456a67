use std::fs;

use serde_json::json;

use crate::support::{Lab, eventually, seconds, stand_in, turn};

/// How many times, from the environment: `make soak` asks for more.
fn times(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

fn descriptors(lab: &Lab) -> usize {
    fs::read_dir(format!("/proc/{}/fd", lab.pid()))
        .unwrap()
        .count()
}

/// What may be left over: files of the data directory but the database's and the log, and processes.
fn left_over(lab: &Lab) -> (Vec<std::path::PathBuf>, Vec<String>) {
    (lab.remains(), lab.processes())
}

#[test]
fn clusters_that_come_and_go_leave_nothing() {
    let binaries = tempfile::tempdir().unwrap();
    let folder = stand_in(binaries.path(), "exec sleep 600");
    let lab = Lab::open(&[("KUBE_BIN_DIR", &folder)]);
    let ada = lab.person("ada@example.org");
    let cycle = |number: usize| {
        let id = ada.asks_for(&json!({ "name": format!("cluster-{number}") }));
        ada.delete(&format!("/api/v1/clusters/{id}"));
        ada.waits_for(&id, "GONE", seconds(15));
    };
    // The first ones open what stays open: connections to the database.
    (0..5).for_each(cycle);
    let before = descriptors(&lab);
    (5..5 + times("SOAK_CYCLES", 30)).for_each(cycle);
    eventually("no descriptor is left open", seconds(20), || {
        (descriptors(&lab) <= before + 3).then_some(())
    });
    assert_eq!(left_over(&lab), (vec![], vec![]));
    assert_eq!(ada.get("/api/v1/clusters").json(), json!([]));
}

#[test]
fn real_clusters_that_expire_leave_nothing() {
    let _turn = turn();
    let lab = Lab::open(&[]);
    let ada = lab.person("ada@example.org");
    let mut before = None;
    for number in 0..times("SOAK_CLUSTERS", 2) {
        let id = ada.has_running(&format!("cluster-{number}"));
        lab.sql("UPDATE clusters SET expires_at = 1000 WHERE deleted_at IS NULL");
        ada.waits_for(&id, "GONE", seconds(15));
        assert_eq!(left_over(&lab), (vec![], vec![]));
        let open = descriptors(&lab);
        let before = *before.get_or_insert(open);
        assert!(
            open <= before + 5,
            "{open} descriptors, {before} after the first"
        );
    }
}
