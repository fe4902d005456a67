use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::json;

use crate::support::{Lab, PASSWORD, Proxy, Pyk8s, Way};

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_login_is_kept_where_only_its_owner_looks() {
    let lab = Lab::open(&[]);
    let shell = Pyk8s::registered(&lab, "ada@example.org");
    let folder = shell.home().join(".config/pyk8s-lab");
    assert_eq!(
        (mode(&folder), mode(&folder.join("config.yaml"))),
        (0o700, 0o600)
    );
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    let status = shell.json(&["auth", "status"]);
    assert_eq!(status["user"]["email"], "ada@example.org");
    let listed = shell.run(&["auth", "list", "-o", "json"]).ok();
    assert!(!listed.contains(&shell.token()), "a token is never shown");

    // Opened up by somebody, it is closed again; XDG's place goes before the home's.
    fs::set_permissions(
        folder.join("config.yaml"),
        fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    let args = [
        "auth",
        "login",
        "--email",
        "ada@example.org",
        "--password-stdin",
    ];
    shell.run_with(&args, &format!("{PASSWORD}\n")).ok();
    assert_eq!(mode(&folder.join("config.yaml")), 0o600);
    let elsewhere = shell.home().join("elsewhere");
    let moved = shell
        .command(&["auth", "list"])
        .env("XDG_CONFIG_HOME", &elsewhere)
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&moved.stderr).contains("no saved login"),
        "{moved:?}"
    );
}

