use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::json;

use crate::support::{Lab, Person};

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn what_can_not_be_read_is_refused_in_its_own_way() {
    let lab = Lab::open(&[]);
    let ada = lab.person("ada@example.org");
    let nobody = Person::nobody(&lab.url);
    for (person, path) in [
        (&nobody, "/api/v1/users/register"),
        (&nobody, "/api/v1/auth/token"),
        (&ada, "/api/v1/clusters"),
    ] {
        let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(70_000));
        person
            .send("POST", path, &[JSON], large.as_bytes())
            .is_problem(413);
        person
            .send("POST", path, &[("content-type", "text/plain")], b"{}")
            .is_problem(415);
        person.send("POST", path, &[], b"{}").is_problem(415);
        person.send("POST", path, &[JSON], b"{").is_problem(400);
        person
            .send("POST", path, &[JSON], b"{\"\xff\xfe\":1}")
            .is_problem(400);
        person
            .send("POST", path, &[JSON], b"{} {}")
            .status
            .checked_sub(400)
            .expect("a 4xx");
        person.send("POST", path, &[JSON], b"[]").is_problem(422);
        person.send("POST", path, &[JSON], b"null").is_problem(422);
        person
            .send("POST", path, &[JSON], &b"[".repeat(10_000))
            .status
            .checked_sub(400)
            .expect("a 4xx");
    }
}

#[test]
fn tokens_that_nobody_issued_are_refused() {
    let lab = Lab::open(&[]);
    let ada = lab.person("ada@example.org");
    let parts: Vec<&str> = ada.token().split('.').collect();
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let none = encode(r#"{"alg":"none","typ":"JWT"}"#);
    let payload = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let longer = encode(&payload.replace("\"exp\":", "\"exp\":9"));
    for bad in [
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{}.{longer}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        "x".into(),
        String::new(),
        "a".repeat(5000),
    ] {
        ada.with_token(&bad).get("/api/v1/clusters").is_problem(401);
    }
    let refused = Person::nobody(&lab.url).get("/api/v1/clusters");
    refused.is_problem(401);
    assert_eq!(refused.header("www-authenticate"), "Bearer");
}

#[test]
fn what_is_not_there_is_404_and_the_wrong_method_is_no_5xx() {
    let lab = Lab::open(&[]);
    let ada = lab.person("ada@example.org");
    ada.get("/api/v1/nothing").is_problem(404);
    assert!((400..500).contains(&ada.send("PUT", "/api/v1/clusters", &[JSON], b"{}").status));
    assert!((400..500).contains(&ada.delete("/api/v1/users/me").status));
    ada.send("GET", "/api/v1/events", &[("last-event-id", "x")], b"")
        .is_problem(400);
    let key = [JSON, ("Idempotency-Key", " ")];
    ada.send(
        "POST",
        "/api/v1/clusters",
        &key,
        json!({ "name": "demo" }).to_string().as_bytes(),
    )
    .is_problem(422);
}
