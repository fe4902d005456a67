//! With a kwokctl that never ends: clusters stay PROVISIONING.

use serde_json::json;

use crate::support::{Lab, eventually, seconds, stand_in};

fn lab(settings: &[(&str, &str)]) -> (Lab, tempfile::TempDir) {
    let binaries = tempfile::tempdir().unwrap();
    let folder = stand_in(binaries.path(), "exec sleep 600");
    let settings = [&[("KUBE_BIN_DIR", folder.as_str())], settings].concat();
    (Lab::open(&settings), binaries)
}

#[test]
fn a_request_is_recorded_and_found_again() {
    let (lab, _binaries) = lab(&[]);
    let ada = lab.person("ada@example.org");
    let answer = ada.post(
        "/api/v1/clusters",
        &json!({ "name": "demo", "ttl_hours": 2, "nodes": 3 }),
    );
    assert_eq!(answer.status, 202);
    let cluster = answer.json();
    assert_eq!(
        answer.header("location"),
        format!("/api/v1/clusters/{}", cluster["id"].as_str().unwrap())
    );
    assert_eq!(
        (&cluster["status"], &cluster["provider"]),
        (&json!("PROVISIONING"), &json!("kwok"))
    );
    assert_eq!(
        (&cluster["ttl_hours"], &cluster["nodes"]),
        (&json!(2), &json!(3))
    );
    assert_eq!(cluster["simulated"], true);

    let id = cluster["id"].as_str().unwrap();
    let found = ada.get(&format!("/api/v1/clusters/{id}")).json();
    assert_eq!(found["events"][0]["event"], "cluster.status.changed");
    ada.get(&format!("/api/v1/clusters/{id}/kubeconfig"))
        .is_problem(409);
    ada.send("POST", &format!("/api/v1/clusters/{id}/retry"), &[], b"")
        .is_problem(409);
}

#[test]
fn lists_begin_with_the_newest_and_filter_by_status() {
    let (lab, _binaries) = lab(&[]);
    let ada = lab.person("ada@example.org");
    for name in ["one", "two"] {
        ada.asks_for(&json!({ "name": name }));
    }
    let names: Vec<_> = ada
        .get("/api/v1/clusters?status=PROVISIONING")
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|cluster| cluster["name"].clone())
        .collect();
    assert_eq!(names, ["two", "one"]);
    assert_eq!(ada.get("/api/v1/clusters?status=RUNNING").json(), json!([]));
    ada.get("/api/v1/clusters?status=HAPPY").refuses("status");
}

#[test]
fn each_wrong_value_of_a_wish_is_named() {
    let (lab, _binaries) = lab(&[]);
    let ada = lab.person("ada@example.org");
    let many = ada.post(
        "/api/v1/clusters",
        &json!({ "name": "A", "ttl_hours": 73, "nodes": 11, "provider": "x" }),
    );
    for field in ["name", "ttl_hours", "nodes", "provider"] {
        many.refuses(field);
    }
    for (field, wish) in [
        ("ttl_hours", json!({ "name": "demo", "ttl_hours": 0 })),
        ("ttl_hours", json!({ "name": "demo", "ttl_hours": "soon" })),
        ("nodes", json!({ "name": "demo", "nodes": 1.5 })),
        (
            "nodes",
            json!({ "name": "demo", "nodes": 99_999_999_999_999_999_999.0 }),
        ),
        (
            "kubernetes_version",
            json!({ "name": "demo", "kubernetes_version": "latest" }),
        ),
        (
            "kubernetes_version",
            json!({ "name": "demo", "kubernetes_version": "v1.2.3" }),
        ),
        ("provider", json!({ "name": "demo", "provider": "kind" })),
    ] {
        ada.post("/api/v1/clusters", &wish).refuses(field);
    }
    ada.post("/api/v1/clusters", &json!({ "nodes": 1 }))
        .is_problem(422);
    ada.post(
        "/api/v1/clusters",
        &json!({ "name": "demo", "colour": "red" }),
    )
    .is_problem(422);
    assert_eq!(ada.get("/api/v1/clusters").json(), json!([]));
}

#[test]
fn a_name_is_used_once_and_a_quota_holds() {
    let (lab, _binaries) = lab(&[("MAX_CLUSTERS_PER_USER", "2")]);
    let ada = lab.person("ada@example.org");
    ada.asks_for(&json!({ "name": "one" }));
    ada.post("/api/v1/clusters", &json!({ "name": "one" }))
        .is_problem(409);
    ada.asks_for(&json!({ "name": "two" }));
    ada.post("/api/v1/clusters", &json!({ "name": "three" }))
        .is_problem(429);
    lab.person("bob@example.org")
        .asks_for(&json!({ "name": "one" }));
}