#[test]
fn each_context_is_a_login_of_its_own() {
    let (one, other) = (Lab::open(&[]), Lab::open(&[]));
    let shell = Pyk8s::registered(&one, "ada@example.org");
    let register = [
        "auth",
        "register",
        "--url",
        &other.url,
        "--email",
        "grace@example.org",
        "--password-stdin",
        "--context",
        "other",
    ];
    shell.run_with(&register, PASSWORD).ok();
    let who = |args: &[&str]| {
        let said = shell
            .command(&[&["auth", "status", "-o", "name"], args].concat())
            .env_remove("PYK8S_URL")
            .output()
            .unwrap();
        String::from_utf8(said.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(who(&[]), "grace@example.org");
    assert_eq!(who(&["--context", "default"]), "ada@example.org");
    shell.run(&["auth", "switch", "default"]).ok();
    assert_eq!(who(&[]), "ada@example.org");
    // A saved token goes to no other address than its own.
    let mistake = [
        "auth",
        "status",
        "--context",
        "default",
        "--url",
        &other.url,
    ];
    shell.run(&mistake).fails(2, &["--context", "--url"]);
    shell
        .run(&["auth", "status", "--context", "none"])
        .fails(4, &["default, other"]);
    shell.run(&["auth", "logout", "--all"]).ok();
    assert_eq!(who(&["--context", "other"]), "");
}

#[test]
fn a_wrong_password_is_refused_and_nothing_is_saved() {
    let lab = Lab::open(&[]);
    lab.person("ada@example.org");
    let shell = Pyk8s::new(&lab.url);
    let login = [
        "auth",
        "login",
        "--email",
        "ada@example.org",
        "--password-stdin",
    ];
    shell.run_with(&login, "wrong").fails(3, &["password"]);
    assert!(!shell.home().join(".config").exists());
    shell
        .run_with(&login, "")
        .fails(2, &["no password on standard input"]);
    shell
        .run(&["auth", "login", "--email", "ada@example.org"])
        .fails(2, &["--password-stdin"]);
    let taken = [
        "auth",
        "register",
        "--email",
        "ada@example.org",
        "--password-stdin",
    ];
    shell
        .run_with(&taken, PASSWORD)
        .fails(1, &["with this e-mail address"]);
    let short = [
        "auth",
        "register",
        "--email",
        "grace@example.org",
        "--password-stdin",
    ];
    shell
        .run_with(&short, "short")
        .fails(2, &["password", "8 characters"]);
}

#[test]
fn a_login_that_is_over_says_how_to_log_in_again() {
    let mut lab = Lab::open(&[]);
    let shell = Pyk8s::registered(&lab, "ada@example.org");
    shell
        .run(&["cluster", "list", "--token", "made.up.token"])
        .fails(3, &["--token", "auth login"]);
    lab.crash();
    lab.start_again(&[("SECRET_KEY", "another key, so that all tokens are over")]);
    shell
        .run(&["cluster", "list"])
        .fails(3, &["default", "expired", "pyk8s auth login --url"]);
    let login = [
        "auth",
        "login",
        "--email",
        "ada@example.org",
        "--password-stdin",
    ];
    shell.run_with(&login, PASSWORD).ok();
    shell.run(&["cluster", "list"]).ok();
}

#[test]
fn a_token_from_the_environment_needs_no_login() {
    let lab = Lab::open(&[]);
    let ada = lab.person("ada@example.org");
    let shell = Pyk8s::new(&lab.url);
    let status = shell
        .command(&["auth", "status", "-o", "name"])
        .env("PYK8S_TOKEN", ada.token())
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8(status.stdout).unwrap(),
        "ada@example.org\n"
    );
}

#[test]
fn a_broken_config_is_named_and_left_as_it_is() {
    let lab = Lab::open(&[]);
    let shell = Pyk8s::registered(&lab, "ada@example.org");
    let config = shell.home().join(".config/pyk8s-lab/config.yaml");
    fs::write(&config, "contexts: [\n").unwrap();
    shell
        .run(&["cluster", "list"])
        .fails(1, &["config.yaml is broken", "pyk8s auth login"]);
    let login = [
        "auth",
        "login",
        "--email",
        "ada@example.org",
        "--password-stdin",
    ];
    shell
        .run_with(&login, PASSWORD)
        .fails(1, &["config.yaml is broken"]);
    assert_eq!(fs::read_to_string(&config).unwrap(), "contexts: [\n");
}

#[test]
fn a_password_is_asked_for_without_an_echo() {
    use std::io::{Read, Write};
    let lab = Lab::open(&[]);
    lab.person("ada@example.org");
    let shell = Pyk8s::new(&lab.url);
    let pyk8s = shell.command(&[]);
    let line = format!(
        "{} auth login --email ada@example.org",
        pyk8s.get_program().display()
    );
    let mut terminal = std::process::Command::new("script")
        .args(["-qefc", &line, "/dev/null"])
        .envs(
            pyk8s
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("script (bsdutils) is installed");
    let (mut typed, mut shown) = (
        terminal.stdin.take().unwrap(),
        terminal.stdout.take().unwrap(),
    );
    let mut seen = String::new();
    let mut buffer = [0; 256];
    let mut read = |seen: &mut String| {
        let count = shown.read(&mut buffer).unwrap();
        seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        count > 0
    };
    while !seen.contains("Password: ") {
        assert!(read(&mut seen), "{seen}");
    }
    writeln!(typed, "{PASSWORD}").unwrap();
    while read(&mut seen) {}
    assert!(terminal.wait().unwrap().success(), "{seen}");
    assert!(
        seen.contains("logged in to") && !seen.contains("battery"),
        "{seen}"
    );
}

#[test]
fn a_password_never_goes_over_the_wire_unnoticed_or_to_a_log() {
    let lab = Lab::open(&[]);
    lab.person("ada@example.org");
    let proxy = Proxy::before(&lab.url, &[Way::Through]);
    let shell = Pyk8s::new(&proxy.url);
    let login = [
        "auth",
        "login",
        "-v",
        "--email",
        "ada@example.org",
        "--password-stdin",
    ];
    let said = shell.run_with(&login, PASSWORD);
    assert!(
        said.err.contains("POST") && !said.err.contains("battery"),
        "{said:?}"
    );
    assert!(!said.err.contains(&shell.token()));
    assert_eq!(json!(proxy.connections()), json!(1));
}
