//! PostgreSQL and Redis, for real: those that the environment names, else from the machine's own binaries in a
//! temporary directory. They end with the test's process, however it ends.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use diesel::{Connection, PgConnection, connection::SimpleConnection};
use tempfile::TempDir;

use super::{eventually, seconds};

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A command that ends when this process does. PostgreSQL does not run as root.
fn servant(program: &str, signal: &str, as_nobody: bool) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", signal]);
    if as_nobody && nix::unistd::geteuid().is_root() {
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]);
    }
    command
        .args(["--", program])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Starts a process whose end this process's end is: not that of the thread that asks.
fn spawn(mut command: Command) -> Child {
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let _ = sender.send(command.spawn());
        // The kernel tells a child when the thread that made it ends.
        loop {
            thread::park();
        }
    });
    let spawned = receiver.recv().unwrap();
    spawned.expect("setpriv (util-linux) is installed")
}

fn signal(child: &Child, signal: &str) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
    assert!(sent.success());
}

/// A PostgreSQL server of its own.
pub struct Postgres {
    folder: TempDir,
    port: u16,
    server: Option<Child>,
}

/// How the folders of the servers begin; the tests' process id follows.
const FOLDERS: &str = "pyk8s-lab-test-pg-";

/// Removes the folders that tests which are over could not remove themselves.
fn forget_the_dead() {
    for entry in fs::read_dir(std::env::temp_dir())
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix(FOLDERS)?.split_once('-'));
        if owner.is_some_and(|(pid, _)| !PathBuf::from("/proc").join(pid).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

static DATABASES: AtomicU32 = AtomicU32::new(1);

/// Makes an empty database on the server at `url`; its address.
fn new_database(url: &str) -> String {
    let number = DATABASES.fetch_add(1, Ordering::SeqCst);
    let name = format!("lab_test_{}_{number}", std::process::id());
    let mut connection = PgConnection::establish(url).unwrap();
    connection
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .unwrap();
    let mut url = url::Url::parse(url).unwrap();
    url.set_path(&name);
    url.into()
}

/// An empty database on a server that all tests share: `TEST_DATABASE_URL`'s, or one of their own.
pub fn shared_database() -> String {
    static SHARED: OnceLock<String> = OnceLock::new();
    let url = SHARED.get_or_init(|| match std::env::var("TEST_DATABASE_URL") {
        Ok(url) => url,
        Err(_) => {
            forget_the_dead();
            let server = Postgres::start();
            let url = server.url();
            // Nobody drops a static.
            std::mem::forget(server);
            url
        }
    });
    new_database(url)
}

/// The address of a Redis that all tests share: `TEST_REDIS_URL`, or one of their own.
pub fn shared_redis() -> String {
    static SHARED: OnceLock<String> = OnceLock::new();
    let url = SHARED.get_or_init(|| match std::env::var("TEST_REDIS_URL") {
        Ok(url) => url,
        Err(_) => {
            let server = Redis::start();
            let url = server.url();
            std::mem::forget(server);
            url
        }
    });
    url.clone()
}

fn postgres_binary(name: &str) -> String {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin").join(name))
        .filter(|path| path.exists())
        .collect();
    versions.sort();
    let newest = versions.pop();
    newest.map_or_else(|| name.to_owned(), |path| path.display().to_string())
}

impl Postgres {
    pub fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix(&format!("{FOLDERS}{}-", std::process::id()))
            .tempdir()
            .unwrap();
        if nix::unistd::geteuid().is_root() {
            let owned = Command::new("chown")
                .arg("nobody")
                .arg(folder.path())
                .status();
            assert!(owned.unwrap().success());
        }
        let data = folder.path().join("data");
        let made = servant(&postgres_binary("initdb"), "KILL", true)
            .args(["-U", "lab", "--auth=trust", "--no-sync", "-E", "UTF8", "-D"])
            .arg(&data)
            .status()
            .unwrap();
        assert!(made.success(), "initdb (postgresql) is installed and works");
        let mut server = Self {
            folder,
            port: free_port(),
            server: None,
        };
        server.start_again();
        server
    }

    /// The address of its maintenance database.
    pub fn url(&self) -> String {
        format!("postgres://lab@127.0.0.1:{}/postgres", self.port)
    }

    /// An empty database; its address.
    pub fn database(&self) -> String {
        new_database(&self.url())
    }

    /// Ends it at once, with all its connections.
    pub fn stop(&mut self) {
        let mut server = self.server.take().unwrap();
        signal(&server, "-INT");
        server.wait().unwrap();
    }

    pub fn start_again(&mut self) {
        let mut command = servant(&postgres_binary("postgres"), "INT", true);
        command
            .arg("-D")
            .arg(self.folder.path().join("data"))
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-F", "-k"])
            .arg(self.folder.path());
        self.server = Some(spawn(command));
        eventually("PostgreSQL answers", seconds(30), || {
            PgConnection::establish(&self.url()).ok()
        });
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// A Redis server of its own.
pub struct Redis {
    folder: TempDir,
    port: u16,
    server: Option<Child>,
}

impl Redis {
    pub fn start() -> Self {
        let mut server = Self {
            folder: tempfile::tempdir().unwrap(),
            port: free_port(),
            server: None,
        };
        server.start_again();
        server
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Ends it as a crash does.
    pub fn stop(&mut self) {
        let mut server = self.server.take().unwrap();
        server.kill().unwrap();
        server.wait().unwrap();
    }

    pub fn start_again(&mut self) {
        let mut command = servant("redis-server", "KILL", false);
        command
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(self.folder.path());
        self.server = Some(spawn(command));
        eventually("Redis answers", seconds(30), || {
            TcpStream::connect(("127.0.0.1", self.port)).ok()
        });
    }

    /// Forgets everything.
    pub fn flush(&self) {
        let flushed = Command::new("redis-cli")
            .args(["-p", &self.port.to_string(), "FLUSHALL"])
            .output()
            .expect("redis-cli (redis-tools) is installed");
        assert!(flushed.status.success());
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}