#[test]
fn the_same_key_makes_one_cluster() {
    let (lab, _binaries) = lab(&[]);
    let ada = lab.person("ada@example.org");
    let send = |name: &str| {
        let body = json!({ "name": name }).to_string();
        let headers = [
            ("content-type", "application/json"),
            ("Idempotency-Key", "a-key"),
        ];
        ada.send("POST", "/api/v1/clusters", &headers, body.as_bytes())
    };
    let first = send("demo").json()["id"].clone();
    assert_eq!(send("demo").json()["id"], first);
    send("other").is_problem(422);
    assert_eq!(
        ada.get("/api/v1/clusters").json().as_array().unwrap().len(),
        1
    );
}

#[test]
fn those_that_wait_are_told_their_place() {
    let (lab, _binaries) = lab(&[("PROVISION_CONCURRENCY", "1")]);
    let ada = lab.person("ada@example.org");
    let ids: Vec<_> = ["one", "two", "three"]
        .map(|name| ada.asks_for(&json!({ "name": name })))
        .into();
    let place =
        |id: &str| ada.get(&format!("/api/v1/clusters/{id}")).json()["queue_position"].clone();
    eventually("the first has its turn", seconds(5), || {
        place(&ids[0]).is_null().then_some(())
    });
    assert_eq!((place(&ids[1]), place(&ids[2])), (json!(1), json!(2)));
    let told = eventually("the third is told", seconds(5), || {
        ada.listen(&ids[2]).take(2).find(|event| {
            event["payload"]["message"]
                .as_str()
                .is_some_and(|message| message.contains("place"))
        })
    });
    assert!(
        told["payload"]["message"]
            .as_str()
            .unwrap()
            .ends_with("in the queue")
    );
}

#[test]
fn a_life_is_extended_up_to_the_limit() {
    let (lab, _binaries) = lab(&[]);
    let ada = lab.person("ada@example.org");
    let id = ada.asks_for(&json!({ "name": "demo", "ttl_hours": 1 }));
    let path = format!("/api/v1/clusters/{id}/extend");
    let longer = ada.post(&path, &json!({ "hours": 2 }));
    assert_eq!(
        (longer.status, &longer.json()["ttl_hours"]),
        (200, &json!(3))
    );
    for hours in [0, -1, 70, i64::MAX] {
        ada.post(&path, &json!({ "hours": hours })).refuses("hours");
    }
}

#[test]
fn a_deletion_ends_the_making_and_may_be_asked_again() {
    let (lab, _binaries) = lab(&[]);
    let ada = lab.person("ada@example.org");
    let id = ada.asks_for(&json!({ "name": "demo" }));
    let events: Vec<_> = ada.listen(&id).take(4).collect();
    assert_eq!(events.len(), 4, "it is being made");
    let path = format!("/api/v1/clusters/{id}");
    assert_eq!(ada.delete(&path).json()["status"], "DELETING");
    // Asked again it is recorded, or it is gone by now.
    assert!([202, 404].contains(&ada.delete(&path).status));
    ada.waits_for(&id, "GONE", seconds(10));
    assert_eq!(lab.remains(), Vec::<std::path::PathBuf>::new());
    ada.asks_for(&json!({ "name": "demo" }));
}

#[test]
fn another_persons_cluster_is_not_there_by_any_door() {
    let (lab, _binaries) = lab(&[]);
    let (ada, eve) = (lab.person("ada@example.org"), lab.person("eve@example.org"));
    let id = ada.asks_for(&json!({ "name": "demo" }));
    for id in [
        id.as_str(),
        "00000000-0000-4000-8000-000000000000",
        "no-id",
        "%00",
        "..%2f..%2fetc",
    ] {
        let path = format!("/api/v1/clusters/{id}");
        eve.get(&path).is_problem(404);
        eve.delete(&path).is_problem(404);
        eve.get(&format!("{path}/kubeconfig")).is_problem(404);
        eve.get(&format!("{path}/events")).is_problem(404);
        eve.post(&format!("{path}/extend"), &json!({ "hours": 1 }))
            .is_problem(404);
        eve.send("POST", &format!("{path}/retry"), &[], b"")
            .is_problem(404);
        eve.send(
            "GET",
            &format!("{path}/events"),
            &[("accept", "text/event-stream")],
            b"",
        )
        .is_problem(404);
    }
    assert_eq!(eve.get("/api/v1/clusters").json(), json!([]));
    assert_eq!(ada.status_of(&id), "PROVISIONING");
}

#[test]
fn all_providers_are_listed_with_reasons() {
    let (lab, _binaries) = lab(&[]);
    let providers = lab
        .person("ada@example.org")
        .get("/api/v1/providers")
        .json();
    let providers = providers.as_array().unwrap();
    let names: Vec<_> = providers
        .iter()
        .map(|provider| provider["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["kind", "k3d", "vcluster", "kwok"]);
    for provider in providers {
        assert_eq!(
            provider["available"] == true,
            provider["reason"].is_null(),
            "{provider}"
        );
    }
    assert_eq!(providers[3]["kubernetes_versions"], json!(["v1.37.2"]));
}
