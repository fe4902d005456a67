//! What browsers are sent, without a browser: that is `playwright/`.

use crate::support::{Answer, Lab, Person};

const PAGE: (&str, &str) = ("accept", "text/html");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn csrf_of(page: &Answer) -> String {
    let (_, rest) = page
        .text
        .split_once(r#"name="csrf_token" value=""#)
        .expect("the page has a form");
    rest.split('"').next().unwrap().to_owned()
}

fn cookie_of(answer: &Answer) -> String {
    answer
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}

#[test]
fn a_form_needs_its_sessions_token() {
    let lab = Lab::open(&[]);
    let browser = Person::nobody(&lab.url);
    let page = browser.send("GET", "/register", &[PAGE], b"");
    let (cookie, csrf) = (cookie_of(&page), csrf_of(&page));
    let send = |cookie: &str, csrf: &str| {
        let body = format!(
            "csrf_token={csrf}&email=ada%40example.org&password=correct+horse&next=/dashboard"
        );
        browser.send(
            "POST",
            "/register",
            &[PAGE, FORM, ("cookie", cookie)],
            body.as_bytes(),
        )
    };
    assert_eq!(send(&cookie, "").status, 403);
    assert_eq!(send(&cookie, "another").status, 403);
    assert_eq!(send("pyk8s=forged", &csrf).status, 403);
    let registered = send(&cookie, &csrf);
    assert_eq!(
        (registered.status, registered.header("location")),
        (303, "/dashboard")
    );
    let set = registered.header("set-cookie");
    assert!(
        set.contains("HttpOnly") && set.contains("SameSite=Lax") && !set.contains("Secure"),
        "{set}"
    );
    let dashboard = browser.send(
        "GET",
        "/dashboard",
        &[PAGE, ("cookie", &cookie_of(&registered))],
        b"",
    );
    assert!(
        dashboard.text.contains("ada@example.org")
            && dashboard.text.contains("You have no cluster yet.")
    );
}

#[test]
fn behind_tls_cookies_are_secure() {
    let lab = Lab::open(&[("PUBLIC_URL", "https://lab.example.org")]);
    let page = lab.get("/login");
    assert!(page.header("set-cookie").starts_with("__Host-"), "{page:?}");
    assert!(page.header("set-cookie").contains("Secure"));
    assert!(
        page.header("strict-transport-security")
            .starts_with("max-age=")
    );
}

#[test]
fn every_page_forbids_what_it_does_not_need() {
    let lab = Lab::open(&[]);
    for path in ["/", "/login", "/register", "/nothing", "/api/v1/users/me"] {
        let answer = lab.get(path);
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{path}: {policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
    }
}

#[test]
fn a_problem_is_a_page_to_a_person_and_json_to_a_program() {
    let lab = Lab::open(&[]);
    let nobody = Person::nobody(&lab.url);
    let page = nobody.send("GET", "/nothing", &[PAGE], b"");
    assert_eq!(
        (page.status, page.header("content-type")),
        (404, "text/html; charset=utf-8")
    );
    assert!(page.text.contains(page.header("x-request-id")));
    nobody.send("GET", "/nothing", &[], b"").is_problem(404);
    nobody
        .send("GET", "/api/v1/nothing", &[PAGE], b"")
        .is_problem(404);
    let away = nobody.send("GET", "/dashboard", &[PAGE], b"");
    assert_eq!(
        (away.status, away.header("location")),
        (303, "/login?next=%2Fdashboard")
    );
    let htmx = nobody.send("GET", "/dashboard", &[("hx-request", "true")], b"");
    assert!(htmx.header("hx-redirect").starts_with("/login?next="));
}

#[test]
fn static_files_keep_for_ever_under_their_contents_address() {
    let lab = Lab::open(&[]);
    let page = lab.get("/").text;
    let addresses: Vec<_> = page
        .split('"')
        .filter(|part| part.starts_with("/static/"))
        .collect();
    assert_eq!(addresses.len(), 6, "{addresses:?}");
    for address in addresses {
        let file = lab.get(address);
        assert_eq!(file.status, 200, "{address}");
        assert!(file.header("cache-control").contains("immutable"));
    }
    assert_eq!(lab.get("/static/000000000000/app.css").status, 404);
    assert_eq!(lab.get("/static/000000000000/../../Cargo.toml").status, 404);
}
