//! `/auth`

use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse, dev::Payload, http::StatusCode, post, web,
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Problem, users::UserBody};
use crate::web::{
    ProblemDetails, State,
    extract::{body, is_json, read_json},
};

/// Who wants an access token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Credentials {
    email: String,
    #[schema(value_type = String)]
    password: SecretString,
}

/// The same, as OAuth 2.0's password grant (RFC 6749, 4.3.2) has it.
#[derive(Deserialize, ToSchema)]
struct PasswordGrant {
    username: String,
    #[schema(value_type = String)]
    password: SecretString,
    grant_type: Option<String>,
}

/// An access token.
#[derive(Serialize, ToSchema)]
struct Token {
    access_token: String,
    /// Always `bearer`.
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    user: UserBody,
}

impl FromRequest for Credentials {
    type Error = Problem;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let kind = request.content_type().to_owned();
        let body = body(request, payload);
        Box::pin(async move {
            if is_json(&kind) {
                return read_json(&body.await?);
            }
            if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
                return Err(Problem::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "the body must be JSON or a form (application/x-www-form-urlencoded)",
                ));
            }
            let bytes = body.await?;
            let text = std::str::from_utf8(&bytes)
                .map_err(|_| Problem::malformed("the body is not valid UTF-8"))?;
            let grant = web::Query::<PasswordGrant>::from_query(text)
                .map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?
                .into_inner();
            if grant
                .grant_type
                .as_deref()
                .is_some_and(|grant| grant != "password")
            {
                return Err(Problem::field("grant_type", "must be password"));
            }
            Ok(Self {
                email: grant.username,
                password: grant.password,
            })
        })
    }
}

/// Gives an access token for an e-mail address and a password.
#[utoipa::path(
    tag = "auth",
    request_body(content((Credentials = "application/json"), (PasswordGrant = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "An access token for one hour", body = Token),
        (status = 400, description = "The body can't be read", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, description = "The address or the password is wrong", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 403, description = "The account is closed", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 415, description = "The body is neither JSON nor a form", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "A field is missing or unknown", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
#[post("/auth/token")]
pub(super) async fn token(
    request: HttpRequest,
    state: web::Data<State>,
    credentials: Credentials,
) -> Result<HttpResponse, Problem> {
    state.throttle.attempt(&request).await?;
    let user = state
        .accounts
        .authenticate(&credentials.email, credentials.password)
        .await?;
    let (access_token, expires_in) = state.accounts.issue_token(&user)?;
    let token = Token {
        access_token,
        token_type: "bearer",
        expires_in,
        user: UserBody::from(&user),
    };
    Ok(HttpResponse::Ok().json(token))
}
