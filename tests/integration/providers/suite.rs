//! A provider under the real server.

use std::{path::Path, process::Command, time::Duration};

use serde_json::{Value, json};

use super::subject::{Subject, lent};
use crate::support::{Lab, Person, eventually, seconds};

/// How long a cluster of whatever provider may take here.
const READY: Duration = seconds(90);

fn open(subject: &dyn Subject) -> Lab {
    Lab::open(&lent(&subject.settings()))
}

fn ask(person: &Person, subject: &dyn Subject, name: &str) -> String {
    person.asks_for(&json!({ "name": name, "provider": subject.name() }))
}

/// Runs `kubectl` on a cluster; its output.
#[track_caller]
fn kubectl(lab: &Lab, person: &Person, id: &str, args: &[&str]) -> String {
    super::super::clusters::kubectl(lab, person, id, args)
}

/// Waits until these words are told of a cluster; fails when it comes to one of these states without them.
fn hear(person: &Person, id: &str, words: &str, unless: &[&str]) {
    for event in person.listen(id) {
        if event["payload"]["message"] == words {
            return;
        }
        let status = event["payload"]["status"].as_str().unwrap_or("");
        assert!(!unless.contains(&status), "no {words:?} before {event}");
    }
}

/// How a creation ends.
const MADE: [&str; 2] = ["RUNNING", "ERROR"];

/// Every step of a creation, up to the last.
fn steps_of_a_creation(lab: &Lab, person: &Person, subject: &dyn Subject) -> Vec<String> {
    let id = ask(person, subject, "first");
    let mut steps: Vec<String> = Vec::new();
    for event in person.listen(&id) {
        let said = event["payload"]["message"].as_str().unwrap().to_owned();
        if event["event"] == "cluster.status.changed" && !steps.contains(&said) {
            steps.push(said);
        }
        match event["payload"]["status"].as_str().unwrap() {
            "PROVISIONING" => {}
            "RUNNING" => break,
            other => panic!("{other}: {event}"),
        }
    }
    assert_eq!(subject.existing(lab.folder()).len(), 1);
    gone(lab, person, subject, &id);
    assert!(steps.len() > 3, "{steps:?}");
    steps
}

fn gone(lab: &Lab, person: &Person, subject: &dyn Subject, id: &str) {
    person.delete(&format!("/api/v1/clusters/{id}"));
    person.waits_for(id, "GONE", seconds(40));
    assert_eq!(subject.existing(lab.folder()), Vec::<String>::new());
}

pub fn life(subject: &dyn Subject) {
    let lab = open(subject);
    let ada = lab.person("ada@example.org");
    let id = ask(&ada, subject, "life");
    ada.waits_for(&id, "RUNNING", READY);
    let cluster = ada.get(&format!("/api/v1/clusters/{id}")).json();
    assert_eq!(cluster["provider"], subject.name());
    let existing = subject.existing(lab.folder());
    assert_eq!(existing.len(), 1, "{existing:?}");

    let version = kubectl(&lab, &ada, &id, &["version", "-o", "json"]);
    let version: Value = serde_json::from_str(&version).unwrap();
    assert!(
        version["serverVersion"]["gitVersion"]
            .as_str()
            .unwrap()
            .starts_with("v1.")
    );
    kubectl(
        &lab,
        &ada,
        &id,
        &["create", "configmap", "kept", "--from-literal=a=b"],
    );
    assert!(kubectl(&lab, &ada, &id, &["get", "configmaps", "-o", "name"]).contains("kept"));

    subject.break_down(lab.folder(), &existing[0]);
    hear(&ada, &id, "Ready again", &["ERROR"]);
    assert_eq!(
        subject.existing(lab.folder()),
        existing,
        "mended, not made twice"
    );
    assert!(kubectl(&lab, &ada, &id, &["get", "configmaps", "-o", "name"]).contains("kept"));

    gone(&lab, &ada, subject, &id);
    assert_eq!(ada.delete(&format!("/api/v1/clusters/{id}")).status, 404);
}

