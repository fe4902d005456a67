//! `pyk8s provider list`.

use crate::arguments::Global;
use crate::error::Result;
use crate::output::Output;
use crate::session::Session;

pub fn run(global: &Global, output: &Output) -> Result {
    output.list(&Session::open(global, output)?.client.providers()?)
}
