//! Real clusters, from their making to their removal.

mod crashes;
mod failures;
mod health;
mod life;
mod queue;

use std::{path::Path, process::Command};

use crate::support::{Lab, Person};

/// Runs `kubectl` on a cluster; its output.
#[track_caller]
pub fn kubectl(lab: &Lab, person: &Person, id: &str, args: &[&str]) -> String {
    let path = lab.folder().join(format!("{id}.kubeconfig"));
    let kubeconfig = person.get(&format!("/api/v1/clusters/{id}/kubeconfig"));
    assert_eq!(kubeconfig.status, 200, "{kubeconfig:?}");
    std::fs::write(&path, kubeconfig.text).unwrap();
    let output = Command::new("kubectl")
        .current_dir(Path::new("/"))
        .arg("--kubeconfig")
        .arg(&path)
        .args(args)
        .output()
        .expect("kubectl is on PATH: `make` puts it there");
    assert!(
        output.status.success(),
        "kubectl {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
