use std::{io::Read, net::TcpListener, sync::Arc, time::Instant};

use serde_json::json;

use crate::support::{Lab, Proxy, Pyk8s, Way, answer, seconds, stand_in};

/// A lab whose clusters stay in PROVISIONING.
fn slow_lab() -> (Lab, tempfile::TempDir) {
    let binaries = tempfile::tempdir().unwrap();
    let folder = stand_in(binaries.path(), "exec sleep 600");
    (Lab::open(&[("KUBE_BIN_DIR", &folder)]), binaries)
}

#[test]
fn a_server_that_is_away_is_waited_for_a_moment_and_then_named() {
    let mut lab = Lab::open(&[]);
    let shell = Pyk8s::registered(&lab, "ada@example.org");
    lab.crash();
    let start = Instant::now();
    shell
        .run(&["cluster", "list"])
        .fails(1, &[&lab.url, "connection refused", "is it running"]);
    assert!(start.elapsed() < seconds(20));
    let url = "http://no-such-host.invalid";
    shell
        .run(&["cluster", "list", "--url", url, "--token", "x"])
        .fails(1, &["no host of the name"]);
}

#[test]
fn a_server_that_comes_back_is_not_noticed() {
    let mut lab = Lab::open(&[]);
    let shell = Pyk8s::registered(&lab, "ada@example.org");
    lab.crash();
    std::thread::scope(|scope| {
        let listing = scope.spawn(|| shell.run(&["cluster", "list", "-o", "json"]));
        std::thread::sleep(seconds(1));
        lab.start_again(&[]);
        assert_eq!(listing.join().unwrap().ok(), "[]\n");
    });
}

#[test]
fn five_hundreds_and_resets_are_retried_where_that_is_safe() {
    let lab = Lab::open(&[]);
    let shell = Pyk8s::registered(&lab, "ada@example.org");
    let away = answer(
        "503 Service Unavailable",
        "text/html",
        "<h1>Bad gateway</h1>",
    );
    let proxy = Proxy::before(&lab.url, &[Way::Cut, away.clone(), Way::Cut, Way::Through]);
    let token = shell.token();
    let said = shell.run(&[
        "cluster", "list", "-v", "--url", &proxy.url, "--token", &token, "-o", "json",
    ]);
    assert_eq!(said.err.matches("trying again").count(), 3, "{said:?}");
    assert_eq!(said.ok(), "[]\n");

    // A request that may have been done is not sent twice.
    let proxy = Proxy::before(&lab.url, &[Way::Swallow, Way::Through]);
    let register = [
        "auth",
        "register",
        "--url",
        &proxy.url,
        "--email",
        "grace@example.org",
        "--password-stdin",
    ];
    shell
        .run_with(&register, "correct horse battery")
        .fails(1, &["may have been done"]);
    assert_eq!(proxy.connections(), 1);

    // One that stays away is named for what it is.
    let proxy = Proxy::before(&lab.url, &[away]);
    shell
        .run(&["cluster", "list", "--url", &proxy.url, "--token", &token])
        .fails(1, &["503", "proxy"]);
    assert_eq!(proxy.connections(), 5);
}

#[test]
fn a_creation_whose_answer_is_lost_makes_one_cluster() {
    let (lab, _binaries) = slow_lab();
    let shell = Pyk8s::registered(&lab, "ada@example.org");
    let token = shell.token();
    let proxy = Proxy::before(&lab.url, &[Way::Swallow, Way::Swallow, Way::Through]);
    let shell = shell.at(&proxy.url);
    let made = shell
        .run(&[
            "cluster", "create", "--name", "demo", "--token", &token, "-o", "json",
        ])
        .ok();
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    let ada = crate::support::Person::nobody(&lab.url).with_token(&token);
    let listed = ada.get("/api/v1/clusters").json();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed[0]["id"], made["id"]);
}

#[test]
fn what_is_not_the_lab_is_told_from_it() {
    let lab = Lab::open(&[]);
    let shell = Pyk8s::new(&lab.url);
    let list = |way: Way| {
        let proxy = Proxy::before(&lab.url, &[way]);
        shell.run(&["cluster", "list", "--url", &proxy.url, "--token", "x"])
    };
    list(answer(
        "200 OK",
        "text/html; charset=utf-8",
        "<!doctype html><title>Sign in</title>",
    ))
    .fails(1, &["a web page", "proxy"]);
    list(answer("404 Not Found", "text/html", "<h1>nginx</h1>")).fails(1, &["a web page"]);
    list(answer("200 OK", "application/json", "{\"clusters\":[]}")).fails(1, &["pyk8s version"]);
    list(Way::Answer(
        "HTTP/1.1 302 Found\r\nlocation: https://sso.example.org/\r\ncontent-length: 0\r\n\r\n"
            .to_owned(),
    ))
    .fails(1, &["sso.example.org"]);
    list(Way::Answer("SSH-2.0-OpenSSH_9.9\r\n".to_owned())).fails(1, &["does not speak HTTP"]);
    let proxy = Proxy::before(&lab.url, &[Way::Silence]);
    shell
        .run(&[
            "cluster",
            "list",
            "--url",
            &proxy.url,
            "--token",
            "x",
            "--request-timeout",
            "1s",
        ])
        .fails(5, &["within 1 s"]);
}

