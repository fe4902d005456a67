//! Which lab a command talks to, and as whom.

use crate::arguments::Global;
use crate::client::{Client, Login};
use crate::config::{Config, Context};
use crate::error::{Error, Result};
use crate::output::Output;

/// Where a lab on one's own machine listens.
pub const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// A client that is logged in, and the lab's address.
#[derive(Debug)]
pub struct Session<'a> {
    pub client: Client,
    pub output: &'a Output,
}

impl<'a> Session<'a> {
    /// Finds the login: a token given here, or the saved one of this lab. A saved token goes to no other
    /// address than the one that it came from.
    pub fn open(global: &Global, output: &'a Output) -> Result<Self> {
        let url = given_url(global)?;
        let client = match (given(global.token.as_ref()), url) {
            // With both given there is no need of the file, be it broken or not.
            (Some(token), Some(url)) => Client::new(url, Login::given(token), global, output),
            (Some(token), None) => {
                Client::new(url_or_default(global)?, Login::given(token), global, output)
            }
            (None, url) => {
                let (url, login) = saved(global, url)?;
                Client::new(url, login, global, output)
            }
        };
        Ok(Self { client, output })
    }
}

/// A client without a login, for what needs none.
pub fn anonymous(global: &Global, output: &Output) -> Result<Client> {
    Ok(Client::new(
        url_or_default(global)?,
        Login::none(),
        global,
        output,
    ))
}

/// The address that the options, the context or the default give.
pub fn url_or_default(global: &Global) -> Result<String> {
    if let Some(url) = given_url(global)? {
        return Ok(url);
    }
    Ok(known_url(global)?.unwrap_or_else(|| DEFAULT_URL.to_owned()))
}

/// The address of the context in use.
pub fn known_url(global: &Global) -> Result<Option<String>> {
    let config = Config::load()?;
    match given(global.context.as_ref()) {
        Some(name) => config
            .context(name)
            .map(|context| Some(context.url.clone())),
        None => Ok(config.current().map(|(_, context)| context.url.clone())),
    }
}

/// The address in the options, in the form in which it is saved.
pub fn given_url(global: &Global) -> Result<Option<String>> {
    given(global.url.as_ref()).map(normal_url).transpose()
}

/// A variable that is set to nothing is one that is not set.
pub fn given(value: Option<&String>) -> Option<&str> {
    value
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
}

fn saved(global: &Global, url: Option<String>) -> Result<(String, Login)> {
    let config = Config::load()?;
    let login_to = |url: &str| format!("run `pyk8s auth login --url {url}`");
    let found: Option<(&str, &Context)> = match (given(global.context.as_ref()), &url) {
        (Some(name), _) => Some((name, config.context(name)?)),
        (None, Some(url)) => config.for_url(url),
        (None, None) => config.current(),
    };
    let Some((name, context)) = found else {
        return Err(Error::NotLoggedIn(match url {
            Some(url) => format!("not logged in to {url}: {}", login_to(&url)),
            None => "not logged in: run `pyk8s auth login`".to_owned(),
        }));
    };
    if let Some(url) = url.filter(|url| *url != context.url) {
        return Err(Error::Usage(format!(
            "the context \"{name}\" is of {}, not of {url}: leave one of --context and --url out",
            context.url
        )));
    }
    match &context.token {
        Some(token) => Ok((context.url.clone(), Login::saved(token, name))),
        None => Err(Error::NotLoggedIn(format!(
            "not logged in to {0}: {1}",
            context.url,
            login_to(&context.url)
        ))),
    }
}

/// Reads an address as people write it: without a scheme it is https, on this machine http.
pub fn normal_url(text: &str) -> Result<String> {
    let wrong = |why: &str| Error::Usage(format!("\"{text}\" is no address of a lab: {why}"));
    let (scheme, rest) = match text.trim().split_once("://") {
        Some((scheme @ ("http" | "https"), rest)) => (scheme, rest),
        Some(_) => return Err(wrong("it starts with http:// or https://")),
        None if is_this_machine(text.trim()) => ("http", text.trim()),
        None => ("https", text.trim()),
    };
    let full = format!("{scheme}://{}", rest.trim_end_matches('/'));
    let uri: ureq::http::Uri = full
        .parse()
        .map_err(|_| wrong("write it as https://lab.example.org"))?;
    match uri.authority() {
        None => Err(wrong("the host is missing")),
        Some(authority) if authority.as_str().contains('@') => Err(wrong(
            "leave name and password out; `pyk8s auth login` asks for them",
        )),
        Some(_) if uri.query().is_some() || full.contains('#') => {
            Err(wrong("leave out what follows ? or #"))
        }
        Some(_) => Ok(full),
    }
}

/// Whether an address (with or without a scheme) is of this machine, where plain HTTP is no danger.
pub fn is_this_machine(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    host == "localhost"
        || host == "[::1]"
        || host
            .parse()
            .is_ok_and(|ip: std::net::Ipv4Addr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        let cases = [
            ("lab.example.org", "https://lab.example.org"),
            ("https://lab.example.org/", "https://lab.example.org"),
            ("https://example.org/lab/", "https://example.org/lab"),
            ("localhost:8080", "http://localhost:8080"),
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("[::1]:8080", "http://[::1]:8080"),
        ];
        for (text, url) in cases {
            assert_eq!(normal_url(text).unwrap(), url);
        }
    }

    #[test]
    fn what_is_no_address_is_a_usage_error() {
        for text in [
            "ftp://lab",
            "https://",
            "https://a:b@lab",
            "https://lab?x=1",
            "https://lab#x",
            "two words",
        ] {
            assert_eq!(
                normal_url(text).unwrap_err().code(),
                2,
                "{text:?} was accepted"
            );
        }
    }

    #[test]
    fn only_loopback_is_this_machine() {
        assert!(is_this_machine("http://127.0.0.1:1/x") && is_this_machine("localhost"));
        assert!(
            !is_this_machine("localhost.example.org") && !is_this_machine("http://10.0.0.1:8080")
        );
    }
}
