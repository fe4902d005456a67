//! The saved logins: `config.yaml`, with any number of named contexts.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::persist;

/// The name of the first context, unless another is given.
pub const DEFAULT_CONTEXT: &str = "default";

/// The file's content.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Config {
    /// The context that is used when none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_context: Option<String>,
    /// All contexts by name.
    #[serde(default, deserialize_with = "or_empty")]
    pub contexts: BTreeMap<String, Context>,
}

/// One lab, and one login to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Context {
    /// The lab's address.
    pub url: String,
    /// Who is logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The token; gone after a logout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// When the token ends, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// `contexts:` with nothing behind it is what an editor leaves when the last one is cut out.
fn or_empty<'de, D, T>(deserializer: D) -> std::result::Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// `$XDG_CONFIG_HOME/pyk8s-lab/config.yaml`, or below `~/.config`.
pub fn path() -> Result<PathBuf> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base =
        absolute("XDG_CONFIG_HOME").or_else(|| env::home_dir().map(|home| home.join(".config")));
    match base {
        Some(base) => Ok(base.join("pyk8s-lab").join("config.yaml")),
        None => Err(Error::Failed(
            "there is no home directory: set HOME or XDG_CONFIG_HOME".to_owned(),
        )),
    }
}

impl Config {
    /// Reads the file; one that is not there is an empty one.
    pub fn load() -> Result<Self> {
        let path = path()?;
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Error::file("read", &path, &error)),
        };
        let parsed: Option<Self> = serde_norway::from_str(&text).map_err(|error| {
            Error::Failed(format!(
                "{} is broken ({error}): mend it, or remove it and run `pyk8s auth login`",
                path.display()
            ))
        })?;
        Ok(parsed.unwrap_or_default())
    }

    /// Writes the file: 0600 in a folder of 0700, whatever they were before.
    pub fn save(&self) -> Result {
        let path = path()?;
        let text = serde_norway::to_string(self)
            .map_err(|error| Error::Failed(format!("cannot write {}: {error}", path.display())))?;
        if let Some(folder) = path.parent() {
            persist::private_folder(folder)?;
            persist::make_private(folder, 0o700)?;
        }
        persist::replace(&path, &text)?;
        persist::make_private(&path, 0o600)
    }

    /// The context that is called `name`, or a message with the names that exist.
    pub fn context(&self, name: &str) -> Result<&Context> {
        self.contexts.get(name).ok_or_else(|| {
            let known: Vec<_> = self.contexts.keys().map(String::as_str).collect();
            Error::NotFound(match known.as_slice() {
                [] => format!(
                    "there is no context \"{name}\": run `pyk8s auth login --context {name}`"
                ),
                known => format!(
                    "there is no context \"{name}\"; there is {}",
                    known.join(", ")
                ),
            })
        })
    }

    /// The context in use, if it is still there.
    pub fn current(&self) -> Option<(&str, &Context)> {
        let name = self.current_context.as_deref()?;
        self.contexts.get(name).map(|context| (name, context))
    }

    /// The context for a lab: the one in use if it is of this lab, else the first that is.
    pub fn for_url(&self, url: &str) -> Option<(&str, &Context)> {
        let others = self
            .contexts
            .iter()
            .map(|(name, context)| (name.as_str(), context));
        self.current()
            .into_iter()
            .chain(others)
            .find(|(_, context)| context.url == url)
    }

    /// The name under which a login to `url` is saved when the user gives none: a known lab's is
    /// renewed, and a new lab never takes the place of another one.
    pub fn name_for_url(&self, url: &str) -> String {
        if let Some((name, _)) = self.for_url(url) {
            return name.to_owned();
        }
        if !self.contexts.contains_key(DEFAULT_CONTEXT) {
            return DEFAULT_CONTEXT.to_owned();
        }
        let host = url.split_once("://").map_or(url, |(_, rest)| rest);
        host.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(contexts: &[(&str, &str)]) -> Config {
        let context = |url: &str| Context {
            url: url.to_owned(),
            email: None,
            token: None,
            expires_at: None,
        };
        Config {
            current_context: contexts.first().map(|(name, _)| (*name).to_owned()),
            contexts: contexts
                .iter()
                .map(|(name, url)| ((*name).to_owned(), context(url)))
                .collect(),
        }
    }

    #[test]
    fn a_second_lab_does_not_take_the_place_of_the_first() {
        assert_eq!(config(&[]).name_for_url("http://a"), "default");
        let one = config(&[("default", "http://a")]);
        assert_eq!(one.name_for_url("http://a"), "default");
        assert_eq!(one.name_for_url("https://b:8443"), "b:8443");
    }

    #[test]
    fn the_context_in_use_comes_first_for_its_lab() {
        let both = config(&[("second", "http://a"), ("first", "http://a")]);
        assert_eq!(both.for_url("http://a").unwrap().0, "second");
        assert!(both.for_url("http://elsewhere").is_none());
    }

    #[test]
    fn an_emptied_file_is_an_empty_config() {
        let parsed: Config = serde_norway::from_str("contexts:\n").unwrap();
        assert!(parsed.contexts.is_empty());
    }

    #[test]
    fn a_missing_context_names_those_that_exist() {
        let error = config(&[("a", "http://a"), ("b", "http://b")])
            .context("c")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no context \"c\"; there is a, b"
        );
    }
}
