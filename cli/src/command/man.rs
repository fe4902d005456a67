//! `pyk8s docs man`.

use std::path::Path;

use clap::CommandFactory;

use crate::arguments::Arguments;
use crate::error::{Error, Result};
use crate::output::Output;

pub fn run(folder: Option<&Path>, output: &Output) -> Result {
    let command = Arguments::command();
    if let Some(folder) = folder {
        let written = std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(command, folder));
        written.map_err(|error| Error::file("write the manual pages to", folder, &error))?;
        output.note(&format!("wrote the manual pages to {}", folder.display()));
        return Ok(());
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|error| Error::Failed(format!("cannot make the manual page: {error}")))?;
    output.text(&String::from_utf8_lossy(&page))
}
