use serde_json::json;

use crate::support::{Lab, Person};

#[test]
fn a_person_registers_logs_in_and_is_known() {
    let lab = Lab::open(&[]);
    let nobody = Person::nobody(&lab.url);
    let who = json!({ "email": "Ada@Example.org", "password": "correct horse" });
    let made = nobody.post("/api/v1/users/register", &who);
    assert_eq!(made.status, 201);
    assert_eq!(made.json()["email"], "ada@example.org");
    assert_eq!(
        nobody.log_in(&who).get("/api/v1/users/me").json()["id"],
        made.json()["id"]
    );
}

#[test]
fn a_taken_address_is_refused_in_whatever_case() {
    let lab = Lab::open(&[]);
    lab.person("ada@example.org");
    let again = json!({ "email": "ADA@example.org", "password": "another one" });
    Person::nobody(&lab.url)
        .post("/api/v1/users/register", &again)
        .is_problem(409);
}

#[test]
fn each_wrong_value_of_a_registration_is_named() {
    let lab = Lab::open(&[]);
    let nobody = Person::nobody(&lab.url);
    let answer = nobody.post(
        "/api/v1/users/register",
        &json!({ "email": "ada", "password": "short" }),
    );
    answer.refuses("email");
    answer.refuses("password");
    let unknown = json!({ "email": "ada@example.org", "password": "long enough", "admin": true });
    nobody
        .post("/api/v1/users/register", &unknown)
        .is_problem(422);
}

#[test]
fn the_password_grant_of_oauth_gives_a_token_too() {
    let lab = Lab::open(&[]);
    lab.person("ada@example.org");
    let form = b"grant_type=password&username=ada%40example.org&password=correct+horse+battery";
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let token = Person::nobody(&lab.url).send("POST", "/api/v1/auth/token", &[kind], form);
    assert_eq!(token.status, 200);
    assert_eq!(token.json()["token_type"], "bearer");
    assert_eq!(token.json()["expires_in"], 3600);
}

#[test]
fn an_unknown_account_and_a_wrong_password_are_told_in_the_same_words() {
    let lab = Lab::open(&[]);
    lab.person("ada@example.org");
    let nobody = Person::nobody(&lab.url);
    let ask = |email: &str| {
        let who = json!({ "email": email, "password": "wrong password" });
        nobody.post("/api/v1/auth/token", &who).is_problem(401)
    };
    assert_eq!(ask("ada@example.org"), ask("eve@example.org"));
}

#[test]
fn too_many_attempts_are_put_off() {
    let lab = Lab::open(&[("RATE_LIMIT_AUTH", "3")]);
    let nobody = Person::nobody(&lab.url);
    let who = json!({ "email": "ada@example.org", "password": "wrong password" });
    for _ in 0..3 {
        nobody.post("/api/v1/auth/token", &who).is_problem(401);
    }
    let refused = nobody.post("/api/v1/auth/token", &who);
    refused.is_problem(429);
    assert!((1..=60).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
}

#[test]
fn closed_registration_is_said_and_the_operator_makes_accounts() {
    let lab = Lab::open(&[("REGISTRATION", "closed")]);
    let nobody = Person::nobody(&lab.url);
    let who = json!({ "email": "ada@example.org", "password": "correct horse" });
    nobody.post("/api/v1/users/register", &who).is_problem(403);
    let made = lab.command(&["user", "create", "ada@example.org"], "correct horse\n");
    assert!(made.status.success(), "{made:?}");
    let ada = nobody.log_in(&who);

    let set = lab.command(
        &["user", "set-password", "ada@example.org"],
        "battery staple\n",
    );
    assert!(set.status.success(), "{set:?}");
    ada.get("/api/v1/users/me").is_problem(401);
    nobody.log_in(&json!({ "email": "ada@example.org", "password": "battery staple" }));
}

#[test]
fn passwords_are_in_no_log() {
    let lab = Lab::open(&[("RUST_LOG", "trace")]);
    lab.person("ada@example.org");
    assert!(!lab.log().contains("correct horse"));
}
