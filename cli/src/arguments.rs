//! The command line itself: what can be typed, and what `--help` says about it.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::error::EXIT_CODES;

/// Real Kubernetes clusters within seconds, gone when their time is over.
#[derive(Debug, Parser)]
#[command(name = "pyk8s", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command understands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// How to print what was asked for
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Table, value_name = "FORMAT")]
    pub output: Format,
    /// The lab's address, such as https://lab.example.org
    #[arg(long, global = true, env = "PYK8S_URL", value_name = "URL")]
    pub url: Option<String>,
    /// A token to use instead of a saved login (the variable keeps it out of the process list)
    #[arg(
        long,
        global = true,
        env = "PYK8S_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    pub token: Option<String>,
    /// The saved login to use, where there are several
    #[arg(long, global = true, env = "PYK8S_CONTEXT", value_name = "NAME")]
    pub context: Option<String>,
    /// How long one answer of the server may take
    #[arg(long, global = true, default_value = "30s", value_parser = duration, value_name = "TIME")]
    pub request_timeout: Duration,
    /// Only what was asked for, and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say on stderr what is asked of the server
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Log in to a lab, and out
    #[command(subcommand)]
    Auth(Auth),
    /// Make, use and delete clusters
    #[command(subcommand, visible_alias = "clusters")]
    Cluster(Cluster),
    /// What the lab can make clusters with
    #[command(subcommand, visible_alias = "providers")]
    Provider(Provider),
    /// Print a completion script for a shell, such as `source <(pyk8s completion bash)`
    Completion { shell: Shell },
    /// The version of this program and of the lab
    Version {
        /// Only of this program, without asking the server
        #[arg(long)]
        client: bool,
    },
    /// Documentation made from this program
    #[command(subcommand)]
    Docs(Docs),
}

#[derive(Debug, Subcommand)]
pub enum Auth {
    /// Log in and remember it
    Login(Credentials),
    /// Make an account, and log in to it
    Register(Credentials),
    /// Forget the saved login
    Logout {
        /// Forget all saved logins
        #[arg(long)]
        all: bool,
    },
    /// Who is logged in where, and until when
    Status,
    /// List the saved logins
    #[command(visible_alias = "ls")]
    List,
    /// Make another saved login the one that is used
    Switch { name: String },
}

/// Who logs in; what is missing is asked for.
#[derive(Debug, Args)]
pub struct Credentials {
    /// The account's email address
    #[arg(long)]
    pub email: Option<String>,
    /// Read the password from standard input
    #[arg(long)]
    pub password_stdin: bool,
}

#[derive(Debug, Subcommand)]
pub enum Cluster {
    /// List your clusters, newest first
    #[command(visible_alias = "ls")]
    List {
        /// Only those with this status
        #[arg(long, value_enum, ignore_case = true)]
        status: Option<Status>,
    },
    /// Ask for a new cluster
    Create(Create),
    /// Show one cluster and what happened to it
    #[command(visible_alias = "show")]
    Get { name: String },
    /// Delete clusters
    #[command(visible_alias = "rm")]
    Delete(Delete),
    /// Give a cluster more time
    Extend {
        name: String,
        /// Hours to add
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
        hours: u32,
    },
    /// Try again to make a cluster that failed
    Retry {
        name: String,
        #[command(flatten)]
        wait: Wait,
    },
    /// Wait until a cluster is running, or is gone
    Wait {
        name: String,
        /// What to wait for
        #[arg(long = "for", value_enum, default_value_t = Target::Running, value_name = "STATE")]
        target: Target,
        /// How long, such as 90s, 10m or 1h
        #[arg(long, default_value = "10m", value_parser = duration, value_name = "TIME")]
        timeout: Duration,
    },
    /// Show the provider's output and each change of a cluster
    #[command(visible_alias = "log")]
    Logs {
        name: String,
        /// Stay and show what comes, until the cluster is gone
        #[arg(short, long)]
        follow: bool,
    },
    /// Print a cluster's kubeconfig, and nothing else
    #[command(visible_alias = "kubeconfig")]
    GetKubeconfig { name: String },
    /// Make a cluster the current context of kubectl
    Use(UseContext),
    /// Remove from the kubeconfig what `use` put there
    Unuse { name: String },
    /// Run kubectl against a cluster: pyk8s cluster exec demo -- get pods
    Exec {
        name: String,
        /// Arguments for kubectl (from $KUBECTL or PATH)
        #[arg(
            trailing_var_arg = true,
            allow_hyphen_values = true,
            required = true,
            value_name = "KUBECTL ARGUMENTS"
        )]
        arguments: Vec<std::ffi::OsString>,
    },
}

