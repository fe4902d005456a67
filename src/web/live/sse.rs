//! Server-sent events.

use std::{convert::Infallible, sync::Arc};

use actix_web::{HttpResponse, web};
use chrono::Utc;
use futures_util::stream;
use tokio::time::{Instant, sleep_until, timeout};

use super::PING;
use crate::{
    bus::EventMessage,
    domain::{ClusterEvent, EventKind},
    metrics::Connected,
    service::Watch,
    web::{State, extract::Caller},
};

struct Stream {
    state: web::Data<State>,
    watch: Watch,
    caller: Caller,
    last: Option<EventKind>,
    ends_at: Instant,
    ended: bool,
    _connected: Connected,
}

/// Streams what `watch` sees until `last` was seen, the caller's token ends, or the server stops.
pub fn stream(
    state: &web::Data<State>,
    caller: Caller,
    watch: Watch,
    last: Option<EventKind>,
) -> HttpResponse {
    let ends_at = caller.proof.ends_at().unwrap_or_else(Utc::now);
    let left = (ends_at - Utc::now()).to_std().unwrap_or_default();
    let stream = Stream {
        _connected: state.metrics.connected("sse"),
        state: state.clone(),
        watch,
        caller,
        last,
        ends_at: Instant::now() + left,
        ended: false,
    };
    HttpResponse::Ok()
        .content_type("text/event-stream")
        // Some proxies collect a response before they pass it on, unless they are asked not to.
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(stream::unfold(stream, |mut stream| async move {
            let chunk = stream.next().await?;
            Some((Ok::<_, Infallible>(web::Bytes::from(chunk)), stream))
        }))
}

impl Stream {
    async fn next(&mut self) -> Option<String> {
        if self.ended {
            return None;
        }
        let heard = tokio::select! {
            () = self.state.stop.cancelled() => return None,
            () = sleep_until(self.ends_at) => return None,
            heard = timeout(PING, self.watch.next()) => heard,
        };
        match heard {
            Ok(Ok(Some(event))) => {
                self.ended = self.last == Some(event.kind);
                Some(frame(&event))
            }
            // Ended or too slow: the client comes again with `Last-Event-ID`.
            Ok(Ok(None) | Err(_)) => None,
            Err(_) => {
                self.state.accounts.still(&self.caller.proof).await.ok()?;
                Some(": ping\n\n".to_owned())
            }
        }
    }
}

fn frame(event: &Arc<ClusterEvent>) -> String {
    // JSON without line breaks: one data line.
    let data = serde_json::to_string(&EventMessage::from(&**event)).unwrap_or_default();
    format!("id: {}\nevent: {}\ndata: {data}\n\n", event.seq, event.kind)
}
