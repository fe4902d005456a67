//! `pyk8s cluster extend`.

use super::lookup;
use crate::error::Result;
use crate::output::remaining;
use crate::session::Session;

pub fn run(name: &str, hours: u32, session: &Session) -> Result {
    let cluster = lookup::one(session, name)?;
    let cluster = session.client.extend(&cluster.id, hours)?;
    let left = remaining(cluster.expires_at.as_deref());
    session
        .output
        .outcome(&cluster, &format!("{} has {left} left", cluster.name))
}
