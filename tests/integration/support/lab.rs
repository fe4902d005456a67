//! The real server in a temporary data directory.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};

use super::{Answer, Person, eventually, seconds, shared_database, shared_redis};

/// The server; with it goes everything that it has started.
pub struct Lab {
    server: Child,
    settings: Vec<(String, String)>,
    folder: tempfile::TempDir,
    pub url: String,
}

impl Lab {
    /// Opens a lab with these settings beside the tests' own; on PostgreSQL and Redis where
    /// `TEST_DATABASE=postgres` says so.
    pub fn open(settings: &[(&str, &str)]) -> Self {
        match std::env::var("TEST_DATABASE").as_deref() {
            Ok("postgres") => {
                Self::open_in_production(&shared_database(), &shared_redis(), settings)
            }
            _ => Self::open_with(settings),
        }
    }

    /// Opens a lab on this PostgreSQL and this Redis.
    pub fn open_in_production(database: &str, redis: &str, settings: &[(&str, &str)]) -> Self {
        let production = [
            ("DATABASE_URL", database),
            ("REDIS_URL", redis),
            (
                "SECRET_KEY",
                "c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMgbG9uZw",
            ),
            (
                "ENCRYPTION_KEY",
                "s8eUdJMgJTrwcr5MVwGe2FO3rIFmpBbSqyNl9Kd4cDo=",
            ),
        ];
        Self::open_with(&[&production, settings].concat())
    }

    /// Opens a lab on its own SQLite.
    pub fn open_embedded(settings: &[(&str, &str)]) -> Self {
        Self::open_with(settings)
    }

    fn open_with(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("pyk8s-lab-test-")
            .tempdir()
            .unwrap();
        let settings: Vec<_> = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let (server, url) = start(folder.path(), &settings, "127.0.0.1:0");
        Self {
            server,
            settings,
            folder,
            url,
        }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// All that the server has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder().join("server.log")).unwrap()
    }

    /// Ends the server as a crash does.
    pub fn crash(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// Ends the server in order.
    pub fn stop(&mut self) -> ExitStatus {
        let pid = self.server.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        eventually("the server ends", seconds(30), || {
            self.server.try_wait().unwrap()
        })
    }

    /// Starts the server again, with other settings where given, at the same address.
    pub fn start_again(&mut self, settings: &[(&str, &str)]) {
        for (name, value) in settings {
            self.settings.retain(|(known, _)| known != name);
            self.settings
                .push(((*name).to_owned(), (*value).to_owned()));
        }
        let address = self.url.strip_prefix("http://").unwrap().to_owned();
        (self.server, self.url) = start(self.folder.path(), &self.settings, &address);
    }

    /// Another server of the same lab, on the same host.
    pub fn replica(&self, settings: &[(&str, &str)]) -> Replica {
        let more = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let settings: Vec<_> = self.settings.iter().cloned().chain(more).collect();
        let (server, url) = start(self.folder(), &settings, "127.0.0.1:0");
        Replica { server, url }
    }

    /// Does this to the embedded database.
    pub fn sql(&self, statements: &str) {
        let path = self.folder().join("lab.db");
        SqliteConnection::establish(path.to_str().unwrap())
            .unwrap()
            .batch_execute(statements)
            .unwrap();
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        self.server.id()
    }

    /// A subcommand on the same data directory.
    pub fn command(&self, args: &[&str], stdin: &str) -> std::process::Output {
        use std::io::Write;
        let mut child = binary(self.folder(), &self.settings)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(stdin.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    }

    /// A person who has just registered.
    pub fn person(&self, email: &str) -> Person {
        Person::register(&self.url, email)
    }

    /// Asks without being anybody.
    pub fn get(&self, path: &str) -> Answer {
        Person::nobody(&self.url).get(path)
    }

    /// The processes of this lab's clusters: their arguments, a line each.
    pub fn processes(&self) -> Vec<String> {
        let mark = format!("{}/kwok/clusters/", self.folder().display());
        processes_with(&mark)
            .into_iter()
            .map(|(_, arguments)| arguments)
            .collect()
    }

    /// The process ids of this lab's clusters.
    pub fn pids(&self, words: &str) -> Vec<String> {
        let mark = format!("{}/kwok/clusters/", self.folder().display());
        processes_with(&mark)
            .into_iter()
            .filter(|(_, arguments)| arguments.contains(words))
            .map(|(pid, _)| pid)
            .collect()
    }

    /// What is left of clusters in the data directory.
    pub fn remains(&self) -> Vec<PathBuf> {
        ["kwok/clusters", "kwok/given"]
            .iter()
            .filter_map(|folder| std::fs::read_dir(self.folder().join(folder)).ok())
            .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
            .collect()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
        // Clusters outlive their server.
        for (pid, _) in processes_with(&format!("{}/", self.folder.path().display())) {
            let _ = Command::new("kill").args(["-9", &pid]).status();
        }
    }
}

/// A further server of a lab.
pub struct Replica {
    server: Child,
    pub url: String,
}

impl Replica {
    /// Ends it as a crash does.
    pub fn crash(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn processes_with(mark: &str) -> Vec<(String, String)> {
    let listed = Command::new("ps")
        .args(["-eo", "pid=,args="])
        .output()
        .expect("ps (procps) is installed");
    String::from_utf8_lossy(&listed.stdout)
        .lines()
        .filter(|line| line.contains(mark))
        .filter_map(|line| line.trim().split_once(' '))
        .map(|(pid, arguments)| (pid.to_owned(), arguments.to_owned()))
        .collect()
}

fn binary(folder: &Path, settings: &[(String, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pyk8s-lab"));
    command
        .env("DATA_DIR", folder)
        .env("RATE_LIMIT_AUTH", "0")
        // Whatever else works on this machine.
        .env("PROVIDER", "kwok")
        // What the tests of kind are given is for them alone.
        .env_remove("DOCKER_HOST")
        .env_remove("KIND_NODE_IMAGES")
        // A failed test shows the log: without each request in it.
        .env(
            "RUST_LOG",
            "info,kube_client=off,pyk8s_lab::web::observe=warn",
        )
        .envs(settings.iter().map(|(name, value)| (name, value)));
    command
}

fn start(folder: &Path, settings: &[(String, String)], address: &str) -> (Child, String) {
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join("server.log"))
        .unwrap();
    let mut server = binary(folder, settings)
        .env("LISTEN_ADDR", address)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut said)
        .unwrap();
    let address = said
        .split(['/', ' ', ')', '\n'])
        .rfind(|word| word.parse::<SocketAddr>().is_ok());
    let Some(address) = address else {
        let log = std::fs::read_to_string(folder.join("server.log")).unwrap();
        panic!("the server did not come up:\n{log}");
    };
    (server, format!("http://{address}"))
}
