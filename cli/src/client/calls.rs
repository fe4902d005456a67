//! The calls of the API, one function each.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::model::{Addon, Cluster, Event, Provider, ServerVersion, Token, User};
use super::{Client, Request};
use crate::arguments::Create;
use crate::error::Result;

const API: &str = "/api/v1";

fn cluster_path(id: &str, rest: &str) -> String {
    format!("{API}/clusters/{id}{rest}")
}

impl Client {
    pub fn log_in(&self, email: &str, password: &str) -> Result<Token> {
        let body = json!({"email": email, "password": password});
        self.send(&Request::post(format!("{API}/auth/token"), Some(body)))?
            .json(self.url())
    }

    pub fn register(&self, email: &str, password: &str) -> Result<User> {
        let body = json!({"email": email, "password": password});
        self.send(&Request::post(format!("{API}/users/register"), Some(body)))?
            .json(self.url())
    }

    pub fn me(&self) -> Result<User> {
        self.send(&Request::get(format!("{API}/users/me")))?
            .json(self.url())
    }

    pub fn clusters(&self) -> Result<Vec<Cluster>> {
        self.send(&Request::get(format!("{API}/clusters")))?
            .json(self.url())
    }

    pub fn clusters_with(&self, status: &str) -> Result<Vec<Cluster>> {
        self.send(&Request::get(format!("{API}/clusters?status={status}")))?
            .json(self.url())
    }

    pub fn cluster(&self, id: &str) -> Result<Cluster> {
        self.send(&Request::get(cluster_path(id, "")))?
            .json(self.url())
    }

    /// Asks for a cluster; however often the request must be sent, it makes one.
    pub fn create(&self, wanted: &Create) -> Result<Cluster> {
        let mut body = Map::new();
        body.insert("name".to_owned(), json!(wanted.name));
        body.insert("ttl_hours".to_owned(), json!(wanted.ttl_hours));
        // What is left out is the lab's choice; null would be a value.
        let choices = [
            ("provider", wanted.provider.as_ref().map(|name| json!(name))),
            ("nodes", wanted.nodes.map(|count| json!(count))),
            (
                "node_size",
                wanted.node_size.as_ref().map(|size| json!(size)),
            ),
            (
                "addons",
                (!wanted.addons.is_empty()).then(|| json!(wanted.addons)),
            ),
            (
                "kubernetes_version",
                wanted
                    .kubernetes_version
                    .as_ref()
                    .map(|version| json!(version)),
            ),
        ];
        for (field, value) in choices {
            body.extend(value.map(|value| (field.to_owned(), value)));
        }
        let request = Request::post(format!("{API}/clusters"), Some(Value::Object(body)));
        self.send(&request.with_key(Uuid::new_v4().to_string()))?
            .json(self.url())
    }

    pub fn delete(&self, id: &str) -> Result {
        self.send(&Request::delete(cluster_path(id, ""))).map(drop)
    }

    pub fn extend(&self, id: &str, hours: u32) -> Result<Cluster> {
        self.send(&Request::post(
            cluster_path(id, "/extend"),
            Some(json!({"hours": hours})),
        ))?
        .json(self.url())
    }

    pub fn retry(&self, id: &str) -> Result<Cluster> {
        self.send(&Request::post(cluster_path(id, "/retry"), None))?
            .json(self.url())
    }

    pub fn kubeconfig(&self, id: &str) -> Result<String> {
        self.send(&Request::get(cluster_path(id, "/kubeconfig")))?
            .plain(self.url())
    }

    pub fn history(&self, id: &str) -> Result<Vec<Event>> {
        self.send(&Request::get(cluster_path(id, "/events")))?
            .json(self.url())
    }

    /// Where the event stream of a cluster is.
    pub fn events_path(id: &str) -> String {
        cluster_path(id, "/events")
    }

    pub fn addons(&self) -> Result<Vec<Addon>> {
        self.send(&Request::get(format!("{API}/addons")))?
            .json(self.url())
    }

    pub fn providers(&self) -> Result<Vec<Provider>> {
        self.send(&Request::get(format!("{API}/providers")))?
            .json(self.url())
    }

    pub fn server_version(&self) -> Result<ServerVersion> {
        self.send(&Request::get("/health/live"))?.json(self.url())
    }
}
