//! Showing things: what was asked for on stdout, in the form asked for; every other word on stderr.

mod records;
mod table;
mod text;
mod time;

use std::io::{self, ErrorKind, IsTerminal, Write, stderr, stdout};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::arguments::{Format, Global};
use crate::error::{Error, Result};
pub use records::Record;
pub use table::{columns, pairs};
pub use text::printable;
pub use time::{clock, in_seconds, remaining};

/// Where and how things are shown.
#[derive(Debug, Clone)]
pub struct Output {
    pub format: Format,
    pub quiet: bool,
    pub verbose: bool,
    colour: bool,
    error_colour: bool,
}

/// The colours in use, by meaning.
#[derive(Debug, Clone, Copy)]
pub enum Tone {
    Good,
    Busy,
    Bad,
    Faint,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Good => AnsiColor::Green.on_default(),
            Self::Busy => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Faint => Style::new().dimmed(),
        }
    }
}

impl Output {
    /// Reads the options, and what the terminal and `NO_COLOR` want.
    pub fn new(global: &Global) -> Self {
        let wanted = |choice| choice != anstream::ColorChoice::Never;
        Self {
            format: global.output,
            quiet: global.quiet,
            verbose: global.verbose,
            colour: wanted(anstream::AutoStream::choice(&stdout())),
            error_colour: wanted(anstream::AutoStream::choice(&stderr())),
        }
    }

    /// Whether people read stdout, and not a program.
    pub fn is_for_people(&self) -> bool {
        self.format == Format::Table
    }

    /// `text` in a colour, where stdout is a terminal.
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let style = tone.style();
        format!("{style}{text}{style:#}")
    }

    /// Shows a list.
    pub fn list<T: Record>(&self, items: &[T]) -> Result {
        match self.format {
            Format::Table if items.is_empty() => Ok(()),
            Format::Table => self.rows(items),
            _ => self.structured(items, items),
        }
    }

    /// Shows one thing as a list shows it, but to programs as itself.
    pub fn one<T: Record>(&self, item: &T) -> Result {
        match self.format {
            Format::Table => self.rows(std::slice::from_ref(item)),
            _ => self.structured(item, std::slice::from_ref(item)),
        }
    }

    /// Says how a command ended: a sentence for people, the thing itself for programs.
    pub fn outcome<T: Record>(&self, item: &T, sentence: &str) -> Result {
        match self.format {
            Format::Table => self.say(sentence),
            _ => self.structured(item, std::slice::from_ref(item)),
        }
    }

    /// A sentence for people, where they want any.
    pub fn say(&self, sentence: &str) -> Result {
        if self.quiet || !self.is_for_people() {
            return Ok(());
        }
        self.text(&format!("{sentence}\n"))
    }

    fn rows<T: Record>(&self, items: &[T]) -> Result {
        self.text(&columns(
            T::COLUMNS,
            items.iter().map(|item| item.row(self)),
        ))
    }

    fn structured<V: Serialize + ?Sized, T: Record>(&self, value: &V, items: &[T]) -> Result {
        match self.format {
            Format::Name => self.text(
                &items
                    .iter()
                    .map(|item| format!("{}\n", item.name()))
                    .collect::<String>(),
            ),
            Format::Yaml => self.yaml(value),
            _ => self.json(value),
        }
    }

    /// Any value as JSON.
    pub fn json<V: Serialize + ?Sized>(&self, value: &V) -> Result {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| Error::Failed(format!("cannot write this as JSON: {error}")))?;
        self.text(&format!("{text}\n"))
    }

    /// Any value as one line of JSON: a stream of them can be read as it comes.
    pub fn json_line<V: Serialize + ?Sized>(&self, value: &V) -> Result {
        let text = serde_json::to_string(value)
            .map_err(|error| Error::Failed(format!("cannot write this as JSON: {error}")))?;
        self.text(&format!("{text}\n"))
    }

    /// Any value as YAML.
    pub fn yaml<V: Serialize + ?Sized>(&self, value: &V) -> Result {
        let text = serde_norway::to_string(value)
            .map_err(|error| Error::Failed(format!("cannot write this as YAML: {error}")))?;
        self.text(&text)
    }

    /// The one way to stdout. A reader that has seen enough ends the program quietly.
    pub fn text(&self, text: &str) -> Result {
        let mut stdout = stdout().lock();
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
            .map_err(|error| closed(&error))
    }

    /// A hint or a step on stderr.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(stderr().lock(), "{text}");
        }
    }

    /// Something to beware of, on stderr.
    pub fn warn(&self, text: &str) {
        self.label(Tone::Busy, "warning", text);
    }

    /// What went wrong, on stderr.
    pub fn error(&self, text: &str) {
        self.label(Tone::Bad, "error", text);
    }

    /// What only `-v` wants to know, on stderr.
    pub fn detail(&self, text: &str) {
        if self.verbose {
            let _ = writeln!(stderr().lock(), "* {text}");
        }
    }

    fn label(&self, tone: Tone, label: &str, text: &str) {
        let style = if self.error_colour {
            tone.style()
        } else {
            Style::new()
        };
        let _ = writeln!(stderr().lock(), "{style}{label}:{style:#} {text}");
    }

    /// Whether something that moves can be shown on stderr.
    pub fn can_animate(&self) -> bool {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        stderr().is_terminal() && !dumb && !self.quiet
    }
}

fn closed(error: &io::Error) -> Error {
    match error.kind() {
        ErrorKind::BrokenPipe => Error::ClosedPipe,
        _ => Error::Failed(format!("cannot write the output: {error}")),
    }
}
