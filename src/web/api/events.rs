//! `/events`: what happens, as server-sent events (WHATWG HTML, 9.2), and a cluster's history.

use actix_web::{HttpRequest, HttpResponse, get, http::header, web};
use utoipa::ToSchema;

use super::Problem;
use crate::{
    bus::EventMessage,
    domain::EventKind,
    web::{
        ProblemDetails, State,
        extract::{Caller, ClusterPath},
        live,
    },
};

/// One message of a stream.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes what is streamed")]
struct StreamMessage {
    /// The event's number, for `Last-Event-ID`.
    id: String,
    /// What kind of event it is.
    event: String,
    /// The event itself, as JSON.
    data: String,
}

/// What happens to all your clusters, live.
#[utoipa::path(
    tag = "events",
    security(("token" = [])),
    params(("Last-Event-ID" = Option<i64>, Header, description = "Begin after this event; from now on when not given")),
    responses(
        (status = 200, description = "A stream of events", body = StreamMessage, content_type = "text/event-stream"),
        (status = 400, description = "Last-Event-ID is no number", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
#[get("/events")]
pub(super) async fn of_all(
    request: HttpRequest,
    state: web::Data<State>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let watch = state
        .clusters
        .watch(caller.user.id, None, last_event_id(&request)?)
        .await?;
    Ok(live::stream(&state, caller, watch, None))
}

/// What happened to a cluster; as a stream, with `Accept: text/event-stream`, also what happens.
#[utoipa::path(
    tag = "events",
    security(("token" = [])),
    params(
        ("id" = String, Path, description = "The cluster's id"),
        ("Last-Event-ID" = Option<i64>, Header, description = "Stream: begin after this event; with the first when not given"),
    ),
    responses(
        (status = 200, description = "The events, the oldest first", content((Vec<EventMessage> = "application/json"), (StreamMessage = "text/event-stream"))),
        (status = 400, description = "Last-Event-ID is no number", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "No such cluster of yours", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
#[get("/clusters/{id}/events")]
pub(super) async fn of_cluster(
    request: HttpRequest,
    state: web::Data<State>,
    caller: Caller,
    ClusterPath(id): ClusterPath,
) -> Result<HttpResponse, Problem> {
    let after = last_event_id(&request)?.unwrap_or(0);
    let accepts = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    if accepts.is_some_and(|accept| accept.contains("text/event-stream")) {
        let watch = state
            .clusters
            .watch(caller.user.id, Some(id), Some(after))
            .await?;
        return Ok(live::stream(
            &state,
            caller,
            watch,
            Some(EventKind::Deleted),
        ));
    }
    let events = state.clusters.events(caller.user.id, id).await?;
    Ok(HttpResponse::Ok().json(events.iter().map(EventMessage::from).collect::<Vec<_>>()))
}

fn last_event_id(request: &HttpRequest) -> Result<Option<i64>, Problem> {
    let Some(value) = request.headers().get("Last-Event-ID") else {
        return Ok(None);
    };
    let number = value
        .to_str()
        .ok()
        .and_then(|value| value.parse::<i64>().ok())
        .filter(|seq| *seq >= 0);
    number
        .map(Some)
        .ok_or_else(|| Problem::malformed("Last-Event-ID must be the number of an event"))
}
