//! Somebody who uses the API.

use std::{
    io::{BufRead, BufReader},
    time::Duration,
};

use serde_json::{Value, json};

use super::{eventually, seconds};

/// A client of the API, with or without an access token.
#[derive(Clone)]
pub struct Person {
    url: String,
    token: Option<String>,
    agent: ureq::Agent,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// It is this problem (RFC 9457), and says so completely.
    #[track_caller]
    pub fn is_problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty()),
            "{problem}"
        );
        problem
    }

    /// It is 422, and names this field.
    #[track_caller]
    pub fn refuses(&self, field: &str) {
        let problem = self.is_problem(422);
        let fields: Vec<_> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| &error["field"])
            .collect();
        assert!(fields.contains(&&json!(field)), "{field} in {problem}");
    }
}

impl Person {
    /// Nobody in particular.
    pub fn nobody(url: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Self {
            url: url.to_owned(),
            token: None,
            agent: config.into(),
        }
    }

    /// Registers and gets an access token.
    pub fn register(url: &str, email: &str) -> Self {
        let nobody = Self::nobody(url);
        let who = json!({ "email": email, "password": "correct horse battery" });
        assert_eq!(nobody.post("/api/v1/users/register", &who).status, 201);
        nobody.log_in(&who)
    }

    /// The same, with an access token for these credentials.
    pub fn log_in(&self, who: &Value) -> Self {
        let token = self.post("/api/v1/auth/token", who).json();
        self.with_token(token["access_token"].as_str().unwrap())
    }

    /// The same, with this token.
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], b"")
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(
            "POST",
            path,
            &[("content-type", "application/json")],
            body.to_string().as_bytes(),
        )
    }

    /// Sends anything: whatever it is, the lab does not fail.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let answer = self.try_to_send(method, path, headers, body);
        assert!(
            answer.status < 500 || path.starts_with("/health"),
            "{method} {path}: {answer:?}"
        );
        answer
    }

    /// Sends anything to a lab that may be in trouble.
    pub fn try_to_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = if body.is_empty() {
            self.agent.run(request.body(()).unwrap())
        } else {
            self.agent.run(request.body(body.to_vec()).unwrap())
        }
        .unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.body_mut().read_to_string().unwrap(),
        }
    }

    /// Asks for a cluster; its id.
    #[track_caller]
    pub fn asks_for(&self, wish: &Value) -> String {
        let answer = self.post("/api/v1/clusters", wish);
        assert_eq!(answer.status, 202, "{answer:?}");
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// The cluster's status; `GONE` when it is gone.
    pub fn status_of(&self, id: &str) -> String {
        let answer = self.get(&format!("/api/v1/clusters/{id}"));
        if answer.status == 404 {
            "GONE".to_owned()
        } else {
            answer.json()["status"].as_str().unwrap().to_owned()
        }
    }

    /// Waits for a status.
    #[track_caller]
    pub fn waits_for(&self, id: &str, status: &str, within: Duration) {
        eventually(&format!("{id} is {status}"), within, || {
            (self.status_of(id) == status).then_some(())
        });
    }

    /// Listens to a cluster's events from the first on.
    pub fn listen(&self, id: &str) -> impl Iterator<Item = Value> + use<> {
        let response = self
            .agent
            .get(format!("{}/api/v1/clusters/{id}/events", self.url))
            .header("authorization", format!("Bearer {}", self.token()))
            .header("accept", "text/event-stream")
            .call()
            .unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        BufReader::new(response.into_body().into_reader())
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| Some(serde_json::from_str(line.strip_prefix("data: ")?).unwrap()))
    }

    /// Asks for a cluster and waits until it is RUNNING; its id.
    #[track_caller]
    pub fn has_running(&self, name: &str) -> String {
        let id = self.asks_for(&json!({ "name": name }));
        self.waits_for(&id, "RUNNING", seconds(90));
        id
    }
}
