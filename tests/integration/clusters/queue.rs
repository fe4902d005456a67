use std::collections::HashSet;

use serde_json::json;

use crate::support::{Lab, seconds, turn};

#[test]
fn ten_clusters_of_five_people_queue_up_and_none_takes_anothers_port() {
    let _turn = turn();
    let lab = Lab::open(&[]);
    let people: Vec<_> = (0..5)
        .map(|number| lab.person(&format!("person-{number}@example.org")))
        .collect();
    let ids: Vec<_> = people
        .iter()
        .flat_map(|person| {
            ["one", "two"].map(|name| (person, person.asks_for(&json!({ "name": name }))))
        })
        .collect();
    for (person, id) in &ids {
        person.waits_for(id, "RUNNING", seconds(180));
    }
    assert_eq!(lab.processes().len(), 50);
    let mut told = 0;
    for (person, id) in &ids {
        let events = person.get(&format!("/api/v1/clusters/{id}/events")).json();
        told += usize::from(events.to_string().contains("in the queue"));
    }
    assert!(
        told >= 8,
        "all but the first two waited and were told so: {told}"
    );

    let ports: Vec<String> = lab
        .remains()
        .iter()
        .filter_map(|path| std::fs::read_to_string(path.join("configuration.yaml")).ok())
        .flat_map(|text| {
            let ports = text.lines().filter(|line| line.contains("Port:"));
            ports
                .map(|line| line.rsplit(' ').next().unwrap().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(
        (ports.len(), ports.iter().collect::<HashSet<_>>().len()),
        (60, 60)
    );
    for (person, id) in &ids {
        person.delete(&format!("/api/v1/clusters/{id}"));
    }
    for (person, id) in &ids {
        person.waits_for(id, "GONE", seconds(60));
    }
    assert_eq!(lab.processes(), Vec::<String>::new());
}
