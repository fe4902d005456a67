use std::{
    fs,
    process::{Command, Stdio},
};

use serde_json::json;

use crate::support::{Lab, Person, eventually, seconds};

/// Serves with a disk of 2 MB of its own, mounted so; whoever may not mount does it in a namespace of theirs.
fn small_disk(lab: &Lab, options: &str) -> Command {
    let folder = lab.folder().display().to_string();
    let binary = env!("CARGO_BIN_EXE_pyk8s-lab");
    let mut command = Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command
        .args(["--mount", "sh", "-ec"])
        .arg(format!(
            "cp -r {folder} {folder}.copy; mount -t tmpfs -o size=2m tmpfs {folder}; cp -r {folder}.copy/. {folder}/; rm -rf {folder}.copy; \
             {options} exec {binary} serve"
        ))
        .env("DATA_DIR", &folder)
        .env("LISTEN_ADDR", "127.0.0.1:0")
        .env("RATE_LIMIT_AUTH", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[test]
fn a_full_disk_is_said_and_harms_nothing() {
    use std::io::{BufRead, BufReader};
    let mut lab = Lab::open(&[]);
    lab.person("ada@example.org");
    lab.stop();
    let mut server = small_disk(&lab, "").spawn().unwrap();
    let mut said = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut said)
        .unwrap();
    let url = said
        .trim()
        .trim_end_matches('/')
        .rsplit(' ')
        .next()
        .unwrap()
        .to_owned();
    let nobody = Person::nobody(&url);
    let who = |number: usize| json!({ "email": format!("person-{number}@example.org"), "password": "correct horse battery" });
    // The disk as the server sees it, filled by another.
    let filler = format!(
        "/proc/{}/root{}/filler",
        server.id(),
        lab.folder().display()
    );
    let filled = Command::new("sh")
        .args(["-c", &format!("cat /dev/zero > {filler}")])
        .output()
        .unwrap();
    assert!(!filled.status.success(), "the disk is full");
    let refused = eventually("a write is refused", seconds(30), || {
        let answer = nobody.try_to_send(
            "POST",
            "/api/v1/users/register",
            &[("content-type", "application/json")],
            who(1).to_string().as_bytes(),
        );
        (answer.status != 201).then_some(answer)
    });
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(!refused.header("retry-after").is_empty());
    // What was there is still there, and with room it goes on.
    let ada =
        nobody.log_in(&json!({ "email": "ada@example.org", "password": "correct horse battery" }));
    assert_eq!(ada.get("/api/v1/clusters").json(), json!([]));
    fs::remove_file(&filler).unwrap();
    eventually("it goes on", seconds(10), || {
        let answer = nobody.try_to_send(
            "POST",
            "/api/v1/users/register",
            &[("content-type", "application/json")],
            who(2).to_string().as_bytes(),
        );
        (answer.status == 201).then_some(())
    });
    let _ = server.kill();
    server.wait().unwrap();
}

#[test]
fn a_read_only_data_directory_is_said() {
    let mut lab = Lab::open(&[]);
    lab.stop();
    let remount = format!("mount -o remount,ro {};", lab.folder().display());
    let refused = small_disk(&lab, &remount).output().unwrap();
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{words}");
    assert!(
        words.to_lowercase().contains("read-only") || words.contains("readonly"),
        "{words}"
    );
}

#[test]
fn a_broken_database_is_said_and_left_as_it_is() {
    let mut lab = Lab::open(&[]);
    lab.stop();
    let file = lab.folder().join("lab.db");
    for name in ["lab.db-wal", "lab.db-shm"] {
        let _ = fs::remove_file(lab.folder().join(name));
    }
    let broken = vec![b'x'; 8192];
    fs::write(&file, &broken).unwrap();
    for command in ["serve", "migrate"] {
        let refused = lab.command(&[command], "");
        let words = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(1), "{words}");
        assert!(
            words.contains("lab.db") && words.contains("not a database"),
            "{words}"
        );
    }
    assert_eq!(fs::read(&file).unwrap(), broken);
}
