//! Running a tool.

use std::{
    ffi::{OsStr, OsString},
    io::{self, Read},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    ExecError,
    lines::{Tail, read_lines},
};

/// What a tool sees of the server's environment: nothing of its secrets.
const ENVIRONMENT: [&str; 19] = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    // Where Docker is, for kind and k3d.
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    // Where the Kubernetes is that the server runs in, for Helm.
    "KUBERNETES_SERVICE_HOST",
    "KUBERNETES_SERVICE_PORT",
    // How the world is reached, for what fetches charts and images.
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];
/// How long a tool has after it was asked to end, before it is killed.
const GRACE: Duration = Duration::from_secs(3);
/// How often is looked whether a tool has ended.
const POLL: Duration = Duration::from_millis(10);
/// How long its output is read on after it has ended: what it started may keep the pipe open for ever.
const DRAIN: Duration = Duration::from_millis(500);
/// The most that is captured of standard output, in bytes.
const MAX_CAPTURE: u64 = 4 * 1024 * 1024;

/// A program to be run, once.
#[derive(Debug, Clone)]
pub struct Tool {
    program: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    time_limit: Duration,
    capture: bool,
    reword: fn(String) -> String,
}

/// What a tool said, when it was asked to be captured.
#[derive(Debug, Clone, Default)]
pub struct Output {
    /// Its standard output.
    pub stdout: String,
}

impl Tool {
    /// Runs `program`, for two minutes at most.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            time_limit: Duration::from_secs(120),
            capture: false,
            reword: std::convert::identity,
        }
    }

    /// With these arguments, after those it has.
    #[must_use]
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// With a variable, beside the few that every tool sees.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env
            .push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Ended after this time.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Its standard output is given back and passed on to nobody: it may be a secret.
    #[must_use]
    pub fn capture(mut self) -> Self {
        self.capture = true;
        self
    }

    /// Each line of its output becomes another, for people to read.
    #[must_use]
    pub fn reword(mut self, reword: fn(String) -> String) -> Self {
        self.reword = reword;
        self
    }

    /// Runs it to its end; each line of its output goes to `lines`. A cancelled token ends it soon.
    ///
    /// # Errors
    /// [`ExecError`], with its last lines where it had any.
    pub async fn run(
        self,
        lines: mpsc::Sender<String>,
        cancel: &CancellationToken,
    ) -> Result<Output, ExecError> {
        let (done, answer) = oneshot::channel();
        // Dropping the guard, as when this future is dropped, ends the tool too.
        let stop = cancel.child_token();
        let _guard = stop.clone().drop_guard();
        let program = self.name();
        // A thread of its own: the child's death signal is bound to the thread that made it.
        thread::Builder::new()
            .name(format!("exec {program}"))
            .spawn(move || done.send(self.run_here(&lines, &stop)))
            .map_err(|source| ExecError::NotRunnable {
                program: program.clone(),
                source,
            })?;
        answer
            .await
            .unwrap_or(Err(ExecError::Cancelled { program }))
    }

    fn name(&self) -> String {
        self.program
            .file_name()
            .unwrap_or(self.program.as_os_str())
            .to_string_lossy()
            .into_owned()
    }

    fn run_here(
        self,
        lines: &mpsc::Sender<String>,
        stop: &CancellationToken,
    ) -> Result<Output, ExecError> {
        let program = self.name();
        if stop.is_cancelled() {
            return Err(ExecError::Cancelled { program });
        }
        let mut child = self.spawn().map_err(|source| ExecError::NotRunnable {
            program: self.program.display().to_string(),
            source,
        })?;
        let tail = Arc::new(Mutex::new(Tail::default()));
        let captured = Arc::new(Mutex::new(String::new()));
        let mut readers = Vec::new();
        if let Some(stderr) = child.stderr.take() {
            readers.push(self.pass_on(stderr, lines.clone(), tail.clone()));
        }
        if let Some(stdout) = child.stdout.take() {
            if self.capture {
                let captured = captured.clone();
                readers.push(thread::spawn(move || {
                    let mut text = Vec::new();
                    let _ = stdout.take(MAX_CAPTURE).read_to_end(&mut text);
                    *captured.lock().unwrap_or_else(PoisonError::into_inner) =
                        String::from_utf8_lossy(&text).into_owned();
                }));
            } else {
                readers.push(self.pass_on(stdout, lines.clone(), tail.clone()));
            }
        }
        let ended = self.wait(&mut child, stop);
        let drained = Instant::now() + DRAIN;
        while readers.iter().any(|reader| !reader.is_finished()) && Instant::now() < drained {
            thread::sleep(POLL);
        }
        let tail = || tail.lock().unwrap_or_else(PoisonError::into_inner).text();
        match ended {
            Ended::ByItself(Ok(status)) if status.success() => {
                let stdout =
                    std::mem::take(&mut *captured.lock().unwrap_or_else(PoisonError::into_inner));
                Ok(Output { stdout })
            }
            Ended::ByItself(Ok(status)) => Err(ExecError::Failed {
                program,
                status: in_words(status),
                tail: tail(),
            }),
            Ended::ByItself(Err(source)) => Err(ExecError::NotRunnable { program, source }),
            Ended::TimedOut => Err(ExecError::TimedOut {
                program,
                limit: self.time_limit,
                tail: tail(),
            }),
            Ended::Cancelled => Err(ExecError::Cancelled { program }),
        }
    }

    fn spawn(&self) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .env_clear()
            .envs(
                ENVIRONMENT
                    .iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        die_with_server(&mut command);
        command.spawn()
    }

    fn pass_on(
        &self,
        source: impl Read + Send + 'static,
        lines: mpsc::Sender<String>,
        tail: Arc<Mutex<Tail>>,
    ) -> thread::JoinHandle<()> {
        let reword = self.reword;
        thread::spawn(move || {
            read_lines(source, |line| {
                let line = reword(line);
                tail.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(line.clone());
                // A slow listener slows the tool; one that is gone does not end it.
                let _ = lines.blocking_send(line);
            });
        })
    }

    fn wait(&self, child: &mut Child, stop: &CancellationToken) -> Ended {
        let limit = Instant::now() + self.time_limit;
        loop {
            match child.try_wait() {
                Ok(None) => {}
                Ok(Some(status)) => return Ended::ByItself(Ok(status)),
                Err(error) => return Ended::ByItself(Err(error)),
            }
            if stop.is_cancelled() {
                end(child);
                return Ended::Cancelled;
            }
            if Instant::now() >= limit {
                end(child);
                return Ended::TimedOut;
            }
            thread::sleep(POLL);
        }
    }
}