pub fn crashes(subject: &dyn Subject) {
    let mut lab = open(subject);
    let ada = lab.person("ada@example.org");
    for (number, step) in steps_of_a_creation(&lab, &ada, subject).iter().enumerate() {
        let id = ask(&ada, subject, &format!("crash-{number}"));
        hear(&ada, &id, step, &MADE);
        lab.crash();
        lab.start_again(&[]);
        ada.waits_for(&id, "RUNNING", READY);
        let existing = subject.existing(lab.folder());
        assert_eq!(
            existing.len(),
            1,
            "made once, after a kill at {step}: {existing:?}"
        );
        kubectl(&lab, &ada, &id, &["get", "configmaps"]);

        // And a kill in the middle of its deletion.
        ada.delete(&format!("/api/v1/clusters/{id}"));
        std::thread::sleep(Duration::from_millis(40 * number as u64));
        lab.crash();
        lab.start_again(&[]);
        ada.waits_for(&id, "GONE", seconds(40));
        assert_eq!(subject.existing(lab.folder()), Vec::<String>::new());
    }
}

pub fn cancellations(subject: &dyn Subject) {
    let lab = open(subject);
    let ada = lab.person("ada@example.org");
    for (number, step) in steps_of_a_creation(&lab, &ada, subject).iter().enumerate() {
        let id = ask(&ada, subject, &format!("cancel-{number}"));
        hear(&ada, &id, step, &MADE);
        gone(&lab, &ada, subject, &id);
    }
}

pub fn orphans(subject: &dyn Subject) {
    let mut lab = Lab::open_embedded(&lent(&subject.settings()));
    let ada = lab.person("ada@example.org");
    let id = ask(&ada, subject, "orphan");
    ada.waits_for(&id, "RUNNING", READY);
    let existing = subject.existing(lab.folder());
    lab.crash();
    lab.sql("UPDATE clusters SET deleted_at = 1");
    let said = |args: &[&str]| String::from_utf8(lab.command(args, "").stdout).unwrap();
    let found = format!("would remove {} {}", subject.name(), existing[0]);
    assert!(said(&["gc", "--dry-run"]).contains(&found), "{found}");
    assert_eq!(subject.existing(lab.folder()), existing);
    lab.start_again(&[]);
    eventually("the orphan is removed", seconds(40), || {
        subject.existing(lab.folder()).is_empty().then_some(())
    });
    assert!(said_nothing_to_remove(&lab));
}

fn said_nothing_to_remove(lab: &Lab) -> bool {
    let said = lab.command(&["gc"], "").stdout;
    String::from_utf8(said)
        .unwrap()
        .contains("Nothing to remove")
}

pub fn bad_tools(subject: &dyn Subject) {
    let flood = "yes 'too much' | head -n 100000; exit 1";
    for (script, words) in [
        ("trap '' TERM; sleep 600", "still not done after 1 s"),
        (flood, "too much"),
    ] {
        let tools = tempfile::tempdir().unwrap();
        let mut settings = subject.with_tool(Path::new(tools.path()), script);
        let limit = if script == flood { "60" } else { "1" };
        settings.push(("PROVIDER_TIME_LIMIT".into(), limit.into()));
        let lab = Lab::open(&lent(&settings));
        let ada = lab.person("ada@example.org");
        let id = ask(&ada, subject, "unlucky");
        ada.waits_for(&id, "ERROR", seconds(90));
        let cluster = ada.get(&format!("/api/v1/clusters/{id}")).json();
        let said = cluster["error_message"].as_str().unwrap();
        assert!(said.contains(words) && said.len() < 1000, "{said}");
        assert_eq!(subject.existing(lab.folder()), Vec::<String>::new());
        let mark = format!("{}/", tools.path().display());
        let left = Command::new("pgrep").args(["-f", &mark]).output().unwrap();
        assert!(left.stdout.is_empty(), "processes of the tool are left");
    }
}
