//! Asking the person at the terminal. Questions go to stderr, so that stdout stays what was asked for.

use std::io::{ErrorKind, IsTerminal, Read, Write, stderr, stdin};

use crate::error::{Error, Result};
use crate::interrupt;

/// No password is longer; what is, is a file piped in by mistake.
const PASSWORD_LIMIT: u64 = 4096;

/// Whether there is somebody to ask.
pub fn possible() -> bool {
    stdin().is_terminal()
}

/// Asks for one line; `default` is what an empty one means.
pub fn line(question: &str, default: Option<&str>) -> Result<String> {
    let hint = default.map(|text| format!(" [{text}]")).unwrap_or_default();
    let mut stderr = stderr();
    let _ = write!(stderr, "{question}{hint}: ");
    let _ = stderr.flush();
    let mut answer = String::new();
    let read = stdin().read_line(&mut answer);
    let read = read.map_err(|error| Error::Failed(format!("cannot read the answer: {error}")))?;
    if read == 0 {
        let _ = writeln!(stderr);
        return Err(Error::Usage(format!(
            "no answer to \u{201c}{question}\u{201d}: nothing was done"
        )));
    }
    let answer = answer.trim();
    Ok(if answer.is_empty() {
        default.unwrap_or_default()
    } else {
        answer
    }
    .to_owned())
}

/// Asks a yes-or-no question; anything but a yes is a no.
pub fn confirm(question: &str) -> Result<bool> {
    let answer = line(&format!("{question} [y/N]"), None)?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

/// Asks for a password, which the terminal does not show.
pub fn password(question: &str) -> Result<String> {
    let _guard = interrupt::at_prompt();
    rpassword::prompt_password(format!("{question}: ")).map_err(|error| match error.kind() {
        ErrorKind::Interrupted => Error::Interrupted,
        _ => Error::Usage(format!(
            "cannot ask for the password ({error}): use --password-stdin"
        )),
    })
}

/// Reads the password that a script pipes in: the text without its last line end.
pub fn piped_password() -> Result<String> {
    let mut text = String::new();
    stdin()
        .take(PASSWORD_LIMIT)
        .read_to_string(&mut text)
        .map_err(|error| {
            Error::Usage(format!(
                "cannot read the password from standard input: {error}"
            ))
        })?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(Error::Usage(
            "there is no password on standard input".to_owned(),
        ));
    }
    Ok(text.to_owned())
}
