use crate::support::{Lab, Person};

#[test]
fn every_documented_call_is_there_and_asks_who_calls() {
    let lab = Lab::open(&[]);
    let nobody = Person::nobody(&lab.url);
    let document = nobody.get("/api/openapi.json").json();
    assert_eq!(document["openapi"], "3.1.0");
    let mut calls = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, call) in methods.as_object().unwrap() {
            calls.push(format!("{} {path}", method.to_uppercase()));
            let answer = nobody.send(&method.to_uppercase(), &path.replace("{id}", "x"), &[], b"");
            let status = answer.status.to_string();
            assert!(
                call["responses"].get(&status).is_some(),
                "{method} {path} answers {status}, undocumented"
            );
            if call.get("security").is_some() {
                answer.is_problem(401);
            }
        }
    }
    calls.sort();
    assert_eq!(
        calls,
        [
            "DELETE /api/v1/clusters/{id}",
            "GET /api/v1/addons",
            "GET /api/v1/clusters",
            "GET /api/v1/clusters/{id}",
            "GET /api/v1/clusters/{id}/events",
            "GET /api/v1/clusters/{id}/kubeconfig",
            "GET /api/v1/events",
            "GET /api/v1/providers",
            "GET /api/v1/users/me",
            "POST /api/v1/auth/token",
            "POST /api/v1/clusters",
            "POST /api/v1/clusters/{id}/extend",
            "POST /api/v1/clusters/{id}/retry",
            "POST /api/v1/users/register",
        ]
    );
}

#[test]
fn the_docs_are_served_from_the_binary() {
    let lab = Lab::open(&[]);
    assert_eq!(lab.get("/docs").status, 307);
    let page = lab.get("/docs/");
    assert!(
        page.status == 200 && page.text.contains("swagger-ui"),
        "{page:?}"
    );
    assert!(
        !page.text.contains("https://"),
        "nothing is loaded from elsewhere"
    );
}
