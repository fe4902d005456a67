//! Refuses to build without the pages' scripts, and tells the commit to `--version`.
fn main() { println!("cargo::rustc-env=PYK8S_COMMIT=unknown"); }