#[test]
fn tls_that_is_wrong_says_what_to_do() {
    let lab = Lab::open(&[]);
    let shell = Pyk8s::new(&lab.url);
    let https = lab.url.replace("http://", "https://");
    shell
        .run(&["cluster", "list", "--url", &https, "--token", "x"])
        .fails(1, &["does not speak TLS", "http://"]);

    // A certificate of an authority that nobody knows; told of it, pyk8s trusts it.
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    let config = Arc::new(config);
    std::thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            let mut stream = rustls::StreamOwned::new(
                rustls::ServerConnection::new(Arc::clone(&config)).unwrap(),
                connection,
            );
            // A client that does not trust us hangs up.
            if stream.read(&mut [0; 4096]).is_ok() {
                let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]");
            }
        }
    });
    let args = [
        "cluster", "list", "--url", &url, "--token", "x", "-o", "json",
    ];
    shell
        .run(&args)
        .fails(1, &["certificate", "not trusted", "SSL_CERT_FILE"]);
    let trusted = shell.home().join("authority.pem");
    std::fs::write(&trusted, cert.pem()).unwrap();
    let said = shell
        .command(&args)
        .env("SSL_CERT_FILE", &trusted)
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8(said.stdout).unwrap(),
        "[]\n",
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
}

#[test]
fn names_and_values_that_are_wrong_have_codes_of_their_own() {
    let (lab, _binaries) = slow_lab();
    let shell = Pyk8s::registered(&lab, "ada@example.org");
    shell.run(&["cluster", "create", "--name", "demo"]).ok();
    shell
        .run(&["cluster", "create", "--name", "demo"])
        .fails(1, &["of this name"]);
    shell
        .run(&["cluster", "create", "--name", "Demo_1"])
        .fails(2, &["3 to 50"]);
    shell
        .run(&["cluster", "create", "--name", "long", "--ttl-hours", "9999"])
        .fails(2, &["ttl_hours", "72"]);
    shell
        .run(&["cluster", "create", "--name", "other", "--provider", "gke"])
        .fails(2, &["provider"]);
    shell
        .run(&["cluster", "get", "dmeo"])
        .fails(4, &["did you mean \"demo\""]);
    // One name that is wrong, and none is touched.
    shell
        .run(&["cluster", "delete", "demo", "staging", "--yes"])
        .fails(4, &["staging"]);
    assert_eq!(
        shell.json(&["cluster", "get", "demo"])["status"],
        "PROVISIONING"
    );
    shell
        .run(&["cluster", "get-kubeconfig", "demo"])
        .fails(1, &["pyk8s cluster wait demo"]);
    shell
        .run(&["cluster", "retry", "demo"])
        .fails(1, &["only a cluster in ERROR"]);
    shell.run(&["cluster", "unuse", "demo"]).fails(4, &["demo"]);
    shell
        .run(&["cluster", "wait", "demo", "--timeout", "1s"])
        .fails(5, &["not running after 1 s", "pyk8s cluster wait demo"]);
    shell
        .run(&["cluster", "frobnicate"])
        .fails(2, &["frobnicate"]);
    assert_eq!(
        shell.json(&["cluster", "list"]).as_array().unwrap().len(),
        1
    );
    assert_eq!(
        shell.json(&["cluster", "get", "demo"])["name"],
        json!("demo")
    );
}

#[test]
fn a_cluster_that_fails_ends_the_wait_with_the_tools_own_words() {
    let binaries = tempfile::tempdir().unwrap();
    let folder = stand_in(
        binaries.path(),
        "echo 'etcd: no space left on device' >&2; exit 3",
    );
    let lab = Lab::open(&[("KUBE_BIN_DIR", &folder)]);
    let shell = Pyk8s::registered(&lab, "ada@example.org");
    let create = ["cluster", "create", "--name", "unlucky", "--wait"];
    shell.run(&create).fails(
        1,
        &["no space left on device", "pyk8s cluster logs unlucky"],
    );
}

#[test]
fn a_wait_goes_on_over_a_restart_of_the_server() {
    let (mut lab, binaries) = slow_lab();
    let shell = Pyk8s::registered(&lab, "ada@example.org");
    shell.run(&["cluster", "create", "--name", "demo"]).ok();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| shell.run(&["cluster", "wait", "demo"]));
        std::thread::sleep(seconds(1));
        lab.crash();
        std::thread::sleep(seconds(1));
        stand_in(binaries.path(), "echo 'no luck' >&2; exit 3");
        lab.start_again(&[]);
        waiting.join().unwrap().fails(1, &["no luck"]);
    });
}
