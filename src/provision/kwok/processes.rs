//! A cluster's processes, known by the cluster's folder in their arguments: also those that
//! a creation left which was killed before it wrote down what it had started.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, Signal, System, UpdateKind};

use crate::domain::ProviderRef;

/// Kills every process of the cluster in `folder`; how many are left after `within`. Blocks.
pub(super) fn end_all_of(folder: &Path, within: Duration) -> Result<usize, sysinfo::Error> {
    let mark = format!("{}/", folder.display());
    let until = Instant::now() + within;
    let mut system = System::new()?;
    loop {
        refresh(&mut system);
        let left = system
            .processes()
            .values()
            .filter(|process| {
                process
                    .cmd()
                    .iter()
                    .any(|arg| arg.to_string_lossy().contains(&mark))
            })
            // kwokctl itself names the folder nowhere: these are the cluster's own.
            .inspect(|process| {
                process.kill_with(Signal::Kill);
            })
            .count();
        if left == 0 || Instant::now() >= until {
            return Ok(left);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The clusters below `folder` of which a process runs. Blocks.
pub(super) fn clusters_in(folder: &Path) -> Result<Vec<ProviderRef>, sysinfo::Error> {
    let mark = format!("{}/", folder.display());
    let mut system = System::new()?;
    refresh(&mut system);
    Ok(system
        .processes()
        .values()
        .flat_map(|process| process.cmd())
        .filter_map(|arg| {
            let arg = arg.to_string_lossy();
            let (_, rest) = arg.split_once(&mark)?;
            ProviderRef::recognise(rest.split('/').next()?)
        })
        .collect())
}

fn refresh(system: &mut System) {
    let arguments = ProcessRefreshKind::nothing()
        .with_cmd(UpdateKind::Always)
        .without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, arguments);
}
