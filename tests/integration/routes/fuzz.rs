use std::process::Command;

use crate::support::{Lab, turn};

/// What the document promises, for whatever is sent: no 5xx, and no answer that it does not describe.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_schema_conformance,response_headers_conformance,negative_data_rejection";

#[test]
fn no_request_is_answered_otherwise_than_documented() {
    let _turn = turn();
    let lab = Lab::open(&[
        ("MAX_CLUSTERS_PER_USER", "2"),
        ("PROVISION_CONCURRENCY", "1"),
    ]);
    let ada = lab.person("ada@example.org");
    let folder = tempfile::tempdir().unwrap();
    let tried = Command::new("schemathesis")
        .args(["run", &format!("{}/api/openapi.json", lab.url)])
        .args([
            "--header",
            &format!("Authorization: Bearer {}", ada.token()),
        ])
        .args(["--checks", CHECKS])
        .args(["--max-examples", "8", "--workers", "2"])
        .args(["--warnings", "off", "--no-color"])
        // It keeps what it found where it is run.
        .current_dir(folder.path())
        .output()
        .expect("schemathesis is on PATH: `make` installs it");
    let told = String::from_utf8_lossy(&tried.stdout);
    assert!(tried.status.success(), "{told}");
    assert!(told.contains("14 selected / 14 total"), "{told}");
}
