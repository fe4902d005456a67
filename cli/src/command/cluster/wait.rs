//! `pyk8s cluster wait`.

use std::time::Duration;

use super::lookup;
use crate::arguments::Target;
use crate::error::{Error, Result};
use crate::session::Session;
use crate::waiting::Waiting;

pub fn run(name: &str, target: Target, timeout: Duration, session: &Session) -> Result {
    let output = session.output;
    let found = match lookup::one(session, name) {
        // A cluster that is not there is what was waited for, even when its name was mistyped.
        Err(Error::NotFound(why)) if target == Target::Deleted => {
            output.note(&why);
            return Ok(());
        }
        found => found?,
    };
    let after = match session.client.cluster(&found.id) {
        Ok(cluster) => cluster.last_seq(),
        Err(Error::NotFound(_)) if target == Target::Deleted => None,
        Err(error) => return Err(error),
    };
    let name = &found.name;
    let waiting = Waiting {
        client: &session.client,
        output,
        id: &found.id,
        name,
        after,
        timeout,
    };
    match target {
        Target::Running => output.outcome(&waiting.until_running()?, &format!("{name} is running")),
        Target::Deleted => {
            waiting.until_deleted()?;
            output.say(&format!("{name} is deleted"))
        }
    }
}
