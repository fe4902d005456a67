//! Every request has an id, is counted, and leaves a line in the log.

use std::time::Instant;

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
    web,
};
use tracing::Instrument;
use uuid::Uuid;

use super::State;

/// The header that carries a request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request's id, as pages show it with an error.
#[derive(Clone)]
pub struct RequestId(pub String);

/// The middleware.
///
/// # Errors
/// Those of the handlers.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let began = Instant::now();
    let id = Uuid::new_v4().simple().to_string();
    let method = request.method().to_string();
    // The path alone: a query may carry a token.
    let path = request.path().to_owned();
    let state = request.app_data::<web::Data<State>>().cloned();
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("request", id);
    async move {
        let mut response = next.call(request).await?;
        let status = response.status().as_u16();
        let route = response
            .request()
            .match_pattern()
            .unwrap_or_else(|| "none".to_owned());
        if let Some(state) = state {
            state.metrics.answered(&method, &route, status);
        }
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        match status {
            500.. => tracing::warn!(method, path, status, ms, "answered"),
            _ if is_background(&path) => tracing::debug!(method, path, status, ms, "answered"),
            _ => tracing::info!(method, path, status, ms, "answered"),
        }
        Ok(response)
    }
    .instrument(span)
    .await
}

/// What is asked all the time by machines, or comes with every page.
fn is_background(path: &str) -> bool {
    path.starts_with("/health/") || path.starts_with("/static/") || path == "/metrics"
}
