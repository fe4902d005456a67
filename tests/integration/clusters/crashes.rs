//! `kill -9` of the server at each step that it records, and a start.

use std::time::Duration;

use serde_json::{Value, json};

use super::kubectl;
use crate::support::{Lab, Person, seconds, turn};

/// The steps of a creation, and how long after each the server is killed.
const CREATION: [(&str, u64); 9] = [
    ("Waiting for its turn", 0),
    ("Reserving ports", 0),
    ("Writing the configuration", 0),
    ("Starting etcd", 100),
    ("Starting etcd", 700),
    ("Waiting for the API server", 0),
    ("Adding 1 simulated node", 0),
    ("Reading the kubeconfig", 0),
    ("Ready", 0),
];

fn hear(person: &Person, id: &str, step: &str) {
    let heard = person.listen(id).find(|event: &Value| {
        event["payload"]["message"]
            .as_str()
            .unwrap()
            .starts_with(step)
    });
    assert!(heard.is_some(), "the step {step} was told");
}

#[test]
fn a_server_killed_at_any_step_of_a_creation_finishes_it() {
    let _turn = turn();
    let mut lab = Lab::open(&[]);
    let ada = lab.person("ada@example.org");
    for (number, (step, after)) in CREATION.into_iter().enumerate() {
        let id = ada.asks_for(&json!({ "name": format!("crash-{number}") }));
        hear(&ada, &id, step);
        std::thread::sleep(Duration::from_millis(after));
        lab.crash();
        lab.start_again(&[]);
        ada.waits_for(&id, "RUNNING", seconds(60));
        assert_eq!(
            lab.processes().len(),
            5,
            "made once, after a kill at {step} + {after} ms"
        );
        kubectl(&lab, &ada, &id, &["get", "nodes"]);

        // And a kill in the middle of its deletion.
        ada.delete(&format!("/api/v1/clusters/{id}"));
        std::thread::sleep(Duration::from_millis(10 * number as u64));
        lab.crash();
        lab.start_again(&[]);
        ada.waits_for(&id, "GONE", seconds(20));
        assert_eq!(lab.processes(), Vec::<String>::new());
        assert_eq!(lab.remains(), Vec::<std::path::PathBuf>::new());
    }
}

#[test]
fn a_deletion_at_any_step_of_a_creation_ends_it() {
    let _turn = turn();
    let lab = Lab::open(&[]);
    let ada = lab.person("ada@example.org");
    for (number, (step, after)) in CREATION.into_iter().enumerate() {
        let id = ada.asks_for(&json!({ "name": format!("cancel-{number}") }));
        hear(&ada, &id, step);
        std::thread::sleep(Duration::from_millis(after));
        assert_eq!(ada.delete(&format!("/api/v1/clusters/{id}")).status, 202);
        ada.waits_for(&id, "GONE", seconds(20));
        assert_eq!(
            lab.processes(),
            Vec::<String>::new(),
            "after a deletion at {step}"
        );
        assert_eq!(lab.remains(), Vec::<std::path::PathBuf>::new());
    }
}

#[test]
fn a_server_stopped_in_the_middle_goes_on_at_its_next_start() {
    let _turn = turn();
    let mut lab = Lab::open(&[]);
    let ada = lab.person("ada@example.org");
    let id = ada.asks_for(&json!({ "name": "stopped" }));
    hear(&ada, &id, "Starting etcd");
    assert!(lab.stop().success());
    lab.start_again(&[]);
    ada.waits_for(&id, "RUNNING", seconds(60));
    assert_eq!(lab.processes().len(), 5);
}
