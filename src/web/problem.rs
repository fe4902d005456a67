//! Errors as HTTP: the one place where they get a status. To API callers as problem details (RFC 9457).

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    error::{JsonPayloadError, PayloadError},
    http::{StatusCode, header},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{domain::Invalid, service::ServiceError};

/// The media type of RFC 9457.
pub const PROBLEM_JSON: &str = "application/problem+json";
/// How long to wait while the database is away, in seconds.
const COME_BACK: u64 = 5;

/// A field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// The field.
    pub field: String,
    /// What is wrong with it, and what would be right.
    pub message: String,
}

/// Problem details (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDetails {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened, and how to go on.
    pub detail: String,
    /// What is wrong, by field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}

/// An error with its HTTP status.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// What happened, and how to go on.
    pub detail: String,
    /// What is wrong, by field.
    pub errors: Vec<FieldProblem>,
    retry_after: Option<u64>,
}

impl Problem {
    /// A problem with these words.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// A body that can't be read.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// A field that is wrong.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        let errors = vec![FieldProblem {
            field: field.into(),
            message: message.into(),
        }];
        Self {
            errors,
            ..Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "some values are not acceptable",
            )
        }
    }

    /// Too many attempts to log in or to register.
    pub fn too_many_attempts(wait_seconds: u64) -> Self {
        let detail = format!("too many attempts: try again in {wait_seconds} s");
        Self {
            retry_after: Some(wait_seconds),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail)
        }
    }

    /// The details, as they are sent.
    pub fn details(&self) -> ProblemDetails {
        ProblemDetails {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            errors: self.errors.clone(),
        }
    }

    /// A response of this status, with the headers that belong to it, without a body.
    pub fn response(&self) -> actix_web::HttpResponseBuilder {
        let mut response = HttpResponse::build(self.status);
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        response
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let body = serde_json::to_vec(&self.details()).unwrap_or_default();
        self.response().content_type(PROBLEM_JSON).body(body)
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let status = match &error {
            ServiceError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            ServiceError::BadCredentials | ServiceError::Unauthenticated(_) => {
                StatusCode::UNAUTHORIZED
            }
            ServiceError::RegistrationClosed
            | ServiceError::Disabled
            | ServiceError::NotAllowed => StatusCode::FORBIDDEN,
            ServiceError::NoSuchCluster => StatusCode::NOT_FOUND,
            ServiceError::EmailTaken | ServiceError::NameTaken | ServiceError::WrongState(_) => {
                StatusCode::CONFLICT
            }
            ServiceError::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            ServiceError::OverQuota(_) => StatusCode::TOO_MANY_REQUESTS,
            ServiceError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            ServiceError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut problem = Self::new(status, error.to_string());
        match error {
            ServiceError::Invalid(fields) => {
                problem.errors = fields.into_iter().map(FieldProblem::from).collect()
            }
            ServiceError::EmailTaken => problem.errors = taken("email", &problem.detail),
            ServiceError::NameTaken => problem.errors = taken("name", &problem.detail),
            ServiceError::Unavailable(cause) => {
                tracing::warn!(%cause, "the database is not available");
                problem.retry_after = Some(COME_BACK);
            }
            ServiceError::Internal(cause) => tracing::error!(%cause, "a request failed"),
            _ => {}
        }
        problem
    }
}

fn taken(field: &str, message: &str) -> Vec<FieldProblem> {
    vec![FieldProblem {
        field: field.to_owned(),
        message: message.to_owned(),
    }]
}

impl From<Invalid> for FieldProblem {
    fn from(invalid: Invalid) -> Self {
        Self {
            field: invalid.field.to_owned(),
            message: invalid.message,
        }
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        ServiceError::from(invalid).into()
    }
}

impl From<PayloadError> for Problem {
    fn from(error: PayloadError) -> Self {
        match error {
            PayloadError::Overflow => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large")
            }
            other => Self::malformed(format!("the body can't be read: {other}")),
        }
    }
}

impl From<JsonPayloadError> for Problem {
    fn from(error: JsonPayloadError) -> Self {
        Self::new(error.status_code(), error.to_string())
    }
}
