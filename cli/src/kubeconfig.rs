//! Other people's file: `$KUBECONFIG` or `~/.kube/config`. A cluster is put in as one context, and taken out
//! again; everything else stays as it was. What is ours is marked by an extension, as minikube does it.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_norway::{Mapping, Value};

use crate::error::{Error, Result};
use crate::persist::{self, Lock};

/// The name of the extension that marks what is ours.
const MARK: &str = "pyk8s-lab";

/// What the mark says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Mark {
    /// The lab's address.
    pub lab: String,
    /// The cluster's name.
    pub cluster: String,
    /// The cluster's id.
    pub id: String,
    /// The context that was current before, which `unuse` makes current again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_context: Option<String>,
}

/// A context of ours in a file.
#[derive(Debug)]
pub struct Found {
    pub path: PathBuf,
    pub context: String,
    pub mark: Mark,
}

/// The files that kubectl reads, in its order.
pub fn files() -> Result<Vec<PathBuf>> {
    let listed: Vec<PathBuf> = env::var_os("KUBECONFIG")
        .map(|list| {
            env::split_paths(&list)
                .filter(|path| !path.as_os_str().is_empty())
                .collect()
        })
        .unwrap_or_default();
    if !listed.is_empty() {
        return Ok(listed);
    }
    match env::home_dir() {
        Some(home) => Ok(vec![home.join(".kube").join("config")]),
        None => Err(Error::Failed(
            "there is no home directory: set KUBECONFIG".to_owned(),
        )),
    }
}

/// The file that kubectl puts new things in: the first that is there, else the last.
fn file_for_new() -> Result<PathBuf> {
    let files = files()?;
    let there = files.iter().find(|path| path.exists());
    there
        .or(files.last())
        .cloned()
        .ok_or_else(|| Error::Failed("KUBECONFIG names no file".to_owned()))
}

/// Puts a cluster's kubeconfig in as the current context `name`, and tells which file it is in now.
pub fn add(name: &str, kubeconfig: &str, mark: &Mark) -> Result<PathBuf> {
    let path = file_for_new()?;
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        persist::private_folder(folder)?;
    }
    let _lock = Lock::take(&path)?;
    let mut file = File::read(&path)?;
    let new: Value = serde_norway::from_str(kubeconfig).map_err(|error| {
        Error::Failed(format!(
            "the lab's kubeconfig is no YAML ({error}): report this"
        ))
    })?;
    file.put(name, &new, mark)?;
    file.write()?;
    Ok(path)
}

/// All contexts of ours in the files that kubectl reads.
pub fn ours() -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for path in files()? {
        let file = File::read(&path)?;
        for entry in file.entries("contexts") {
            if let (Some(mark), Some(context)) = (mark_of(entry, "context"), name_of(entry)) {
                found.push(Found {
                    path: path.clone(),
                    context: context.to_owned(),
                    mark,
                });
            }
        }
    }
    Ok(found)
}

/// Takes out a context of ours, and gives the name of the context that is current now.
pub fn remove(found: &Found) -> Result<Option<String>> {
    let _lock = Lock::take(&found.path)?;
    let mut file = File::read(&found.path)?;
    file.take_out(&found.context);
    file.write()?;
    Ok(file.current_context().map(str::to_owned))
}

/// One kubeconfig, kept as it was read, with every field that we know nothing of.
#[derive(Debug)]
struct File {
    path: PathBuf,
    root: Mapping,
}

