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
    println!("cargo::rerun-if-env-changed=PYK8S_COMMIT");
    println!("cargo::rustc-env=PYK8S_COMMIT={}", commit());
}

/// As given, where there is no repository (the image); else the repository's.
fn commit() -> String {
    if let Ok(given) = std::env::var("PYK8S_COMMIT") {
        return given;
    }
    let asked = Command::new("git")
        .args(["rev-parse", "--short", "HEAD"])
        .output();
    match asked {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        _ => "unknown".into(),
    }
}
