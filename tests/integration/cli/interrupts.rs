use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
};

use crate::support::{Lab, Pyk8s, stand_in};

#[test]
fn ctrl_c_in_a_wait_says_that_the_cluster_goes_on_and_how_to_delete_it() {
    let binaries = tempfile::tempdir().unwrap();
    let folder = stand_in(binaries.path(), "exec sleep 600");
    let lab = Lab::open(&[("KUBE_BIN_DIR", &folder)]);
    let shell = Pyk8s::registered(&lab, "ada@example.org");
    let mut waiting = shell
        .command(&["cluster", "create", "--name", "demo", "--wait"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(waiting.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("Starting etcd") {
        line.clear();
        assert!(told.read_line(&mut line).unwrap() > 0);
    }
    let pid = waiting.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    assert_eq!(waiting.wait().unwrap().code(), Some(130));
    for words in [
        "demo is still being made",
        "pyk8s cluster delete demo",
        "pyk8s cluster wait demo",
    ] {
        assert!(rest.contains(words), "{words:?} in {rest:?}");
    }
    assert_eq!(
        shell.json(&["cluster", "get", "demo"])["status"],
        "PROVISIONING"
    );
}
