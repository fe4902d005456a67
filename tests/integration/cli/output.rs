use std::{io::Read, process::Stdio};

use crate::support::{Lab, Pyk8s, stand_in};

#[test]
fn a_closed_pipe_ends_quietly() {
    let lab = Lab::open(&[]);
    let shell = Pyk8s::new(&lab.url);
    let mut script = shell
        .command(&["completion", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = script.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 8]).unwrap();
    drop(stdout);
    let ended = script.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
    assert_eq!(ended.status.code(), Some(0));
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let binaries = tempfile::tempdir().unwrap();
    let folder = stand_in(binaries.path(), "exec sleep 600");
    let lab = Lab::open(&[("KUBE_BIN_DIR", &folder)]);
    let shell = Pyk8s::registered(&lab, "ada@example.org");
    shell.run(&["cluster", "create", "--name", "demo"]).ok();
    assert!(!shell.run(&["cluster", "list"]).ok().contains('\u{1b}'));
    let on_a_terminal = |no_colour: bool| {
        let pyk8s = shell.command(&[]);
        let line = format!("{} cluster list", pyk8s.get_program().display());
        let mut terminal = std::process::Command::new("script");
        terminal
            .args(["-qefc", &line, "/dev/null"])
            .env("TERM", "xterm")
            .envs(
                pyk8s
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
        if no_colour {
            terminal.env("NO_COLOR", "1");
        }
        let shown = terminal
            .stdin(Stdio::null())
            .output()
            .expect("script (bsdutils) is installed");
        String::from_utf8(shown.stdout).unwrap()
    };
    assert!(on_a_terminal(false).contains("\u{1b}[33mPROVISIONING\u{1b}[0m"));
    let plain = on_a_terminal(true);
    assert!(
        plain.contains("PROVISIONING") && !plain.contains('\u{1b}'),
        "{plain:?}"
    );
}

#[test]
fn quiet_is_only_what_was_asked_for() {
    let lab = Lab::open(&[]);
    let shell = Pyk8s::registered(&lab, "ada@example.org");
    let empty = shell.run(&["cluster", "list", "-q"]);
    assert_eq!((empty.out.as_str(), empty.err.as_str()), ("", ""));
    let yaml = shell.run(&["cluster", "list", "-o", "yaml"]);
    assert_eq!((yaml.out.as_str(), yaml.err.as_str()), ("[]\n", ""));
}

#[test]
fn manual_pages_and_completions_are_made_from_the_program() {
    let lab = Lab::open(&[]);
    let shell = Pyk8s::new(&lab.url);
    for (tool, words) in [
        ("bash", "complete -F _pyk8s"),
        ("zsh", "#compdef pyk8s"),
        ("fish", "complete -c pyk8s"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let script = shell.run(&["completion", tool]).ok();
        assert!(
            script.contains(words) && script.contains("get-kubeconfig"),
            "{tool}: {script}"
        );
    }
    let folder = shell.home().join("man");
    shell
        .run(&["docs", "man", "--dir", folder.to_str().unwrap()])
        .ok();
    let create = std::fs::read_to_string(folder.join("pyk8s-cluster-create.1")).unwrap();
    assert!(create.contains("ttl\\-hours"), "{create}");
    assert!(shell.run(&["docs", "man"]).ok().contains("timed out"));
}

#[test]
fn both_versions_are_told_and_the_own_one_also_alone() {
    let lab = Lab::open(&[]);
    let shell = Pyk8s::new(&lab.url);
    let version = shell.run(&["version"]).ok();
    let lines: Vec<_> = version.lines().collect();
    let own = env!("CARGO_PKG_VERSION");
    assert!(
        lines[0].starts_with(&format!("client {own}"))
            && lines[1].starts_with(&format!("server {own}")),
        "{version}"
    );
    let shell = shell.at("http://127.0.0.1:1");
    let away = shell.run(&["version"]);
    assert_eq!((away.code, away.out.lines().count()), (1, 1), "{away:?}");
    shell.run(&["version", "--client"]).ok();
}

#[test]
fn providers_say_why_not() {
    let lab = Lab::open(&[]);
    let shell = Pyk8s::registered(&lab, "ada@example.org");
    let table = shell.run(&["provider", "list"]).ok();
    assert!(
        table.contains("kwok") && table.contains("simulated"),
        "{table}"
    );
    let listed = shell.json(&["provider", "list"]);
    for provider in listed.as_array().unwrap() {
        assert_ne!(
            provider["available"].as_bool().unwrap(),
            provider["reason"].is_string(),
            "{provider}"
        );
    }
}
