//! A long wait, shown on stderr: a spinner with the live step, or a line for each step where nothing can move.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

/// The display of one wait.
#[derive(Debug)]
pub struct Progress<'a> {
    output: &'a Output,
    name: String,
    spinner: Option<ProgressBar>,
    shown: String,
}

impl<'a> Progress<'a> {
    /// Starts the display for the cluster `name`.
    pub fn start(output: &'a Output, name: &str) -> Self {
        let spinner = output.can_animate().then(|| {
            let spinner = ProgressBar::new_spinner();
            if let Ok(style) =
                ProgressStyle::with_template("{spinner} {prefix}: {wide_msg} {elapsed}")
            {
                spinner.set_style(style);
            }
            spinner.set_prefix(name.to_owned());
            spinner.enable_steady_tick(Duration::from_millis(100));
            spinner
        });
        Self {
            output,
            name: name.to_owned(),
            spinner,
            shown: String::new(),
        }
    }

    /// Shows what is being done now.
    pub fn step(&mut self, step: &str) {
        if step == self.shown {
            return;
        }
        step.clone_into(&mut self.shown);
        match &self.spinner {
            Some(spinner) => spinner.set_message(step.to_owned()),
            None => self.output.note(&format!("{}: {step}", self.name)),
        }
    }

    /// Shows a line of the provider's output, to who wants every detail.
    pub fn log(&self, line: &str) {
        if self.output.verbose {
            self.above(|| self.output.detail(line));
        }
    }

    /// The last step that was shown.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    fn above(&self, print: impl FnOnce()) {
        match &self.spinner {
            Some(spinner) => spinner.suspend(print),
            None => print(),
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}
