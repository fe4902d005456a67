//! Tools that fail, hang, flood, or are missing: stand-ins, for the real one can't be made to.

use serde_json::json;

use crate::support::{Lab, seconds, stand_in};

fn ends_in_error(
    script: &str,
    settings: &[(&str, &str)],
) -> (Lab, tempfile::TempDir, serde_json::Value) {
    let binaries = tempfile::tempdir().unwrap();
    let folder = stand_in(binaries.path(), script);
    let settings = [&[("KUBE_BIN_DIR", folder.as_str())], settings].concat();
    let lab = Lab::open(&settings);
    let ada = lab.person("ada@example.org");
    let id = ada.asks_for(&json!({ "name": "unlucky" }));
    ada.waits_for(&id, "ERROR", seconds(60));
    let cluster = ada.get(&format!("/api/v1/clusters/{id}")).json();
    let failed = |event: &serde_json::Value| {
        event["payload"]["message"]
            .as_str()
            .unwrap()
            .ends_with("of 3 failed")
    };
    let told = ada
        .listen(&id)
        .take_while(|event| event["payload"]["status"] != "ERROR");
    assert_eq!(told.filter(failed).count(), 3);
    assert_eq!(lab.remains(), Vec::<std::path::PathBuf>::new());
    assert_eq!(lab.processes(), Vec::<String>::new());
    (lab, binaries, cluster)
}

#[test]
fn a_tool_that_fails_is_quoted_and_a_retry_works() {
    let (lab, binaries, cluster) =
        ends_in_error("echo 'etcd: no space left on device' >&2; exit 3", &[]);
    let words = cluster["error_message"].as_str().unwrap();
    assert!(
        words.contains("exit code 3") && words.contains("no space left on device"),
        "{words}"
    );
    // The same words over and over; then the disk has room.
    let who = json!({ "email": "ada@example.org", "password": "correct horse battery" });
    let ada = crate::support::Person::nobody(&lab.url).log_in(&who);
    let id = cluster["id"].as_str().unwrap();
    stand_in(binaries.path(), "exec sleep 600");
    let retried = ada.send("POST", &format!("/api/v1/clusters/{id}/retry"), &[], b"");
    assert_eq!(
        (retried.status, &retried.json()["status"]),
        (202, &json!("PROVISIONING"))
    );
    ada.delete(&format!("/api/v1/clusters/{id}"));
    ada.waits_for(id, "GONE", seconds(15));
}

#[test]
fn a_tool_that_hangs_is_ended() {
    let (_lab, _binaries, cluster) =
        ends_in_error("trap '' TERM; sleep 600", &[("PROVIDER_TIME_LIMIT", "1")]);
    assert!(
        cluster["error_message"]
            .as_str()
            .unwrap()
            .contains("still not done after 1 s"),
        "{cluster}"
    );
}

#[test]
fn a_tool_that_floods_is_cut() {
    let (_lab, _binaries, cluster) = ends_in_error("yes 'too much' | head -n 200000; exit 1", &[]);
    let words = cluster["error_message"].as_str().unwrap();
    assert!(words.contains("too much") && words.len() < 1000, "{words}");
}