enum Ended {
    ByItself(io::Result<ExitStatus>),
    TimedOut,
    Cancelled,
}

/// Asks the whole group to end, and kills it when it does not.
fn end(child: &mut Child) {
    let group = Pid::from_raw(child.id().cast_signed());
    // A signal to a group that is gone fails, and that is what was wanted.
    let _ = killpg(group, Signal::SIGTERM);
    let killed_at = Instant::now() + GRACE;
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < killed_at {
        thread::sleep(POLL);
    }
    let _ = killpg(group, Signal::SIGKILL);
    let _ = child.wait();
}

fn in_words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "no exit code".to_owned(),
    }
}

/// Has the kernel kill the child when the server ends in whatever way: one that was left would go on
/// working beside the one that the next server starts.
#[cfg(target_os = "linux")]
fn die_with_server(command: &mut Command) {
    let server = nix::unistd::getpid();
    let arm = move || {
        nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
        // The server may have ended before the signal was armed.
        if nix::unistd::getppid() == server {
            Ok(())
        } else {
            Err(io::Error::from(io::ErrorKind::BrokenPipe))
        }
    };
    // SAFETY: between fork and exec the closure makes two system calls and allocates nothing.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(arm);
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_server(_: &mut Command) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Tool {
        Tool::new("/bin/sh").args(["-c", script])
    }

    async fn run(tool: Tool) -> (Result<Output, ExecError>, Vec<String>) {
        let (sender, mut receiver) = mpsc::channel(8);
        let lines = tokio::spawn(async move {
            let mut lines = Vec::new();
            while let Some(line) = receiver.recv().await {
                if lines.len() < 10_000 {
                    lines.push(line);
                }
            }
            lines
        });
        let result = tool.run(sender, &CancellationToken::new()).await;
        (result, lines.await.unwrap())
    }

    /// Whether a process with these words in its arguments is there.
    fn is_running(words: &str) -> bool {
        let found = Command::new("pgrep")
            .args(["-f", words])
            .output()
            .expect("pgrep (procps) is installed");
        found.status.success()
    }

    #[tokio::test]
    async fn a_failure_carries_the_tools_own_words() {
        let (result, lines) = run(shell("echo one; echo two >&2; exit 3")).await;
        let error = result.unwrap_err().to_string();
        assert!(
            error.contains("exit code 3") && error.contains("two"),
            "{error}"
        );
        assert_eq!(lines.len(), 2);
    }

    #[tokio::test]
    async fn captured_output_is_passed_on_to_nobody() {
        let (result, lines) = run(shell("echo secret; echo told >&2").capture()).await;
        assert_eq!(result.unwrap().stdout, "secret\n");
        assert_eq!(lines, ["told"]);
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let (result, _) = run(Tool::new("/nowhere/kwokctl")).await;
        assert!(
            result
                .unwrap_err()
                .to_string()
                .contains("/nowhere/kwokctl can't be run")
        );
    }

    #[tokio::test]
    async fn a_tool_that_hangs_is_ended_with_its_whole_group() {
        let script = "trap '' TERM; sleep 7391 & sleep 7391; sleep 7391";
        let (result, _) = run(shell(script).time_limit(Duration::from_millis(300))).await;
        assert!(matches!(result, Err(ExecError::TimedOut { .. })));
        assert!(!is_running("sleep 7391"));
    }

    #[tokio::test]
    async fn a_cancelled_tool_ends_soon() {
        let (cancel, began) = (CancellationToken::new(), Instant::now());
        let (sender, _receiver) = mpsc::channel(1);
        let soon = cancel.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            soon.cancel();
        });
        let result = shell("sleep 7392").run(sender, &cancel).await;
        assert!(matches!(result, Err(ExecError::Cancelled { .. })));
        assert!(began.elapsed() < GRACE && !is_running("sleep 7392"));
    }

    #[tokio::test]
    async fn a_dropped_run_ends_its_tool() {
        let (sender, _receiver) = mpsc::channel(1);
        let cancel = CancellationToken::new();
        let run = shell("sleep 7393").run(sender, &cancel);
        assert!(
            tokio::time::timeout(Duration::from_millis(200), run)
                .await
                .is_err()
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!is_running("sleep 7393"));
    }

    #[tokio::test]
    async fn a_flood_is_passed_on_in_bounded_lines() {
        let (result, lines) = run(shell(
            "head -c 20000000 /dev/zero | tr '\\0' x; yes | head -n 20000",
        ))
        .await;
        result.unwrap();
        assert!(
            lines
                .iter()
                .all(|line| line.len() <= super::super::lines::MAX_LINE)
        );
    }

    #[tokio::test]
    async fn what_it_leaves_running_does_not_hold_it_up() {
        let (sender, mut lines) = mpsc::channel(8);
        let began = Instant::now();
        shell("setsid sleep 5 & echo done")
            .run(sender, &CancellationToken::new())
            .await
            .unwrap();
        assert!(began.elapsed() < Duration::from_secs(4));
        assert_eq!(lines.recv().await.as_deref(), Some("done"));
    }

    #[tokio::test]
    async fn a_tool_sees_a_clean_environment() {
        let (result, _) = run(shell("env").env("KWOK_WORKDIR", "/w").capture()).await;
        let stdout = result.unwrap().stdout;
        assert!(stdout.contains("KWOK_WORKDIR=/w") && stdout.contains("PATH="));
        // Cargo sets this one for every test.
        assert!(
            std::env::var_os("CARGO_MANIFEST_DIR").is_some() && !stdout.contains("CARGO"),
            "{stdout}"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_tool_dies_with_the_thread_that_made_it() {
        let mut child = thread::spawn(|| shell("sleep 7394").spawn().unwrap())
            .join()
            .unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(9));
    }
}
