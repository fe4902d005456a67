//! The lab's API over HTTP: blocking, patient with a server that is away for a moment, and clear about
//! anything that is not the API.

mod answer;
mod calls;
mod failure;
pub mod model;
mod sse;
mod stream;

use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, AsSendBody, Body, http};

use crate::arguments::Global;
use crate::error::Result;
use crate::output::Output;
use answer::Answer;
use failure::Failure;
pub use stream::{Signal, Stream};

/// The pauses before each further try: a server that restarts is back within them.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_millis(1000),
    Duration::from_millis(2000),
];

/// The longest `Retry-After` that is waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

const USER_AGENT: &str = concat!("pyk8s/", env!("CARGO_PKG_VERSION"));

/// As whom the requests are made, and how that login is spoken of when it is refused.
#[derive(Debug, Clone)]
pub struct Login {
    token: Option<String>,
    whose: String,
}

impl Login {
    /// Nobody.
    pub fn none() -> Self {
        Self {
            token: None,
            whose: String::new(),
        }
    }

    /// The token of the options.
    pub fn given(token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            whose: "the token of --token or PYK8S_TOKEN".to_owned(),
        }
    }

    /// The token of a saved context.
    pub fn saved(token: &str, context: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            whose: format!("the login of the context \"{context}\""),
        }
    }
}

/// Whether a request may be sent again when nobody knows what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeat {
    /// It changes nothing, or the same thing once: by its nature or by an idempotency key.
    Safe,
    /// Only when it surely has not reached the server.
    IfUnsent,
}

/// One request to the API.
#[derive(Debug)]
struct Request {
    method: http::Method,
    path: String,
    body: Option<serde_json::Value>,
    idempotency_key: Option<String>,
    repeat: Repeat,
}

impl Request {
    fn get(path: impl Into<String>) -> Self {
        Self::new(http::Method::GET, path, Repeat::Safe)
    }

    fn delete(path: impl Into<String>) -> Self {
        Self::new(http::Method::DELETE, path, Repeat::Safe)
    }

    fn post(path: impl Into<String>, body: Option<serde_json::Value>) -> Self {
        Self {
            body,
            ..Self::new(http::Method::POST, path, Repeat::IfUnsent)
        }
    }

    fn with_key(self, key: String) -> Self {
        Self {
            idempotency_key: Some(key),
            repeat: Repeat::Safe,
            ..self
        }
    }

    fn new(method: http::Method, path: impl Into<String>, repeat: Repeat) -> Self {
        Self {
            method,
            path: path.into(),
            body: None,
            idempotency_key: None,
            repeat,
        }
    }
}

/// A lab's API.
#[derive(Debug, Clone)]
pub struct Client {
    agent: Agent,
    url: String,
    login: Login,
    timeout: Duration,
    output: Output,
}

impl Client {
    /// A client for the lab at `url`; nothing is sent yet.
    pub fn new(url: impl Into<String>, login: Login, global: &Global, output: &Output) -> Self {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            // The API redirects nowhere: whoever does is a proxy's login page or another scheme.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .user_agent(USER_AGENT)
            .build();
        Self {
            agent: config.new_agent(),
            url: url.into(),
            login,
            timeout: global.request_timeout,
            output: output.clone(),
        }
    }

    /// The lab's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends a request, again where that is safe and may help, and gives the answer if it is a good one.
    fn send(&self, request: &Request) -> Result<Answer> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let outcome = self.send_once(request);
            let (why, asked) = match &outcome {
                Ok(answer) if answer.is_server_error() && request.repeat == Repeat::Safe => (
                    format!("{} {}", answer.status, answer.reason()),
                    answer.retry_after,
                ),
                Err(failure) if failure.may_pass(request.repeat == Repeat::Safe) => {
                    (failure.to_string(), None)
                }
                _ => return self.judge(request, outcome),
            };
            let Some(pause) = pauses.next() else {
                return self.judge(request, outcome);
            };
            let pause = asked.unwrap_or(pause).min(LONGEST_PAUSE);
            self.output.detail(&format!(
                "{why}; trying again in {:.1} s",
                pause.as_secs_f32()
            ));
            sleep(pause);
        }
    }

    fn judge(
        &self,
        request: &Request,
        outcome: std::result::Result<Answer, Failure>,
    ) -> Result<Answer> {
        match outcome {
            Ok(answer) => answer.or_error(&self.url, &self.login.whose),
            Err(failure) => {
                Err(failure.explain(&self.url, self.timeout, request.repeat == Repeat::Safe))
            }
        }
    }

    fn send_once(&self, request: &Request) -> std::result::Result<Answer, Failure> {
        let start = Instant::now();
        let body = request.body.as_ref().map(serde_json::Value::to_string);
        let mut built = self
            .builder(&request.method, &request.path)
            .header("accept", "application/json, */*;q=0.5");
        if let Some(key) = &request.idempotency_key {
            built = built.header("idempotency-key", key);
        }
        if body.is_some() {
            built = built.header("content-type", "application/json");
        }
        let answer = match body {
            Some(body) => self.run(built.body(body)),
            None => self.run(built.body(())),
        }?;
        self.output.detail(&format!(
            "{} {}{} \u{2192} {} in {} ms",
            request.method,
            self.url,
            request.path,
            answer.status,
            start.elapsed().as_millis()
        ));
        Ok(answer)
    }

    fn run(
        &self,
        request: http::Result<http::Request<impl AsSendBody>>,
    ) -> std::result::Result<Answer, Failure> {
        let request = request.map_err(ureq::Error::from)?;
        let request = self
            .agent
            .configure_request(request)
            .timeout_global(Some(self.timeout))
            .build();
        Answer::read(self.agent.run(request)?)
    }

    /// Opens an event stream; its body is read for as long as something comes.
    fn open_stream(&self, path: &str, after: Option<i64>) -> Result<http::Response<Body>> {
        let mut built = self
            .builder(&http::Method::GET, path)
            .header("accept", "text/event-stream");
        if let Some(seq) = after {
            built = built.header("last-event-id", seq.to_string());
        }
        let explain = |error| Failure::from(error).explain(&self.url, self.timeout, true);
        let built = built.body(()).map_err(|error| explain(error.into()))?;
        let built = self
            .agent
            .configure_request(built)
            .timeout_recv_response(Some(self.timeout))
            .timeout_per_read(Some(stream::SILENCE))
            .build();
        let response = self.agent.run(built).map_err(explain)?;
        self.output.detail(&format!(
            "GET {}{path} (events) \u{2192} {}",
            self.url,
            response.status().as_u16()
        ));
        if response.status().is_success()
            && answer::content_type(&response).starts_with("text/event-stream")
        {
            return Ok(response);
        }
        let answer = Answer::read(response)
            .map_err(|failure| failure.explain(&self.url, self.timeout, true))?;
        let answer = answer.or_error(&self.url, &self.login.whose)?;
        Err(answer.not_the_api(&self.url))
    }

    fn builder(&self, method: &http::Method, path: &str) -> http::request::Builder {
        let builder = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        match &self.login.token {
            Some(token) => builder.header("authorization", format!("Bearer {token}")),
            None => builder,
        }
    }
}
