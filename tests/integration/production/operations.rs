//! What `docs/operations.md` tells operators to do, done.

use std::process::Command;

use crate::support::{Lab, Person, Postgres, seconds, shared_redis, turn};

const KEY: &str = "s8eUdJMgJTrwcr5MVwGe2FO3rIFmpBbSqyNl9Kd4cDo=";
const NEXT_KEY: &str = "Hq3bBgSdmLJQ0pB6nK4Yt3mJq1i8W0x1n0D4cH0yV2k=";

fn kubeconfig(ada: &Person, id: &str) -> (u16, String) {
    let answer = ada.try_to_send(
        "GET",
        &format!("/api/v1/clusters/{id}/kubeconfig"),
        &[],
        b"",
    );
    (answer.status, answer.text)
}

#[test]
fn a_backup_of_the_file_is_restored_with_its_clusters() {
    let _turn = turn();
    let mut lab = Lab::open(&[]);
    let ada = lab.person("ada@example.org");
    let id = ada.has_running("demo");
    let backup = lab.folder().join("backup.db");
    lab.sql(&format!("VACUUM INTO '{}'", backup.display()));
    lab.crash();
    for name in ["lab.db", "lab.db-wal", "lab.db-shm"] {
        let _ = std::fs::remove_file(lab.folder().join(name));
    }
    std::fs::rename(backup, lab.folder().join("lab.db")).unwrap();
    lab.start_again(&[]);
    ada.waits_for(&id, "RUNNING", seconds(10));
    assert_eq!(kubeconfig(&ada, &id).0, 200);
    assert_eq!(lab.processes().len(), 5, "the cluster was not touched");
}

#[test]
fn a_dump_is_restored_elsewhere_and_the_key_is_rotated() {
    let _turn = turn();
    let postgres = Postgres::start();
    let (from, to) = (postgres.database(), postgres.database());
    let mut lab = Lab::open_in_production(&from, &shared_redis(), &[("ENCRYPTION_KEY", KEY)]);
    let ada = lab.person("ada@example.org");
    let id = ada.has_running("demo");
    let (_, before) = kubeconfig(&ada, &id);
    lab.stop();

    let moved = Command::new("sh")
        .args([
            "-c",
            "pg_dump --no-owner \"$FROM\" | psql --quiet --set ON_ERROR_STOP=1 \"$TO\"",
        ])
        .env("FROM", &from)
        .env("TO", &to)
        .output()
        .unwrap();
    assert!(
        moved.status.success(),
        "{}",
        String::from_utf8_lossy(&moved.stderr)
    );

    // The new key with the old one beside it, for one start; from then on the new one alone.
    for previous in [KEY, NEXT_KEY] {
        lab.start_again(&[
            ("DATABASE_URL", &to),
            ("ENCRYPTION_KEY", NEXT_KEY),
            ("ENCRYPTION_KEY_PREVIOUS", previous),
        ]);
        assert_eq!(kubeconfig(&ada, &id), (200, before.clone()));
        lab.stop();
    }
    // The old one opens nothing any more, and what can't be opened is said at the start.
    let refused = lab.command(
        &[
            "serve",
            "--encryption-key",
            KEY,
            "--encryption-key-previous",
            KEY,
        ],
        "",
    );
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && words.contains("ENCRYPTION_KEY"),
        "{words}"
    );
}
