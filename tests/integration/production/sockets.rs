use std::{fs, time::Duration};

use futures_util::StreamExt;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio_tungstenite::{connect_async, tungstenite::Message};

use crate::support::{Lab, shared_database, shared_redis, stand_in};

const CLIENTS: usize = 2000;
const EVENTS: usize = 60;

/// Resident memory of a process, in MB.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}

#[test]
fn two_thousand_clients_of_one_replica_hear_what_happens_at_another() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let binaries = tempfile::tempdir().unwrap();
    let folder = stand_in(binaries.path(), "exec sleep 600");
    let lab = Lab::open_in_production(
        &shared_database(),
        &shared_redis(),
        &[("KUBE_BIN_DIR", &folder), ("MAX_TTL_HOURS", "1000")],
    );
    let other = lab.replica(&[]);
    let ada = lab.person("ada@example.org");
    let id = ada.asks_for(&json!({ "name": "demo" }));
    let url = format!(
        "{}/ws?token={}",
        lab.url.replace("http://", "ws://"),
        ada.token()
    );
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let before = resident(lab.pid());
    runtime.block_on(async {
        let mut clients = Vec::with_capacity(CLIENTS);
        for _ in 0..CLIENTS {
            clients.push(connect_async(&url).await.unwrap().0);
        }
        // It takes nothing, ever.
        let _stalled = connect_async(&url).await.unwrap().0;
        let listening: Vec<_> = clients
            .into_iter()
            .map(|mut client| {
                tokio::spawn(async move {
                    let mut seqs = Vec::with_capacity(EVENTS);
                    while seqs.len() < EVENTS {
                        let Message::Text(text) = client.next().await.unwrap().unwrap() else {
                            continue;
                        };
                        let event: Value = serde_json::from_str(&text).unwrap();
                        if event["event"] == "cluster.ttl.extended" {
                            seqs.push(event["seq"].as_i64().unwrap());
                        }
                    }
                    seqs
                })
            })
            .collect();
        let elsewhere = crate::support::Person::nobody(&other.url).with_token(ada.token());
        let events = tokio::task::spawn_blocking(move || {
            for _ in 0..EVENTS {
                elsewhere.post(
                    &format!("/api/v1/clusters/{id}/extend"),
                    &json!({ "hours": 1 }),
                );
            }
        });
        events.await.unwrap();
        let heard = async {
            let mut first: Option<Vec<i64>> = None;
            for client in listening {
                let seqs = client.await.unwrap();
                assert!(seqs.is_sorted_by(|one, next| one < next), "{seqs:?}");
                assert_eq!(first.get_or_insert_with(|| seqs.clone()), &seqs);
            }
        };
        tokio::time::timeout(Duration::from_secs(60), heard)
            .await
            .expect("all hear all in time");
    });
    let grown = resident(lab.pid()).saturating_sub(before);
    assert!(grown < 400, "{grown} MB for {CLIENTS} clients");
}
