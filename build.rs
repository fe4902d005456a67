//! Refuses to build without the pages' scripts, and tells the commit to `--version`.

use std::{path::Path, process::Command};

fn main() {
    for script in ["static/vendor/htmx.min.js", "static/vendor/ws.js"] {
        println!("cargo::rerun-if-changed={script}");
        if !Path::new(script).is_file() {
            println!("cargo::error={script} is missing: `make assets` gets it");
        }
    }
    println!("cargo::rerun-if-changed=migrations");
    println!("cargo::rerun-if-changed=.git/HEAD");
    let commit = Command::new("git")
        .args(["rev-parse", "--short", "HEAD"])
        .output();
    let commit = commit.ok().filter(|output| output.status.success());
    let commit = commit.map_or_else(
        || "unknown".into(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    );
    println!("cargo::rustc-env=PYK8S_COMMIT={commit}");
}
