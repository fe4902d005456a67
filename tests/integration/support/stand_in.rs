//! Stand-ins for kwokctl, to have it fail in ways that the real one can't be made to.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

/// Lays out a folder of binaries in which `kwokctl` is this shell script; the folder, as a setting.
pub fn stand_in(folder: &Path, script: &str) -> String {
    for (place, names) in [
        ("kwok-v0.8.0", &["kwokctl", "kwok"][..]),
        ("etcd-v3.6.16", &["etcd"]),
        (
            "kubernetes-v1.37.2",
            &[
                "kube-apiserver",
                "kube-controller-manager",
                "kube-scheduler",
            ],
        ),
    ] {
        fs::create_dir_all(folder.join(place)).unwrap();
        for name in names {
            let path = folder.join(place).join(name);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    folder.display().to_string()
}
