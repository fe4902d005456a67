use crate::support::Lab;

#[test]
fn a_lab_tells_how_it_is() {
    let lab = Lab::open(&[]);
    lab.person("ada@example.org").get("/api/v1/clusters");
    assert_eq!(lab.get("/health/live").json()["status"], "ok");
    let ready = lab.get("/health/ready");
    assert_eq!(
        (ready.status, ready.json()["database"].as_str()),
        (200, Some("ok"))
    );
    let metrics = lab.get("/metrics").text;
    let counted =
        r#"pyk8s_http_requests_total{method="GET",route="/api/v1/clusters",status="200"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
}

#[test]
fn without_a_provider_it_is_alive_and_not_ready() {
    let lab = Lab::open(&[("KUBE_BIN_DIR", "/nowhere")]);
    assert_eq!(lab.get("/health/live").status, 200);
    assert_eq!(lab.get("/health/ready").status, 503);
    let doctor = lab.command(&["doctor"], "");
    assert!(!doctor.status.success());
    assert!(
        String::from_utf8_lossy(&doctor.stdout).contains("make kube"),
        "{doctor:?}"
    );
}

#[test]
fn the_log_is_json_with_a_request_id_where_no_terminal_is() {
    let lab = Lab::open(&[("RUST_LOG", "info")]);
    let answer = lab.get("/");
    let id = answer.header("x-request-id");
    let log = lab.log();
    let line = log
        .lines()
        .find(|line| line.contains(id))
        .expect("the request is in the log");
    let entry: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(
        (&entry["method"], &entry["status"]),
        (&"GET".into(), &200.into())
    );
}

#[test]
fn broken_settings_are_named_and_nothing_starts() {
    let lab = Lab::open(&[]);
    for (args, word) in [
        (&["--database-url", "mysql://x"][..], "DATABASE_URL"),
        (&["--encryption-key", "x"], "ENCRYPTION_KEY"),
        (
            &[
                "--app-env",
                "production",
                "--secret-key",
                "short",
                "--encryption-key",
                "s8eUdJMgJTrwcr5MVwGe2FO3rIFmpBbSqyNl9Kd4cDo=",
            ],
            "SECRET_KEY",
        ),
    ] {
        let output = lab.command(&[&["migrate"], args].concat(), "");
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && words.contains(word), "{words}");
    }
}
