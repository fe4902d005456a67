//! What is installed into a cluster when it is up.

use serde_json::json;

use crate::{
    clusters::kubectl,
    support::{Lab, seconds, turn},
};

#[test]
fn charts_and_manifests_are_installed_as_steps_and_one_that_fails_is_told() {
    let _turn = turn();
    let files = tempfile::tempdir().unwrap();
    let at = |name: &str| files.path().join(name).display().to_string();
    let chart = files.path().join("chart");
    std::fs::create_dir_all(chart.join("templates")).unwrap();
    std::fs::write(
        chart.join("Chart.yaml"),
        "apiVersion: v2\nname: rules\nversion: 1.0.0\n",
    )
    .unwrap();
    std::fs::write(
        chart.join("templates/rules.yaml"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: rules}\ndata: {who: \"{{ .Values.who }}\"}\n",
    )
    .unwrap();
    std::fs::write(
        at("team.yaml"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: team, namespace: default}\n",
    )
    .unwrap();
    let list = json!([
        { "name": "rules", "description": "house rules", "chart": { "name": at("chart"), "namespace": "house", "values": { "who": "ada" } } },
        { "name": "team", "description": "the team", "manifest": at("team.yaml") },
        { "name": "zombie", "description": "is not there", "manifest": at("nowhere.yaml") },
    ]);
    std::fs::write(at("addons.yaml"), list.to_string()).unwrap();
    let lab = Lab::open(&[("ADDONS", &at("addons.yaml"))]);
    let ada = lab.person("ada@example.org");
    let offered = ada.get("/api/v1/addons").json();
    assert_eq!(offered.as_array().unwrap().len(), 5, "{offered}");
    let wish =
        |addons: &[&str]| json!({ "name": "equipped", "addons": addons, "node_size": "small" });
    ada.post("/api/v1/clusters", &wish(&["nonsense"]))
        .refuses("addons");
    ada.post("/api/v1/clusters", &wish(&["metrics-server"]))
        .refuses("addons");

    let id = ada.asks_for(&wish(&["team", "rules", "zombie", "team"]));
    ada.waits_for(&id, "RUNNING", seconds(90));
    let cluster = ada.get(&format!("/api/v1/clusters/{id}")).json();
    assert_eq!(cluster["addons"], json!(["rules", "team", "zombie"]));
    let said: Vec<&str> = cluster["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["payload"]["message"].as_str().unwrap())
        .collect();
    for step in [
        "Installing rules",
        "Installing team",
        "Ready, but without zombie: the log says why",
    ] {
        assert!(said.contains(&step), "{step} in {said:#?}");
    }
    assert!(
        said.iter()
            .any(|line| line.contains("zombie could not be installed")),
        "{said:#?}"
    );
    let who = [
        "-n",
        "house",
        "get",
        "configmap",
        "rules",
        "-o",
        "jsonpath={.data.who}",
    ];
    assert_eq!(kubectl(&lab, &ada, &id, &who), "ada");
    kubectl(&lab, &ada, &id, &["get", "configmap", "team"]);

    // As small as was asked for.
    let size = [
        "get",
        "nodes",
        "-o",
        "jsonpath={.items[0].status.allocatable.cpu}/{.items[0].status.allocatable.memory}",
    ];
    assert_eq!(kubectl(&lab, &ada, &id, &size), "2/4Gi");
    // No kubeconfig stays where it was used.
    let left = std::fs::read_dir(lab.folder().join("addons"))
        .unwrap()
        .flatten();
    assert!(left.into_iter().all(|entry| entry.file_name() == ".helm"));
}

#[test]
fn sizes_that_are_none_are_refused() {
    let lab = Lab::open(&[]);
    let ada = lab.person("ada@example.org");
    let wish = json!({ "name": "sized", "node_size": "huge" });
    ada.post("/api/v1/clusters", &wish).refuses("node_size");
}
