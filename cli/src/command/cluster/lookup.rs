//! From the name that was typed to the cluster that was meant.

use crate::client::model::Cluster;
use crate::error::{Error, Result};
use crate::session::Session;

/// How alike two names must be for one to be suggested for the other.
const ALIKE: f64 = 0.7;

/// The cluster of that name, or of that id.
pub fn one(session: &Session, name: &str) -> Result<Cluster> {
    pick(session.client.clusters()?, name)
}

/// The clusters of those names, each once; a name that is not there ends it before anything is done.
pub fn all(session: &Session, names: &[String]) -> Result<Vec<Cluster>> {
    let clusters = session.client.clusters()?;
    let mut found: Vec<Cluster> = Vec::new();
    for name in names {
        let cluster = pick(clusters.clone(), name)?;
        if !found.iter().any(|other| other.id == cluster.id) {
            found.push(cluster);
        }
    }
    Ok(found)
}

fn pick(clusters: Vec<Cluster>, name: &str) -> Result<Cluster> {
    let known: Vec<String> = clusters
        .iter()
        .map(|cluster| cluster.name.clone())
        .collect();
    let position = clusters
        .iter()
        .position(|cluster| cluster.name == name)
        .or_else(|| clusters.iter().position(|cluster| cluster.id == name));
    position
        .and_then(|position| clusters.into_iter().nth(position))
        .ok_or_else(|| missing(name, &known))
}

fn missing(name: &str, known: &[String]) -> Error {
    let nearest = known
        .iter()
        .map(|other| (strsim::jaro_winkler(name, other), other))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    Error::NotFound(match nearest {
        Some((_, other)) => format!("there is no cluster \"{name}\": did you mean \"{other}\"?"),
        None if known.is_empty() => {
            format!(
                "there is no cluster \"{name}\", and no other: make one with `pyk8s cluster create --name NAME`"
            )
        }
        None => format!("there is no cluster \"{name}\": see `pyk8s cluster list`"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clusters(names: &[&str]) -> Vec<Cluster> {
        let one = |name: &&str| {
            let json = serde_json::json!({"id": format!("id-{name}"), "name": name, "status": "RUNNING",
                "provider": "kwok", "created_at": "2026-11-24T10:00:00Z"});
            serde_json::from_value(json).unwrap()
        };
        names.iter().map(one).collect()
    }

    #[test]
    fn a_name_comes_before_an_id() {
        assert_eq!(
            pick(clusters(&["demo", "id-demo"]), "id-demo")
                .unwrap()
                .name,
            "id-demo"
        );
        assert_eq!(pick(clusters(&["demo"]), "id-demo").unwrap().name, "demo");
    }

    #[test]
    fn the_nearest_name_is_suggested() {
        let error = pick(clusters(&["staging", "demo"]), "dmeo").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no cluster \"dmeo\": did you mean \"demo\"?"
        );
        assert_eq!(error.code(), 4);
    }

    #[test]
    fn a_name_that_is_like_none_gets_no_suggestion() {
        let error = pick(clusters(&["staging"]), "xyz").unwrap_err().to_string();
        assert!(error.ends_with("see `pyk8s cluster list`"), "{error}");
        let error = pick(Vec::new(), "xyz").unwrap_err().to_string();
        assert!(error.contains("cluster create"), "{error}");
    }
}
