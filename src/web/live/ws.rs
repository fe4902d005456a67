//! `/ws`: events as JSON to programs, as fragments of pages to browsers.

use std::time::Duration;

use actix_session::SessionExt;
use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, http::header, web};
use actix_ws::{CloseCode, CloseReason, Message, MessageStream, Session};
use chrono::Utc;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, interval, sleep_until, timeout};

use super::{Fragments, PING, inside};
use crate::{
    bus::EventMessage,
    domain::{ClusterEvent, ClusterId},
    service::{Proof, ServiceError, Watch},
    web::{Problem, State, extract::bearer_token, session},
};

/// How long a client may take to accept a message.
const STALLED: Duration = Duration::from_secs(10);
/// The largest message that is read: clients have little to say.
const MAX_FRAME: usize = 4 * 1024;
/// The access token, or the session, has ended.
const ENDED: u16 = 4401;
/// Come again in a moment (RFC 6455's registry: Try Again Later).
const OVERFLOW: u16 = 1013;

#[derive(Deserialize)]
struct Query {
    token: Option<String>,
    /// Programs: begin after this event. Browsers begin with everything as it is.
    after: Option<i64>,
    /// Browsers: the cluster whose page it is.
    cluster: Option<String>,
}

/// What a client is sent.
enum Language {
    Json,
    Html(Box<Fragments>),
}

struct Connection {
    state: web::Data<State>,
    proof: Proof,
    watch: Watch,
    language: Language,
    /// What is inside the cluster whose page it is.
    inside: Option<watch::Receiver<String>>,
    ends_at: Option<Instant>,
}

/// Begins a live connection, or refuses it before the upgrade.
#[get("/ws")]
pub async fn connect(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
    query: web::Query<Query>,
) -> Result<HttpResponse, actix_web::Error> {
    let connection = match query.token.clone().or_else(|| bearer_token(&request)) {
        Some(token) => program(state, &token, query.after).await?,
        None => browser(&request, state, query.cluster.as_deref()).await?,
    };
    let (response, session, messages) = actix_ws::handle(&request, payload)?;
    let connected = connection.state.metrics.connected("ws");
    actix_web::rt::spawn(async move {
        let mut session = session;
        let code = connection
            .serve(&mut session, messages.max_frame_size(MAX_FRAME))
            .await;
        if let Some(code) = code {
            let reason = CloseReason {
                code,
                description: None,
            };
            // One that takes nothing any more does not take this either.
            let _ = timeout(STALLED, session.close(Some(reason))).await;
        }
        drop(connected);
    });
    Ok(response)
}

async fn program(
    state: web::Data<State>,
    token: &str,
    after: Option<i64>,
) -> Result<Connection, Problem> {
    let (user, proof) = state.accounts.bearer(token).await?;
    let ends_at = proof.ends_at().unwrap_or_else(Utc::now);
    let left = (ends_at - Utc::now()).to_std().unwrap_or_default();
    let watch = state.clusters.watch(user.id, None, after).await?;
    Ok(Connection {
        state,
        proof,
        watch,
        language: Language::Json,
        inside: None,
        ends_at: Some(Instant::now() + left),
    })
}

async fn browser(
    request: &HttpRequest,
    state: web::Data<State>,
    cluster: Option<&str>,
) -> Result<Connection, Problem> {
    if !same_origin(request, &state) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "live connections of browsers must come from the lab's own pages",
        ));
    }
    let secret = session::secret(&request.get_session())
        .ok_or(ServiceError::Unauthenticated("there is no session"))?;
    let (user, proof) = state.accounts.session(&secret).await?;
    let cluster = cluster
        .map(|id| {
            id.parse::<ClusterId>()
                .map_err(|_| ServiceError::NoSuchCluster)
        })
        .transpose()?;
    if let Some(id) = cluster {
        state.clusters.get(user.id, id).await?;
    }
    let watch = state.clusters.watch(user.id, None, None).await?;
    let csrf = session::csrf_token(&request.get_session())?;
    let fragments = Fragments::new(state.clusters.clone(), user.id, cluster, &csrf);
    let inside = cluster.map(|id| inside::follow(state.clusters.clone(), user.id, id));
    Ok(Connection {
        state,
        proof,
        watch,
        language: Language::Html(Box::new(fragments)),
        inside,
        ends_at: None,
    })
}

