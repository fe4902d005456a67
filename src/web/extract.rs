//! What handlers take from a request: each says no with a [`Problem`].

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::{StatusCode, header},
    web,
};
use serde::de::DeserializeOwned;

use super::{Problem, State};
use crate::{
    domain::{ClusterId, User},
    service::{Proof, ServiceError},
};

/// The largest body that is read, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

/// A JSON body of a known shape.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let kind = request.content_type().to_owned();
        let body = body(request, payload);
        Box::pin(async move {
            if !is_json(&kind) {
                return Err(Problem::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "the body must be JSON, with Content-Type: application/json",
                ));
            }
            read_json(&body.await?).map(Json)
        })
    }
}

/// Whether a media type is JSON.
pub fn is_json(media_type: &str) -> bool {
    media_type.eq_ignore_ascii_case("application/json")
}

/// Reads a body whole, within the limit.
pub fn body(request: &HttpRequest, payload: &mut Payload) -> Extracting<web::Bytes> {
    let bytes = web::Bytes::from_request(request, payload);
    Box::pin(async move {
        bytes
            .await
            .map_err(|error| match error.as_response_error().status_code() {
                StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    format!("the body is larger than {MAX_BODY} bytes"),
                ),
                _ => Problem::malformed(format!("the body can't be read: {error}")),
            })
    })
}

/// Reads JSON of a known shape: what is no JSON is 400, what has another shape is 422 with the field's name.
///
/// # Errors
/// [`Problem`] 400 or 422.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.inner();
        match inner.classify() {
            serde_json::error::Category::Data => Problem::field(path, inner.to_string()),
            _ => Problem::malformed(format!("the body is not valid JSON: {inner}")),
        }
    })?;
    json.end()
        .map_err(|error| Problem::malformed(format!("the body is not valid JSON: {error}")))?;
    Ok(value)
}

/// The caller of the API, by their access token.
pub struct Caller {
    /// The user.
    pub user: User,
    /// What they showed.
    pub proof: Proof,
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (state, token) = (state(request), bearer_token(request));
        Box::pin(async move {
            let token = token.ok_or(ServiceError::Unauthenticated(
                "send an access token as `Authorization: Bearer …`: POST /api/v1/auth/token gives one",
            ))?;
            let (user, proof) = state?.accounts.bearer(&token).await?;
            Ok(Self { user, proof })
        })
    }
}

/// The token of an `Authorization: Bearer` header (RFC 6750, 2.1).
pub fn bearer_token(request: &HttpRequest) -> Option<String> {
    let value = request
        .headers()
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim().to_owned())
}

/// The handlers' state.
pub fn state(request: &HttpRequest) -> Result<web::Data<State>, Problem> {
    request
        .app_data::<web::Data<State>>()
        .cloned()
        .ok_or_else(|| {
            Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the server is not set up",
            )
        })
}

/// A cluster's id from the path: what is no id is nobody's cluster.
pub struct ClusterPath(pub ClusterId);

impl FromRequest for ClusterPath {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request
            .match_info()
            .get("id")
            .and_then(|id| id.parse().ok());
        std::future::ready(
            id.map(Self)
                .ok_or_else(|| ServiceError::NoSuchCluster.into()),
        )
    }
}
