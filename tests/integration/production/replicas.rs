use serde_json::json;

use crate::support::{Lab, eventually, seconds, shared_database, shared_redis, turn};

#[test]
fn a_killed_replicas_clusters_are_made_by_the_others_and_each_once() {
    let _turn = turn();
    let lab = Lab::open_in_production(
        &shared_database(),
        &shared_redis(),
        &[
            ("MAX_CLUSTERS_PER_USER", "12"),
            ("PROVISION_CONCURRENCY", "3"),
        ],
    );
    let mut victim = lab.replica(&[]);
    // A clock that is five minutes ahead does no harm: the database's decides.
    let _ahead = lab.replica(&[
        ("LD_PRELOAD", &faketime()),
        ("FAKETIME", "+5m"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ]);
    let ada = lab.person("ada@example.org");
    let ids: Vec<_> = (0..12)
        .map(|number| ada.asks_for(&json!({ "name": format!("cluster-{number}") })))
        .collect();
    // In the middle of it: some are made, some are being made, some wait.
    eventually("the first is up", seconds(60), || {
        ids.iter()
            .any(|id| ada.status_of(id) == "RUNNING")
            .then_some(())
    });
    victim.crash();
    for id in &ids {
        ada.waits_for(id, "RUNNING", seconds(240));
    }
    assert_eq!(lab.processes().len(), 60);
    assert_eq!(lab.remains().len(), 24, "a folder and its given files each");
    for id in &ids {
        ada.delete(&format!("/api/v1/clusters/{id}"));
    }
    for id in &ids {
        ada.waits_for(id, "GONE", seconds(60));
    }
    assert_eq!(lab.processes(), Vec::<String>::new());
    assert_eq!(lab.remains(), Vec::<std::path::PathBuf>::new());
}

/// The library that moves a process's clock.
fn faketime() -> String {
    let found = std::fs::read_dir("/usr/lib")
        .unwrap()
        .flatten()
        .map(|entry| entry.path().join("faketime/libfaketime.so.1"))
        .find(|path| path.exists());
    found.expect("faketime is installed").display().to_string()
}