impl File {
    fn read(path: &Path) -> Result<Self> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Error::file("read", path, &error)),
        };
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self> {
        let broken = |why: String| {
            Error::Failed(format!(
                "{} is no kubeconfig ({why}): mend it, or set KUBECONFIG",
                path.display()
            ))
        };
        let value: Value =
            serde_norway::from_str(text).map_err(|error| broken(error.to_string()))?;
        let root = match value {
            Value::Null => Mapping::new(),
            Value::Mapping(root) => root,
            _ => return Err(broken("it is not a mapping".to_owned())),
        };
        for list in ["clusters", "users", "contexts"] {
            if !matches!(
                root.get(list),
                None | Some(Value::Null | Value::Sequence(_))
            ) {
                return Err(broken(format!("{list} is not a list")));
            }
        }
        Ok(Self {
            path: path.to_owned(),
            root,
        })
    }

    fn text(&self) -> Result<String> {
        serde_norway::to_string(&self.root).map_err(|error| {
            Error::Failed(format!("cannot write {}: {error}", self.path.display()))
        })
    }

    fn write(&self) -> Result {
        persist::replace(&self.path, &self.text()?)
    }

    fn entries(&self, list: &str) -> &[Value] {
        self.root
            .get(list)
            .and_then(Value::as_sequence)
            .map_or(&[], Vec::as_slice)
    }

    fn current_context(&self) -> Option<&str> {
        self.root
            .get("current-context")?
            .as_str()
            .filter(|name| !name.is_empty())
    }

    fn put(&mut self, name: &str, new: &Value, mark: &Mark) -> Result {
        for (list, body) in [
            ("clusters", "cluster"),
            ("users", "user"),
            ("contexts", "context"),
        ] {
            let taken = self
                .entries(list)
                .iter()
                .find(|entry| name_of(entry) == Some(name));
            let others = taken.filter(|entry| {
                // A cluster that was made anew under its old name takes the place of the old one.
                mark_of(entry, body)
                    .is_none_or(|old| old.lab != mark.lab || old.cluster != mark.cluster)
            });
            if others.is_some() {
                return Err(Error::Failed(format!(
                    "{} already has another \"{name}\" in its {list}: choose a name with --as",
                    self.path.display()
                )));
            }
        }
        let (cluster, user, namespace) = parts(new)?;
        let mark = Mark {
            previous_context: self.previous(name),
            ..mark.clone()
        };
        let mut context = Mapping::from_iter([
            ("cluster".into(), Value::from(name)),
            ("user".into(), Value::from(name)),
        ]);
        context.extend(namespace.map(|namespace| (Value::from("namespace"), namespace)));
        self.set("clusters", name, "cluster", cluster, &mark)?;
        self.set("users", name, "user", user, &mark)?;
        self.set("contexts", name, "context", context, &mark)?;
        for (key, value) in [("apiVersion", "v1"), ("kind", "Config")] {
            self.root.entry(key.into()).or_insert(value.into());
        }
        self.root.insert("current-context".into(), name.into());
        Ok(())
    }

    /// The context to go back to: the current one, or what was noted when ours became current.
    fn previous(&self, name: &str) -> Option<String> {
        let current = self.current_context()?;
        if current != name {
            return Some(current.to_owned());
        }
        let entry = self
            .entries("contexts")
            .iter()
            .find(|entry| name_of(entry) == Some(name))?;
        mark_of(entry, "context")?.previous_context
    }

    fn set(
        &mut self,
        list: &str,
        name: &str,
        body: &str,
        mut value: Mapping,
        mark: &Mark,
    ) -> Result {
        let mark = serde_norway::to_value(mark)
            .map_err(|error| Error::Failed(format!("cannot mark the context: {error}")))?;
        let extension =
            Mapping::from_iter([("name".into(), MARK.into()), ("extension".into(), mark)]);
        match value
            .entry("extensions".into())
            .or_insert_with(|| Value::Sequence(Vec::new()))
        {
            Value::Sequence(extensions) => extensions.push(extension.into()),
            other => *other = Value::Sequence(vec![extension.into()]),
        }
        let entry = Value::from(Mapping::from_iter([
            ("name".into(), name.into()),
            (body.into(), Value::from(value)),
        ]));
        // A list that is there, but empty, may be written as null.
        let place = self.root.entry(list.into()).or_insert(Value::Null);
        if place.is_null() {
            *place = Value::Sequence(Vec::new());
        }
        if let Value::Sequence(entries) = place {
            match entries.iter_mut().find(|old| name_of(old) == Some(name)) {
                Some(old) => *old = entry,
                None => entries.push(entry),
            }
        }
        Ok(())
    }

    fn take_out(&mut self, context: &str) {
        let marked = self
            .entries("contexts")
            .iter()
            .find(|entry| name_of(entry) == Some(context));
        let previous = marked
            .and_then(|entry| mark_of(entry, "context"))
            .and_then(|mark| mark.previous_context);
        for (list, body) in [
            ("clusters", "cluster"),
            ("users", "user"),
            ("contexts", "context"),
        ] {
            if let Some(Value::Sequence(entries)) = self.root.get_mut(list) {
                entries.retain(|entry| {
                    name_of(entry) != Some(context) || mark_of(entry, body).is_none()
                });
            }
        }
        if self.current_context() != Some(context) {
            return;
        }
        // The other context may be in another file of $KUBECONFIG: kubectl finds it there.
        match previous {
            Some(previous) => self.root.insert("current-context".into(), previous.into()),
            None => self.root.insert("current-context".into(), "".into()),
        };
    }
}

fn name_of(entry: &Value) -> Option<&str> {
    entry.get("name")?.as_str()
}

/// Our mark on an entry, whose own part is called `body`.
fn mark_of(entry: &Value, body: &str) -> Option<Mark> {
    let extensions = entry.get(body)?.get("extensions")?.as_sequence()?;
    let ours = extensions
        .iter()
        .find(|extension| name_of(extension) == Some(MARK))?;
    serde_norway::from_value(ours.get("extension")?.clone()).ok()
}

