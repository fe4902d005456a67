use std::{thread, time::Instant};

use serde_json::json;

use crate::support::{
    Lab, PASSWORD, Person, Redis, eventually, seconds, shared_database, shared_redis, stand_in,
    turn,
};

#[test]
fn redis_may_go_and_come_while_clusters_are_made() {
    let _turn = turn();
    let mut redis = Redis::start();
    let lab = Lab::open_in_production(
        &shared_database(),
        &redis.url(),
        &[("MAX_CLUSTERS_PER_USER", "9")],
    );
    let other = lab.replica(&[("PROVISION_CONCURRENCY", "1")]);
    let ada = lab.person("ada@example.org");
    let elsewhere = Person::nobody(&other.url).with_token(ada.token());
    let bus = || lab.get("/health/ready").json()["bus"].clone();
    eventually("the bus is connected", seconds(10), || {
        (bus() == "ok").then_some(())
    });

    let mut clusters = Vec::new();
    for (number, what) in ["here", "away", "back", "flushed"].into_iter().enumerate() {
        match what {
            "away" => redis.stop(),
            "back" => redis.start_again(),
            "flushed" => redis.flush(),
            _ => {}
        }
        // Asked for at one replica, listened to at the other.
        let id = ada.asks_for(&json!({ "name": format!("cluster-{number}") }));
        let heard: Vec<_> = elsewhere
            .listen(&id)
            .inspect(|event| assert_ne!(event["payload"]["status"], "ERROR", "{event}"))
            .take_while(|event| event["payload"]["status"] != "RUNNING")
            .map(|event| event["seq"].as_i64().unwrap())
            .collect();
        let kept = ada.get(&format!("/api/v1/clusters/{id}/events")).json();
        let kept: Vec<_> = kept
            .as_array()
            .unwrap()
            .iter()
            .filter(|event| event["payload"]["status"] != "RUNNING")
            .map(|event| event["seq"].as_i64().unwrap())
            .collect();
        assert_eq!(heard, kept, "every event, in its order, once");
        clusters.push(id);
    }
    eventually("the bus is connected again", seconds(15), || {
        (bus() == "ok").then_some(())
    });
    for id in clusters {
        ada.delete(&format!("/api/v1/clusters/{id}"));
        ada.waits_for(&id, "GONE", seconds(30));
    }
}

#[test]
fn an_event_of_one_replica_is_heard_at_another_at_once() {
    let binaries = tempfile::tempdir().unwrap();
    let folder = stand_in(binaries.path(), "exec sleep 600");
    let lab = Lab::open_in_production(
        &shared_database(),
        &shared_redis(),
        &[("KUBE_BIN_DIR", &folder), ("MAX_CLUSTERS_PER_USER", "99")],
    );
    let other = lab.replica(&[]);
    let ada = lab.person("ada@example.org");
    let elsewhere = Person::nobody(&other.url).with_token(ada.token());
    let id = ada.asks_for(&json!({ "name": "demo" }));
    let mut events = elsewhere.listen(&id);
    let mut late = Vec::new();
    for _ in 0..5 {
        let before = Instant::now();
        ada.post(
            &format!("/api/v1/clusters/{id}/extend"),
            &json!({ "hours": 1 }),
        );
        events
            .find(|event| event["event"] == "cluster.ttl.extended")
            .unwrap();
        late.push(before.elapsed());
    }
    late.sort();
    // By the look alone it would take half a second on average.
    assert!(late[2] < seconds(1) / 4, "{late:?}");
}

#[test]
fn attempts_to_log_in_are_counted_over_all_replicas() {
    let mut redis = Redis::start();
    let lab = Lab::open_in_production(
        &shared_database(),
        &redis.url(),
        &[("RATE_LIMIT_AUTH", "6")],
    );
    let other = lab.replica(&[]);
    let attempt = |url: &str| {
        let who = json!({ "email": "ada@example.org", "password": PASSWORD });
        Person::nobody(url).post("/api/v1/auth/token", &who)
    };
    for _ in 0..3 {
        assert_eq!(attempt(&lab.url).status, 401);
        assert_eq!(attempt(&other.url).status, 401);
    }
    for url in [&lab.url, &other.url] {
        let refused = attempt(url);
        refused.is_problem(429);
        assert!((1..=60).contains(&refused.header("retry-after").parse::<u64>().unwrap()));
    }
    // Without Redis each counts for itself, and nobody waits long for an answer.
    redis.stop();
    thread::sleep(seconds(1));
    let before = Instant::now();
    assert_eq!(attempt(&lab.url).status, 401);
    assert!(before.elapsed() < seconds(3));
}
