//! `pyk8s cluster exec`: kubectl against a cluster, without a trace in the user's kubeconfig.

use std::env;
use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use tempfile::NamedTempFile;

use super::{get_kubeconfig, lookup};
use crate::error::{Error, Result};
use crate::interrupt;
use crate::session::Session;

pub fn run(name: &str, mut arguments: Vec<OsString>, session: &Session) -> Result {
    // `exec demo -- kubectl get pods` is what the fingers type.
    if arguments.first().is_some_and(|first| first == "kubectl") {
        arguments.remove(0);
    }
    let cluster = lookup::one(session, name)?;
    let text = get_kubeconfig::fetch(&cluster, session)?;
    let guard = interrupt::for_child();
    let file = private_file(&text)
        .map_err(|error| Error::Failed(format!("cannot write a temporary kubeconfig: {error}")))?;
    let kubectl = env::var_os("KUBECTL")
        .filter(|path| !path.is_empty())
        .unwrap_or_else(|| "kubectl".into());
    let mut child = Command::new(&kubectl)
        .args(arguments)
        .env("KUBECONFIG", file.path())
        .spawn()
        .map_err(|error| {
            let shown = PathBuf::from(&kubectl);
            match error.kind() {
                ErrorKind::NotFound => Error::Failed(format!(
                    "there is no {}: install kubectl, or name it in KUBECTL",
                    shown.display()
                )),
                _ => Error::file("run", &shown, &error),
            }
        })?;
    guard.child(child.id());
    let status = child
        .wait()
        .map_err(|error| Error::Failed(format!("cannot wait for kubectl: {error}")))?;
    match code(status) {
        0 => Ok(()),
        code => Err(Error::Child(code)),
    }
}

/// Mode 0600, in memory where the session has a place for that; removed when it is dropped.
fn private_file(text: &str) -> std::io::Result<NamedTempFile> {
    let folder = env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|path| path.is_dir());
    let folder = folder.unwrap_or_else(env::temp_dir);
    let mut file = tempfile::Builder::new()
        .prefix("pyk8s-")
        .suffix(".yaml")
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.flush()?;
    Ok(file)
}

/// The exit code as a shell would give it.
fn code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(1);
    }
    status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1)
}
