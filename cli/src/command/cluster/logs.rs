//! `pyk8s cluster logs`.

use super::lookup;
use crate::arguments::Format;
use crate::client::model::Event;
use crate::client::{Signal, Stream};
use crate::error::Result;
use crate::output::{Output, Record, Tone, clock};
use crate::session::Session;

pub fn run(name: &str, follow: bool, session: &Session) -> Result {
    let cluster = lookup::one(session, name)?;
    let output = session.output;
    if follow {
        // The stream begins with all that has been: nothing can fall between it and a list.
        let stream = Stream::open(&session.client, &cluster.id, None);
        while let Some(signal) = stream.next(None)? {
            match signal {
                Signal::Connected => {}
                Signal::Event(event) => live(&event, output)?,
                Signal::End => break,
            }
        }
        return Ok(());
    }
    let events = session.client.history(&cluster.id)?;
    match output.format {
        Format::Table => events.iter().try_for_each(|event| live(event, output)),
        _ => output.list(&events),
    }
}

/// One event as it comes: a line, or a document of its own.
fn live(event: &Event, output: &Output) -> Result {
    match output.format {
        Format::Json => output.json_line(event),
        Format::Yaml => output.text("---\n").and_then(|()| output.yaml(event)),
        Format::Name => output.text(&format!("{}\n", event.name())),
        Format::Table => {
            let time = output.paint(Tone::Faint, &clock(&event.timestamp));
            output.text(&format!("{time} {}\n", event.told()))
        }
    }
}
