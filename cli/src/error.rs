//! The one error of the program: every kind is an exit code, every text says what to do next.

use std::io;
use std::process::ExitCode;

use thiserror::Error;

/// Why a command did not do what it was asked.
#[derive(Debug, Error)]
pub enum Error {
    /// Something went wrong that fits no other kind.
    #[error("{0}")]
    Failed(String),
    /// The arguments are wrong, or the server refused what they say.
    #[error("{0}")]
    Usage(String),
    /// There is no login, or it is over.
    #[error("{0}")]
    NotLoggedIn(String),
    /// What was named does not exist.
    #[error("{0}")]
    NotFound(String),
    /// The time given for it is over.
    #[error("{0}")]
    TimedOut(String),
    /// The user pressed Ctrl-C at a prompt; elsewhere [`crate::interrupt`] ends the process itself.
    #[error("interrupted")]
    Interrupted,
    /// Nobody reads our output any more (`pyk8s … | head`): the end, but not a failure.
    #[error("the output was closed")]
    ClosedPipe,
    /// kubectl has spoken for itself; its exit code is passed on and nothing added.
    #[error("the command exited with {0}")]
    Child(u8),
    /// Failures of several objects, each told on a line of its own; exits as the first does.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Several(Vec<Error>),
}

/// What a command gives back.
pub type Result<T = ()> = std::result::Result<T, Error>;

/// The table of exit codes, as `--help` and the manual page show it.
pub const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    failure
  2    usage: the arguments are wrong, or the server refused them
  3    not logged in, or the login has expired
  4    not found
  5    timed out
  130  interrupted
(exec passes on the exit code of kubectl)";

impl Error {
    /// A failure to do something with a file, in words.
    pub fn file(doing: &str, path: &std::path::Path, error: &io::Error) -> Self {
        Self::Failed(format!("cannot {doing} {}: {error}", path.display()))
    }

    /// The process's exit code for this error.
    pub fn code(&self) -> u8 {
        match self {
            Self::ClosedPipe => 0,
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::NotLoggedIn(_) => 3,
            Self::NotFound(_) => 4,
            Self::TimedOut(_) => 5,
            Self::Interrupted => 130,
            Self::Child(code) => *code,
            Self::Several(errors) => errors.first().map_or(1, Self::code),
        }
    }

    /// The lines to show on stderr; none where there is nothing to say.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::ClosedPipe | Self::Child(_) => Vec::new(),
            Self::Several(errors) => errors.iter().flat_map(Self::lines).collect(),
            other => vec![other.to_string()],
        }
    }
}

impl From<&Error> for ExitCode {
    fn from(error: &Error) -> Self {
        Self::from(error.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_the_documented_code() {
        let text = || "x".to_owned();
        let codes = [
            (Error::Failed(text()), 1),
            (Error::Usage(text()), 2),
            (Error::NotLoggedIn(text()), 3),
            (Error::NotFound(text()), 4),
            (Error::TimedOut(text()), 5),
            (Error::Interrupted, 130),
        ];
        for (error, code) in codes {
            assert_eq!(error.code(), code);
            assert!(
                EXIT_CODES.contains(&format!("\n  {code:<5}")),
                "{code} is not in --help"
            );
        }
    }

    #[test]
    fn several_failures_exit_as_the_first_one() {
        let both = Error::Several(vec![Error::NotFound("a".into()), Error::Failed("b".into())]);
        assert_eq!(both.code(), 4);
        assert_eq!(both.lines(), ["a", "b"]);
    }
}
