use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::{Lab, Person, Postgres, eventually, seconds, shared_redis, turn};

#[test]
fn a_restart_of_postgresql_loses_and_doubles_nothing() {
    let _turn = turn();
    let mut postgres = Postgres::start();
    let lab = Lab::open_in_production(
        &postgres.database(),
        &shared_redis(),
        &[("MAX_CLUSTERS_PER_USER", "300"), ("DATABASE_TIMEOUT", "1")],
    );
    let ada = lab.person("ada@example.org");
    let real: Vec<_> = ["one", "two"]
        .map(|name| ada.asks_for(&json!({ "name": name })))
        .into();
    eventually("the first is being made", seconds(30), || {
        (!lab.processes().is_empty()).then_some(())
    });

    // Two hundred requests meet the restart, half of them while nothing is there; each is repeated, under
    // its key, until it is taken.
    let (mut away, mut answers) = (0, HashMap::new());
    let stopped = AtomicBool::new(false);
    thread::scope(|scope| {
        let requests: Vec<_> = (0..200)
            .map(|number| {
                let (ada, stopped) = (ada.clone(), &stopped);
                scope.spawn(move || {
                    while number % 2 == 1 && !stopped.load(Ordering::SeqCst) {
                        thread::sleep(Duration::from_millis(10));
                    }
                    request(&ada, number)
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(200));
        postgres.stop();
        stopped.store(true, Ordering::SeqCst);
        thread::sleep(seconds(2));
        let back = {
            postgres.start_again();
            Instant::now()
        };
        eventually("it is ready again", seconds(5), || {
            (lab.get("/health/ready").status == 200).then_some(())
        });
        assert!(back.elapsed() < seconds(5));
        for request in requests {
            let (id, refusals) = request.join().unwrap();
            away += refusals;
            *answers.entry(id).or_insert(0) += 1;
        }
    });
    assert!(away >= 100, "half of them met the database away: {away}");
    assert_eq!(answers.len(), 200, "each request made a cluster of its own");

    let listed = ada.get("/api/v1/clusters").json();
    assert_eq!(listed.as_array().unwrap().len(), 202);
    for id in answers.keys() {
        ada.delete(&format!("/api/v1/clusters/{id}"));
    }
    for id in &real {
        ada.waits_for(id, "RUNNING", seconds(90));
    }
    eventually("the others are gone", seconds(120), || {
        let listed = ada.get("/api/v1/clusters").json();
        (listed.as_array().unwrap().len() == 2).then_some(())
    });
    assert_eq!(lab.processes().len(), 10, "each was made once");
}

/// Asks until it is heard; the cluster's id, and how often the lab said that it is away.
fn request(ada: &Person, number: usize) -> (String, usize) {
    let body = json!({ "name": format!("many-{number}") }).to_string();
    let key = format!("key-{number}");
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", key.as_str()),
    ];
    let mut refusals = 0;
    loop {
        let answer = ada.try_to_send("POST", "/api/v1/clusters", &headers, body.as_bytes());
        match answer.status {
            202 => return (answer.json()["id"].as_str().unwrap().to_owned(), refusals),
            503 => {
                assert!(!answer.header("retry-after").is_empty(), "{answer:?}");
                refusals += 1;
                thread::sleep(seconds(1) / 2);
            }
            _ => panic!("{answer:?}"),
        }
    }
}