/// The cluster, the user and the namespace of a kubeconfig's current (or only) context.
fn parts(kubeconfig: &Value) -> Result<(Mapping, Mapping, Option<Value>)> {
    let list = |name: &str| {
        kubeconfig
            .get(name)
            .and_then(Value::as_sequence)
            .map_or(&[][..], Vec::as_slice)
    };
    let named = |entries: &[Value], name: Option<&str>, body: &str| {
        let entry = entries
            .iter()
            .find(|entry| name.is_some() && name_of(entry) == name)
            .or(entries.first());
        entry
            .and_then(|entry| entry.get(body))
            .and_then(Value::as_mapping)
            .cloned()
    };
    let current = kubeconfig.get("current-context").and_then(Value::as_str);
    let found = named(list("contexts"), current, "context").and_then(|context| {
        let part = |key: &str| context.get(key).and_then(Value::as_str);
        let cluster = named(list("clusters"), part("cluster"), "cluster")?;
        let user = named(list("users"), part("user"), "user")?;
        Some((cluster, user, context.get("namespace").cloned()))
    });
    found.ok_or_else(|| {
        Error::Failed(
            "the lab's kubeconfig has no context with a cluster and a user: report this".to_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAB: &str = "
apiVersion: v1
kind: Config
current-context: kwok
clusters:
- name: kwok
  cluster: {server: 'https://127.0.0.1:6443', certificate-authority-data: Y2E=}
contexts:
- name: kwok
  context: {cluster: kwok, user: admin}
users:
- name: admin
  user: {token: secret}
";

    const OTHERS: &str = "
apiVersion: v1
kind: Config
preferences: {colors: true}
current-context: work
x-unknown: [1, two]
clusters:
- name: work
  cluster: {server: 'https://work', extensions: [{name: theirs, extension: {a: 1}}]}
contexts:
- name: work
  context: {cluster: work, user: me, namespace: \"on\"}
users:
- name: me
  user: {exec: {command: login, env: null}}
";

    fn mark(cluster: &str, id: &str) -> Mark {
        Mark {
            lab: "http://lab".into(),
            cluster: cluster.into(),
            id: id.into(),
            previous_context: None,
        }
    }

    fn file(text: &str) -> File {
        File::parse(Path::new("config"), text).unwrap()
    }

    fn value(text: &str) -> Value {
        serde_norway::from_str(text).unwrap()
    }

    #[test]
    fn what_is_put_in_and_taken_out_leaves_the_rest_as_it_was() {
        let mut file = file(OTHERS);
        file.put("pyk8s-demo", &value(LAB), &mark("demo", "1"))
            .unwrap();
        assert_eq!(file.current_context(), Some("pyk8s-demo"));
        assert_eq!(file.entries("users").len(), 2);
        file.take_out("pyk8s-demo");
        assert_eq!(value(&file.text().unwrap()), value(OTHERS));
    }

    #[test]
    fn using_twice_still_knows_the_way_back() {
        let mut file = file(OTHERS);
        file.put("pyk8s-demo", &value(LAB), &mark("demo", "1"))
            .unwrap();
        file.put("pyk8s-demo", &value(LAB), &mark("demo", "2"))
            .unwrap();
        assert_eq!(file.entries("contexts").len(), 2);
        file.take_out("pyk8s-demo");
        assert_eq!(file.current_context(), Some("work"));
    }

    #[test]
    fn unusing_leaves_a_context_alone_that_the_user_switched_to() {
        let mut file = file(OTHERS);
        file.put("pyk8s-demo", &value(LAB), &mark("demo", "1"))
            .unwrap();
        file.root.insert("current-context".into(), "work".into());
        file.take_out("pyk8s-demo");
        assert_eq!(value(&file.text().unwrap()), value(OTHERS));
    }

    #[test]
    fn a_file_that_is_new_or_has_null_lists_is_filled() {
        for text in ["", "clusters: null\nusers: []\ncontexts: null\n"] {
            let mut file = file(text);
            file.put("pyk8s-demo", &value(LAB), &mark("demo", "1"))
                .unwrap();
            assert_eq!(file.entries("clusters").len(), 1);
            let text = file.text().unwrap();
            assert!(
                text.contains("kind: Config") && text.contains("apiVersion: v1"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_others_called_so_is_not_overwritten() {
        let mut theirs = file(OTHERS);
        assert!(theirs.put("work", &value(LAB), &mark("demo", "1")).is_err());
        let mut twice = file("");
        twice
            .put("pyk8s-demo", &value(LAB), &mark("demo", "1"))
            .unwrap();
        let other_lab = Mark {
            lab: "http://other".into(),
            ..mark("demo", "9")
        };
        assert!(
            twice
                .put("pyk8s-demo", &value(LAB), &other_lab)
                .unwrap_err()
                .to_string()
                .contains("--as")
        );
    }

    #[test]
    fn a_file_that_is_no_kubeconfig_is_refused() {
        for text in ["- a\n", "clusters: {a: 1}\n", "a: [\n"] {
            let error = File::parse(Path::new("config"), text)
                .unwrap_err()
                .to_string();
            assert!(error.contains("config is no kubeconfig"), "{error}");
        }
    }
}
