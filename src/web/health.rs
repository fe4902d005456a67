//! What orchestrators and scrapers ask.

use actix_web::{HttpResponse, get, http::header, web};
use serde_json::json;

use super::{Problem, State};
use crate::service::ServiceError;

/// The process is there.
#[get("/health/live")]
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "commit": env!("PYK8S_COMMIT"),
    }))
}

/// The lab can do its work: the database answers, and a provider works here.
#[get("/health/ready")]
pub async fn ready(state: web::Data<State>) -> HttpResponse {
    let database = state.store.ping().await;
    let providers: Vec<_> = state
        .clusters
        .offers()
        .into_iter()
        .filter(|offer| offer.obstacle().is_none())
        .map(|offer| offer.name.to_string())
        .collect();
    let stopping = state.stop.is_cancelled();
    let ready = database.is_ok() && !providers.is_empty() && !stopping;
    let body = json!({
        "status": if ready { "ok" } else { "unavailable" },
        "database": database.err().map_or_else(|| "ok".to_owned(), |error| error.to_string()),
        // Away, it makes nothing wrong: only later.
        "bus": if state.bus.is_connected() { "ok" } else { "away" },
        "providers": providers,
        "stopping": stopping,
    });
    if ready {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable().json(body)
    }
}

/// What is counted, for Prometheus.
#[get("/metrics")]
pub async fn metrics(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let text = state.metrics.render().map_err(ServiceError::internal)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4"))
        .body(text))
}