/// Browsers send a session's cookie from any site: only our own may use it (RFC 6455, 10.2).
fn same_origin(request: &HttpRequest, state: &State) -> bool {
    let Some(origin) = request
        .headers()
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok())
    else {
        return false;
    };
    if let Some(public) = &state.public_url
        && public.origin().ascii_serialization() == origin
    {
        return true;
    }
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    host.is_some_and(|host| {
        origin == format!("http://{host}") || origin == format!("https://{host}")
    })
}

impl Connection {
    /// Serves until one side ends; the code to close with, when it is ours.
    async fn serve(
        mut self,
        session: &mut Session,
        mut messages: MessageStream,
    ) -> Option<CloseCode> {
        if let Language::Html(fragments) = &self.language {
            match fragments.everything().await {
                Ok(html) => send(session, html).await?,
                Err(_) => return Some(CloseCode::Other(OVERFLOW)),
            }
        }
        let mut ping = interval(PING);
        ping.tick().await;
        loop {
            let ends_at = self.ends_at;
            tokio::select! {
                () = self.state.stop.cancelled() => return Some(CloseCode::Away),
                () = async { sleep_until(ends_at.unwrap_or_else(Instant::now)).await }, if ends_at.is_some() => {
                    return Some(CloseCode::Other(ENDED));
                }
                _ = ping.tick() => {
                    if self.state.accounts.still(&self.proof).await.is_err() {
                        return Some(CloseCode::Other(ENDED));
                    }
                    timeout(STALLED, session.ping(b"")).await.ok()?.ok()?;
                    if let Language::Json = self.language {
                        send(session, json!({ "event": "ping", "timestamp": Utc::now() }).to_string()).await?;
                    }
                }
                message = messages.recv() => match message? {
                    Ok(Message::Ping(bytes)) => timeout(STALLED, session.pong(&bytes)).await.ok()?.ok()?,
                    Ok(Message::Close(reason)) => return reason.map(|reason| reason.code).or(Some(CloseCode::Normal)),
                    Ok(_) => {}
                    Err(_) => return Some(CloseCode::Protocol),
                },
                part = changed(&mut self.inside) => match part {
                    Some(html) => send(session, html).await?,
                    None => self.inside = None,
                },
                heard = self.watch.next() => match heard {
                    Ok(Some(event)) => {
                        match self.say(&event).await {
                            Ok(Some(text)) => send(session, text).await?,
                            Ok(None) => {}
                            // What can't be read now is read when the client comes again.
                            Err(_) => return Some(CloseCode::Other(OVERFLOW)),
                        }
                    }
                    Ok(None) => return Some(CloseCode::Away),
                    Err(_) => return Some(CloseCode::Other(OVERFLOW)),
                },
            }
        }
    }

    async fn say(&self, event: &ClusterEvent) -> Result<Option<String>, ServiceError> {
        match &self.language {
            Language::Json => serde_json::to_string(&EventMessage::from(event))
                .map(Some)
                .map_err(ServiceError::internal),
            Language::Html(fragments) => fragments.of(event).await,
        }
    }
}

/// The part, when it is another; `None` when it never will be.
async fn changed(part: &mut Option<watch::Receiver<String>>) -> Option<String> {
    match part {
        Some(part) => {
            part.changed().await.ok()?;
            Some(part.borrow_and_update().clone())
        }
        None => std::future::pending().await,
    }
}

/// Sends, unless the client has stalled; `None` is the end of the connection.
async fn send(session: &mut Session, text: String) -> Option<()> {
    timeout(STALLED, session.text(text)).await.ok()?.ok()
}
