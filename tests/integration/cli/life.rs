use std::process::{Command, Stdio};

use crate::support::{Lab, Pyk8s, turn};

/// kubectl as the user of this home runs it.
fn kubectl(shell: &Pyk8s, args: &[&str]) -> String {
    let output = Command::new("kubectl")
        .args(args)
        .env("HOME", shell.home())
        .env_remove("KUBECONFIG")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn from_register_to_logout_with_a_real_cluster() {
    let _turn = turn();
    let lab = Lab::open(&[]);
    let shell = Pyk8s::registered(&lab, "ada@example.org");

    // Nothing yet: said to people, and nothing to programs.
    let empty = shell.run(&["cluster", "list"]);
    assert!(
        empty.err.contains("pyk8s cluster create --name"),
        "{empty:?}"
    );
    assert_eq!(empty.ok(), "");
    assert_eq!(shell.json(&["cluster", "list"]), serde_json::json!([]));

    let made = shell.run(&[
        "cluster",
        "create",
        "--name",
        "demo",
        "--ttl-hours",
        "2",
        "--nodes",
        "2",
        "--wait",
    ]);
    let told: Vec<_> = made.err.lines().collect();
    let place = |step: &str| {
        let line = told.iter().position(|line| line.contains(step));
        line.unwrap_or_else(|| panic!("{step:?} in {told:?}"))
    };
    let order = [
        "Waiting for its turn",
        "Starting etcd",
        "Adding 2 simulated nodes",
        "RUNNING: Ready",
    ];
    assert!(order.map(place).is_sorted(), "{told:?}");
    assert!(
        made.out
            .contains("demo is running (kwok (simulated pods), v1."),
        "{}",
        made.out
    );
    made.ok();

    // A table, and the same for programs.
    let table = shell.run(&["cluster", "list"]).ok();
    let rows: Vec<Vec<_>> = table
        .lines()
        .map(|line| {
            line.split("   ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect()
        })
        .collect();
    assert_eq!(
        rows[0],
        ["NAME", "STATUS", "PROVIDER", "VERSION", "AGE", "TIME LEFT"]
    );
    assert_eq!(rows[1][..3], ["demo", "RUNNING", "kwok (simulated pods)"]);
    assert!(["2h", "119m"].contains(&rows[1][5]), "{table}");
    let listed = shell.json(&["cluster", "list"]);
    assert_eq!(
        (&listed[0]["name"], &listed[0]["nodes"]),
        (&"demo".into(), &2.into())
    );
    let yaml = shell.run(&["cluster", "list", "-o", "yaml"]).ok();
    assert_eq!(
        serde_norway::from_str::<serde_json::Value>(&yaml).unwrap(),
        listed
    );
    assert_eq!(shell.run(&["cluster", "list", "-o", "name"]).ok(), "demo\n");

    // In the user's own kubeconfig, beside what is there.
    let config = shell.home().join(".kube/config");
    std::fs::create_dir(shell.home().join(".kube")).unwrap();
    std::fs::write(&config, "apiVersion: v1\nkind: Config\nclusters: []\nusers: []\ncontexts:\n- {name: work, context: {cluster: w, user: w}}\ncurrent-context: work\n").unwrap();
    shell.run(&["cluster", "use", "demo"]).ok();
    assert_eq!(
        kubectl(&shell, &["config", "current-context"]).trim(),
        "pyk8s-demo"
    );
    assert!(kubectl(&shell, &["get", "ns"]).contains("kube-system"));
    assert_eq!(
        kubectl(&shell, &["get", "nodes", "-o", "name"])
            .lines()
            .count(),
        2
    );

    // Without a trace in it, with kubectl's own exit code.
    let nodes = shell
        .run(&[
            "cluster", "exec", "demo", "--", "get", "nodes", "-o", "name",
        ])
        .ok();
    assert_eq!(nodes.lines().count(), 2);
    let missing = shell.run(&["cluster", "exec", "demo", "--", "get", "pod", "none"]);
    assert_eq!(
        (missing.code, missing.err.contains("NotFound")),
        (1, true),
        "{missing:?}"
    );

    // Through a pipe.
    let kubeconfig = shell.run(&["cluster", "get-kubeconfig", "demo"]).ok();
    assert!(kubeconfig.contains("name: pyk8s-demo"), "{kubeconfig}");
    let mut piped = Command::new("kubectl")
        .args(["--kubeconfig", "/dev/stdin", "get", "nodes", "-o", "name"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut piped.stdin.take().unwrap(), kubeconfig.as_bytes()).unwrap();
    assert!(piped.wait_with_output().unwrap().status.success());

    assert!(
        shell
            .run(&["cluster", "extend", "demo", "--hours", "3"])
            .ok()
            .contains("demo has 4h59m left")
    );
    let log = shell.run(&["cluster", "logs", "demo"]).ok();
    assert!(
        log.contains("Cluster is created") && log.contains("Extended by 3 h"),
        "{log}"
    );
    let shown = shell.run(&["cluster", "get", "demo"]).ok();
    assert!(
        shown.contains("simulated pods") && shown.contains("Cluster is created"),
        "{shown}"
    );

    // Who may not answer is not asked: nothing is deleted by accident.
    shell
        .run(&["cluster", "delete", "demo"])
        .fails(2, &["--yes"]);
    let gone = shell.run(&["cluster", "delete", "demo", "--yes", "--wait"]);
    assert!(gone.err.contains("pyk8s cluster unuse demo"), "{gone:?}");
    assert_eq!(gone.ok(), "demo is deleted\n");
    assert_eq!(lab.processes(), Vec::<String>::new());
    shell.run(&["cluster", "unuse", "demo"]).ok();
    assert_eq!(
        kubectl(&shell, &["config", "get-contexts", "-o", "name"]),
        "work\n"
    );
    assert_eq!(kubectl(&shell, &["config", "current-context"]), "work\n");

    shell.run(&["auth", "logout"]).ok();
    shell
        .run(&["cluster", "list"])
        .fails(3, &["pyk8s auth login"]);
}

#[test]
fn create_and_use_is_one_command_and_all_are_deleted_at_once() {
    let _turn = turn();
    let lab = Lab::open(&[]);
    let shell = Pyk8s::registered(&lab, "ada@example.org");
    shell
        .run(&["cluster", "create", "--name", "one", "--use"])
        .ok();
    assert!(kubectl(&shell, &["get", "ns"]).contains("default"));
    shell.run(&["cluster", "create", "--name", "two"]).ok();
    shell
        .run(&["cluster", "wait", "two", "--timeout", "60s"])
        .ok();
    let gone = shell
        .run(&[
            "cluster", "delete", "--all", "--yes", "--wait", "-o", "name",
        ])
        .ok();
    assert_eq!(gone, "two\none\n");
    assert_eq!(lab.processes(), Vec::<String>::new());
}
