//! The built `pyk8s`, with a home of its own.

use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use super::Lab;

pub const PASSWORD: &str = "correct horse battery";

/// Somebody at a shell.
pub struct Pyk8s {
    home: tempfile::TempDir,
    url: String,
}

/// How a command ended, and what it said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("what pyk8s says is UTF-8");
        Self {
            code: output.status.code().expect("pyk8s ends by itself"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

impl Said {
    /// It went well; what is on stdout.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// It ended with this code, nothing on stdout, and one line that has all these words.
    #[track_caller]
    pub fn fails(self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.out, "");
        let errors: Vec<_> = self
            .err
            .lines()
            .filter(|line| line.starts_with("error: "))
            .collect();
        assert_eq!(errors.len(), 1, "{self:?}");
        for word in words {
            assert!(errors[0].contains(word), "{word:?} in {:?}", errors[0]);
        }
        assert!(
            !self.err.contains("panicked") && !self.err.contains("backtrace"),
            "{self:?}"
        );
    }
}

impl Pyk8s {
    /// At home where nobody has logged in yet.
    pub fn new(url: &str) -> Self {
        Self {
            home: tempfile::Builder::new()
                .prefix("pyk8s-test-")
                .tempdir()
                .unwrap(),
            url: url.to_owned(),
        }
    }

    /// Registered with the lab, and logged in.
    pub fn registered(lab: &Lab, email: &str) -> Self {
        let shell = Self::new(&lab.url);
        let args = ["auth", "register", "--email", email, "--password-stdin"];
        shell.run_with(&args, PASSWORD).ok();
        shell
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The same home, for a lab elsewhere: a proxy of it.
    pub fn at(self, url: &str) -> Self {
        Self {
            url: url.to_owned(),
            ..self
        }
    }

    /// The command, not yet started: its environment is only what is set here.
    pub fn command(&self, args: &[&str]) -> Command {
        let binary = Path::new(env!("CARGO_BIN_EXE_pyk8s-lab")).with_file_name("pyk8s");
        assert!(
            binary.exists(),
            "{} is not built: cargo build --workspace",
            binary.display()
        );
        let mut command = Command::new(binary);
        command
            .args(args)
            .env_clear()
            .env("HOME", self.home())
            .env("PYK8S_URL", &self.url)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Said {
        self.command(args).output().unwrap().into()
    }

    /// With this on its stdin.
    pub fn run_with(&self, args: &[&str], stdin: &str) -> Said {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(stdin.as_bytes()).unwrap();
        drop(pipe);
        child.wait_with_output().unwrap().into()
    }

    /// What it prints with `-o json`.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        let out = self.run(&[args, &["-o", "json"]].concat()).ok();
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("no JSON ({error}): {out}"))
    }

    /// The token that it has saved.
    pub fn token(&self) -> String {
        let config = self.home().join(".config/pyk8s-lab/config.yaml");
        let text = std::fs::read_to_string(config).unwrap();
        let line = text
            .lines()
            .find_map(|line| line.trim().strip_prefix("token: "));
        line.expect("a token is saved").to_owned()
    }
}
