//! `/users`

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use crate::{
    domain::User,
    web::{
        ProblemDetails, State,
        extract::{Caller, Json},
    },
};

/// A person who wants an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Registration {
    #[schema(example = "ada@example.org", max_length = 254)]
    email: String,
    #[schema(min_length = 8, max_length = 128)]
    password: String,
}

/// A user.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(super) struct UserBody {
    id: String,
    email: String,
    created_at: DateTime<Utc>,
}

impl From<&User> for UserBody {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.to_string(),
            created_at: user.created_at,
        }
    }
}

/// Makes an account.
#[utoipa::path(
    tag = "users",
    request_body = Registration,
    responses(
        (status = 201, description = "The account is made", body = UserBody),
        (status = 400, description = "The body can't be read", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 403, description = "Registration is closed", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The address is taken", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "Values are not acceptable", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
#[post("/users/register")]
pub(super) async fn register(
    request: HttpRequest,
    state: web::Data<State>,
    Json(person): Json<Registration>,
) -> Result<HttpResponse, Problem> {
    state.throttle.attempt(&request).await?;
    let user = state
        .accounts
        .register(&person.email, &person.password)
        .await?;
    Ok(HttpResponse::Created().json(UserBody::from(&user)))
}

/// Who the access token belongs to.
#[utoipa::path(
    tag = "users",
    security(("token" = [])),
    responses(
        (status = 200, description = "The user", body = UserBody),
        (status = 401, description = "No valid access token", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
#[get("/users/me")]
pub(super) async fn me(caller: Caller) -> HttpResponse {
    HttpResponse::Ok().json(UserBody::from(&caller.user))
}