#[derive(Debug, Args)]
pub struct Create {
    /// Name of the cluster: 3 to 50 of a-z, 0-9 and -
    #[arg(long, short, value_parser = cluster_name)]
    pub name: String,
    /// Hours until it is deleted
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), value_name = "HOURS")]
    pub ttl_hours: u32,
    /// What to make it with (see `pyk8s provider list`) [default: the lab's choice]
    #[arg(long)]
    pub provider: Option<String>,
    /// Number of nodes [default: the provider's]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub nodes: Option<u32>,
    /// How large each node is: small, medium or large [default: the lab's]
    #[arg(long, value_name = "SIZE")]
    pub node_size: Option<String>,
    /// What to install when it is up (see `pyk8s provider addons`); may be given again
    #[arg(long = "addon", value_name = "NAME")]
    pub addons: Vec<String>,
    /// Kubernetes version [default: the provider's]
    #[arg(long, value_name = "VERSION")]
    pub kubernetes_version: Option<String>,
    /// Make it the current context of kubectl, as soon as it is running
    #[arg(long = "use")]
    pub use_it: bool,
    #[command(flatten)]
    pub wait: Wait,
}

/// Whether to stay until it is done.
#[derive(Debug, Args)]
pub struct Wait {
    /// Stay until it is done, and show how it goes
    #[arg(long)]
    pub wait: bool,
    /// How long to wait, such as 90s, 10m or 1h
    #[arg(long, default_value = "10m", value_parser = duration, value_name = "TIME")]
    pub timeout: Duration,
}

#[derive(Debug, Args)]
pub struct Delete {
    /// The clusters to delete
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub names: Vec<String>,
    /// All your clusters
    #[arg(long)]
    pub all: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    #[command(flatten)]
    pub wait: Wait,
}

#[derive(Debug, Args)]
pub struct UseContext {
    pub name: String,
    /// Name of the context in the kubeconfig [default: pyk8s-NAME]
    #[arg(long = "as", value_name = "CONTEXT")]
    pub context_name: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Provider {
    /// List the providers, and why one does not work here
    #[command(visible_alias = "ls")]
    List,
    /// List what can be installed into new clusters
    Addons,
}

#[derive(Debug, Subcommand)]
pub enum Docs {
    /// Print the manual page, or write one for each command
    Man {
        /// Write the pages into this directory
        #[arg(long)]
        dir: Option<PathBuf>,
    },
}

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    Json,
    Yaml,
    /// Only names, one a line
    Name,
}

/// A cluster's status, as one can be asked for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Status {
    Provisioning,
    Running,
    Deleting,
    Error,
}

/// What `wait` waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Target {
    Running,
    Deleted,
}

/// `90s`, `10m`, `1h30m`, or a plain number of seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a time such as 90s, 10m or 1h30m".to_owned();
    if let Ok(seconds) = text.parse::<u32>() {
        return Ok(Duration::from_secs(seconds.into()));
    }
    let mut total = 0_u64;
    let mut digits = String::new();
    for character in text.chars() {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        let unit = match character {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => return Err(wrong()),
        };
        let count: u32 = digits.parse().map_err(|_| wrong())?;
        total += u64::from(count) * unit;
        digits.clear();
    }
    if text.is_empty() || !digits.is_empty() {
        return Err(wrong());
    }
    Ok(Duration::from_secs(total))
}

/// The lab's own rule for names, told before a request is made.
fn cluster_name(text: &str) -> Result<String, String> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let edges = !text.starts_with('-') && !text.ends_with('-');
    if (3..=50).contains(&text.len()) && edges && text.chars().all(inner) {
        return Ok(text.to_owned());
    }
    Err(
        "a name has 3 to 50 characters a-z, 0-9 and -, and neither starts nor ends with -"
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        let seconds = |text| duration(text).map(|time| time.as_secs());
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("10m"), Ok(600));
        assert_eq!(seconds("1h30m"), Ok(5400));
        assert_eq!(seconds("45"), Ok(45));
        for wrong in ["", "m", "10x", "1h30", "-5s", "5 m"] {
            assert!(duration(wrong).is_err(), "{wrong:?} was accepted");
        }
    }

    #[test]
    fn names_follow_the_rule_of_the_lab() {
        for good in ["abc", "a1-b2", "0ab", &"x".repeat(50)] {
            assert!(cluster_name(good).is_ok(), "{good:?} was refused");
        }
        for wrong in [
            "",
            "ab",
            "-abc",
            "abc-",
            "Abc",
            "a_b",
            "äbc",
            &"x".repeat(51),
        ] {
            assert!(cluster_name(wrong).is_err(), "{wrong:?} was accepted");
        }
    }

    #[test]
    fn exec_leaves_the_flags_of_kubectl_alone() {
        let arguments = Arguments::try_parse_from([
            "pyk8s", "cluster", "exec", "demo", "--", "get", "ns", "-o", "name",
        ]);
        let Command::Cluster(Cluster::Exec { arguments, .. }) = arguments.unwrap().command else {
            panic!("not exec");
        };
        assert_eq!(arguments, ["get", "ns", "-o", "name"]);
    }
}
