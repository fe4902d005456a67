//! `pyk8s cluster get`.

use super::lookup;
use crate::client::model::Cluster;
use crate::error::Result;
use crate::output::{Output, Record, columns, pairs, printable, remaining};
use crate::session::Session;

pub fn run(name: &str, session: &Session) -> Result {
    let found = lookup::one(session, name)?;
    let cluster = session.client.cluster(&found.id)?;
    match session.output.is_for_people() {
        true => session.output.text(&described(&cluster, session.output)),
        false => session.output.one(&cluster),
    }
}

fn described(cluster: &Cluster, output: &Output) -> String {
    let shown = |text: &Option<String>| text.as_deref().map(|text| printable(text).into_owned());
    let expiry = cluster.expires_at.as_deref();
    let mut text = pairs(vec![
        ("Name", Some(printable(&cluster.name).into_owned())),
        ("Id", Some(printable(&cluster.id).into_owned())),
        ("Status", Some(cluster.painted_status(output))),
        ("Step", shown(&cluster.step)),
        (
            "Queue",
            cluster.queue_position.map(|place| format!("place {place}")),
        ),
        ("Provider", Some(cluster.shown_provider())),
        ("Kubernetes", shown(&cluster.kubernetes_version)),
        ("Nodes", cluster.nodes.map(|count| count.to_string())),
        ("Created", Some(printable(&cluster.created_at).into_owned())),
        ("Ready", shown(&cluster.ready_at)),
        (
            "Expires",
            expiry.map(|time| format!("{} (in {})", printable(time), remaining(expiry))),
        ),
        ("Error", shown(&cluster.error_message)),
    ]);
    if let Some(events) = cluster
        .events
        .as_deref()
        .filter(|events| !events.is_empty())
    {
        let mut events: Vec<_> = events.iter().collect();
        events.sort_by_key(|event| event.seq);
        text.push('\n');
        text.push_str(&columns(
            crate::client::model::Event::COLUMNS,
            events.iter().map(|event| event.row(output)),
        ));
    }
    text
}
