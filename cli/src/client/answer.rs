//! An answer of the server, and what is wrong with it where it is no good one.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::{Body, http};

use super::failure::Failure;
use crate::error::{Error, Result};
use crate::output::printable;

/// A complete answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<Duration>,
    content_type: String,
    location: Option<String>,
    text: String,
}

/// RFC 9457, with the lab's `errors` by field.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    title: Option<String>,
    detail: Option<String>,
    errors: Vec<FieldError>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FieldError {
    field: String,
    message: String,
}

/// The media type, in lower case.
pub fn content_type(response: &http::Response<Body>) -> String {
    header(response, "content-type")
        .unwrap_or_default()
        .to_ascii_lowercase()
}

fn header(response: &http::Response<Body>, name: &str) -> Option<String> {
    Some(response.headers().get(name)?.to_str().ok()?.to_owned())
}

impl Answer {
    /// Reads the whole answer.
    pub fn read(mut response: http::Response<Body>) -> std::result::Result<Self, Failure> {
        let content_type = content_type(&response);
        let retry_after =
            header(&response, "retry-after").and_then(|text| text.trim().parse().ok());
        let location = header(&response, "location");
        let text = response
            .body_mut()
            .with_config()
            .lossy_utf8(true)
            .read_to_string()?;
        Ok(Self {
            status: response.status().as_u16(),
            retry_after: retry_after.map(Duration::from_secs),
            content_type,
            location,
            text,
        })
    }

    /// Whether the server, or a proxy before it, is in trouble that may pass.
    pub fn is_server_error(&self) -> bool {
        matches!(self.status, 500 | 502 | 503 | 504)
    }

    /// The status in words.
    pub fn reason(&self) -> &'static str {
        http::StatusCode::from_u16(self.status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("")
    }

    /// The answer itself if it is a good one, else the error that it stands for.
    pub fn or_error(self, url: &str, whose: &str) -> Result<Self> {
        match self.status {
            200..=299 => Ok(self),
            300..=399 => Err(self.redirected(url)),
            // A proxy's page has its own meaning of 401 or 404; only the API's is ours.
            status if !self.is_json() && status < 500 => Err(self.not_the_api(url)),
            401 => Err(self.unauthorised(url, whose)),
            404 => Err(Error::NotFound(self.told())),
            400 | 422 => Err(Error::Usage(self.told())),
            429 => Err(Error::Failed(match self.retry_after {
                Some(pause) => format!("{} (try again in {} s)", self.told(), pause.as_secs()),
                None => self.told(),
            })),
            500..=599 if self.is_json() => Err(Error::Failed(format!(
                "the lab at {url} is in trouble ({}): {}",
                self.status,
                self.told()
            ))),
            500..=599 => Err(Error::Failed(format!(
                "{} {} from {url}, and not by the lab itself: a proxy is there, but the lab behind it is away; try later",
                self.status,
                self.reason()
            ))),
            _ => Err(Error::Failed(self.told())),
        }
    }

    /// The JSON in the answer.
    pub fn json<T: DeserializeOwned>(&self, url: &str) -> Result<T> {
        if !self.is_json() {
            return Err(self.not_the_api(url));
        }
        serde_json::from_str(&self.text).map_err(|error| {
            Error::Failed(format!(
                "the lab at {url} answered what this version of pyk8s does not understand ({error}): \
                 compare `pyk8s version`"
            ))
        })
    }

    /// The plain text in the answer, which a web page is not.
    pub fn plain(self, url: &str) -> Result<String> {
        if self.content_type.starts_with("text/html") || self.text.trim_start().starts_with('<') {
            return Err(self.not_the_api(url));
        }
        Ok(self.text)
    }

    /// The error for an answer that is not the API's.
    pub fn not_the_api(&self, url: &str) -> Error {
        let what = match self
            .content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
        {
            "" => "something",
            "text/html" => "a web page",
            other => other,
        };
        Error::Failed(format!(
            "{url} answered with {what} ({} {}) that is not of the lab's API: \
             is the address right (--url), or does a proxy stand in between?",
            self.status,
            self.reason()
        ))
    }

    fn redirected(&self, url: &str) -> Error {
        let to = self
            .location
            .as_deref()
            .map(|to| printable(to).into_owned());
        Error::Failed(match to {
            Some(to) => format!(
                "{url} sends us to {to}, which the lab's API never does: \
                 is the address right (--url), or does a proxy want a login?"
            ),
            None => format!(
                "{url} answered {} {}: is the address right? (--url)",
                self.status,
                self.reason()
            ),
        })
    }

    fn unauthorised(&self, url: &str, whose: &str) -> Error {
        Error::NotLoggedIn(if whose.is_empty() {
            self.told()
        } else {
            format!("{whose} has expired or was ended: run `pyk8s auth login --url {url}`")
        })
    }

    fn is_json(&self) -> bool {
        let media_type = self
            .content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        media_type == "application/json" || media_type.ends_with("+json")
    }

    /// What the server says about it, on one line.
    fn told(&self) -> String {
        let problem: Problem = serde_json::from_str(&self.text).unwrap_or_default();
        let mut text = problem
            .detail
            .or(problem.title)
            .unwrap_or_else(|| format!("{} {}", self.status, self.reason()));
        let fields: Vec<_> = problem
            .errors
            .iter()
            // A detail that already is the only field's message need not be said twice.
            .filter(|error| !text.contains(&error.message))
            .map(|error| match error.field.as_str() {
                "" => error.message.clone(),
                field => format!("{field}: {}", error.message),
            })
            .collect();
        if !fields.is_empty() {
            text = format!("{} ({})", text.trim_end_matches('.'), fields.join("; "));
        }
        printable(&text).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, content_type: &str, text: &str) -> Answer {
        Answer {
            status,
            retry_after: None,
            content_type: content_type.to_owned(),
            location: None,
            text: text.to_owned(),
        }
    }

    fn problem(status: u16, text: &str) -> Error {
        answer(status, "application/problem+json", text)
            .or_error("http://lab", "the login")
            .unwrap_err()
    }

    #[test]
    fn the_fields_follow_the_detail() {
        let error = problem(
            422,
            r#"{"detail":"Invalid.","errors":[{"field":"name","message":"too short"}]}"#,
        );
        assert_eq!(error.to_string(), "Invalid (name: too short)");
        assert_eq!(error.code(), 2);
    }

    #[test]
    fn a_status_without_words_still_says_something() {
        assert_eq!(problem(409, "{}").to_string(), "409 Conflict");
        assert_eq!(problem(404, r#"{"title":"Not Found"}"#).code(), 4);
    }

    #[test]
    fn a_page_is_not_the_api_even_with_a_good_status() {
        let page = answer(200, "text/html; charset=utf-8", "<!doctype html>");
        assert!(
            page.json::<serde_json::Value>("http://lab")
                .unwrap_err()
                .to_string()
                .contains("a web page")
        );
        assert!(page.plain("http://lab").is_err());
        let lost = answer(404, "text/html", "<h1>nginx</h1>")
            .or_error("http://lab", "")
            .unwrap_err();
        assert_eq!(lost.code(), 1, "a proxy's 404 is no missing cluster");
    }

    #[test]
    fn what_the_server_says_cannot_steer_the_terminal() {
        assert_eq!(
            problem(409, r#"{"detail":"a\u001b[2Jb\nc"}"#).to_string(),
            "a[2Jb c"
        );
    }
}
