//! What Ctrl-C does: by default the process ends with 130; a command may say something first, or
//! leave the signal to the program that it runs.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a signal means at this moment.
#[derive(Debug)]
enum Mode {
    /// End the process, after this message.
    End(Option<String>),
    /// A prompt reads Ctrl-C itself and sets the terminal right before it says so.
    Prompt,
    /// A child of ours has the terminal: Ctrl-C is its own, and we end when it does.
    Child(Option<u32>),
}

static MODE: Mutex<Mode> = Mutex::new(Mode::End(None));

fn mode() -> MutexGuard<'static, Mode> {
    MODE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts the default back when it is dropped.
#[derive(Debug)]
pub struct Guard(());

impl Drop for Guard {
    fn drop(&mut self) {
        *mode() = Mode::End(None);
    }
}

fn set(new: Mode) -> Guard {
    *mode() = new;
    Guard(())
}

/// While the guard lives, Ctrl-C shows `message` before the process ends.
pub fn saying(message: impl Into<String>) -> Guard {
    set(Mode::End(Some(message.into())))
}

/// While the guard lives, a prompt deals with Ctrl-C.
pub fn at_prompt() -> Guard {
    set(Mode::Prompt)
}

/// While the guard lives, signals are a child's matter: set before there is something to clean away.
pub fn for_child() -> Guard {
    set(Mode::Child(None))
}

impl Guard {
    /// The child that gets the signals which only we are sent.
    pub fn child(&self, id: u32) {
        *mode() = Mode::Child(Some(id));
    }
}

/// Starts listening for signals.
#[cfg(unix)]
pub fn watch() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    // Without a listener the default action holds: the process ends all the same, only wordlessly.
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP]) else {
        return;
    };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            act(signal);
        }
    });
}

/// Elsewhere the system's own default holds.
#[cfg(not(unix))]
pub fn watch() {}

#[cfg(unix)]
fn act(signal: i32) {
    use std::io::{IsTerminal, Write, stderr};

    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    use signal_hook::consts::SIGINT;

    let message = match &*mode() {
        Mode::End(message) => message.clone(),
        Mode::Prompt if signal == SIGINT => return,
        Mode::Prompt => None,
        Mode::Child(child) => {
            // The terminal sends Ctrl-C to the whole group; other signals reach only us.
            if let (Some(child), true, Ok(signal)) =
                (child, signal != SIGINT, Signal::try_from(signal))
            {
                let _ = kill(Pid::from_raw(child.cast_signed()), signal);
            }
            return;
        }
    };
    let mut stderr = stderr().lock();
    if stderr.is_terminal() {
        // Over the line of the spinner, or of the ^C.
        let _ = write!(stderr, "\r\x1b[2K");
    }
    if let Some(message) = message {
        let _ = writeln!(stderr, "{message}");
    }
    std::process::exit(128 + signal);
}
