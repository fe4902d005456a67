//! `pyk8s cluster retry`.

use super::lookup;
use crate::arguments::Wait;
use crate::error::Result;
use crate::interrupt;
use crate::session::Session;
use crate::waiting::Waiting;

pub fn run(name: &str, wait: &Wait, session: &Session) -> Result {
    let found = lookup::one(session, name)?;
    let name = &found.name;
    // The failure that is tried again is no news.
    let after = match wait.wait {
        true => session.client.cluster(&found.id)?.last_seq(),
        false => None,
    };
    let cluster = session.client.retry(&found.id)?;
    if !wait.wait {
        session
            .output
            .outcome(&cluster, &format!("{name} is being made again"))?;
        session
            .output
            .note(&format!("watch it: pyk8s cluster wait {name}"));
        return Ok(());
    }
    let _guard = interrupt::saying(format!("interrupted, but {name} is still being made"));
    let waiting = Waiting {
        client: &session.client,
        output: session.output,
        id: &found.id,
        name,
        after,
        timeout: wait.timeout,
    };
    let cluster = waiting.until_running()?;
    session
        .output
        .outcome(&cluster, &format!("{name} is running"))
}
