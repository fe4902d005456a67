//! Why there was no answer at all, and what the user can do about it.

use std::fmt;
use std::io::ErrorKind;
use std::time::Duration;

use crate::error::Error;

/// A request that got no answer.
#[derive(Debug)]
pub enum Failure {
    /// Nobody listens there.
    Refused(String),
    /// There is no way to the host at the moment.
    Unreachable(String),
    /// The connection broke before the answer was complete.
    Broken(String),
    /// It took too long.
    Slow,
    /// It took too long to connect.
    SlowConnect,
    /// The name is in no DNS.
    UnknownHost,
    /// The other side is not who it should be, or does not speak TLS.
    Tls(String),
    /// What came back is not HTTP.
    NotHttp(String),
    /// Anything else.
    Other(String),
}

impl Failure {
    /// Whether another try may go better. One that surely never arrived may always be sent again; a
    /// broken one only when it is `safe` to do it twice. Time-outs are not: the user has waited enough.
    pub fn may_pass(&self, safe: bool) -> bool {
        match self {
            Self::Refused(_) | Self::Unreachable(_) => true,
            Self::Broken(_) => safe,
            _ => false,
        }
    }

    /// The one line for the user.
    pub fn explain(&self, url: &str, timeout: Duration, safe: bool) -> Error {
        let text = match self {
            Self::Refused(why) | Self::Unreachable(why) => {
                format!(
                    "cannot reach the lab at {url} ({why}): is it running, and is the address right? (--url)"
                )
            }
            Self::Broken(why) if safe => {
                format!(
                    "the connection to {url} broke again and again ({why}): try later, or look at the server's log"
                )
            }
            Self::Broken(why) => format!(
                "the connection to {url} broke before the answer came ({why}): \
                 it may have been done or not, so look before you repeat it"
            ),
            Self::SlowConnect => {
                return Error::TimedOut(format!(
                    "cannot reach the lab at {url}: no connection in time; is the address right? (--url)"
                ));
            }
            Self::Slow => {
                return Error::TimedOut(format!(
                    "the lab at {url} did not answer within {} s: try again, or give it longer (--request-timeout)",
                    timeout.as_secs()
                ));
            }
            Self::UnknownHost => {
                format!("there is no host of the name in {url}: is the address right? (--url)")
            }
            Self::Tls(why) => why_tls(url, why),
            Self::NotHttp(why) => format!(
                "what listens at {url} does not speak HTTP ({why}): is the address right, and is it https? (--url)"
            ),
            Self::Other(why) => format!("the request to {url} failed: {why}"),
        };
        Error::Failed(text)
    }
}

fn why_tls(url: &str, why: &str) -> String {
    if why.contains("InvalidContentType") || why.contains("corrupt message") {
        return format!(
            "what listens at {url} does not speak TLS: if the lab has none, use its http:// address (--url)"
        );
    }
    format!(
        "the certificate of {url} is not trusted ({why}): \
         check the address, or name your authority's certificates in SSL_CERT_FILE"
    )
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why)
            | Self::Unreachable(why)
            | Self::Broken(why)
            | Self::Tls(why)
            | Self::NotHttp(why)
            | Self::Other(why) => f.write_str(why),
            Self::Slow => f.write_str("no answer in time"),
            Self::SlowConnect => f.write_str("no connection in time"),
            Self::UnknownHost => f.write_str("unknown host"),
        }
    }
}

impl From<ureq::Error> for Failure {
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::Io(error) => Self::from(error),
            ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
                Self::SlowConnect
            }
            ureq::Error::Timeout(_) => Self::Slow,
            ureq::Error::HostNotFound => Self::UnknownHost,
            ureq::Error::ConnectionFailed => Self::Unreachable("no connection".to_owned()),
            ureq::Error::Tls(why) => Self::Tls(why.to_owned()),
            ureq::Error::Rustls(error) => Self::Tls(error.to_string()),
            ureq::Error::Protocol(error) => Self::NotHttp(error.to_string()),
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        // ureq and rustls hide their own errors in those of a stream.
        if error
            .get_ref()
            .is_some_and(|inner| inner.is::<ureq::Error>())
        {
            return Self::from(ureq::Error::from(error));
        }
        if let Some(tls) = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
        {
            return Self::Tls(match tls {
                rustls::Error::InvalidMessage(what) => format!("{what:?}"),
                other => other.to_string(),
            });
        }
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Refused("connection refused".to_owned()),
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
                Self::Unreachable("no route to it".to_owned())
            }
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof => Self::Broken(
                match error.kind() {
                    ErrorKind::UnexpectedEof => "closed",
                    _ => "reset",
                }
                .to_owned(),
            ),
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Self::Slow,
            _ if error.to_string().contains("failed to lookup address") => Self::UnknownHost,
            _ => Self::Other(error.to_string()),
        }
    }
}
