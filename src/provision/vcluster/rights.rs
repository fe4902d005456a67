//! What the lab's account must be allowed on the host, and how it gives itself a role in a cluster's namespace.
//! The other side of it is chart/templates/rbac.yaml.

use k8s_openapi::api::{
    authentication::v1::{SelfSubjectReview, UserInfo},
    authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec},
};
use kube::{Api, Client, api::PostParams};
use serde_json::{Value, json};

use super::connection::unreachable;
use crate::provision::Obstacle;

/// A right: verb, group, resource.
type Right = (&'static str, &'static str, &'static str);

/// What the lab's account must be allowed on the whole host.
const RIGHTS: [Right; 5] = [
    ("create", "", "namespaces"),
    ("patch", "", "namespaces"),
    ("delete", "", "namespaces"),
    ("list", "", "namespaces"),
    ("watch", "", "namespaces"),
];
/// What it must be allowed in the namespaces of clusters.
const RIGHTS_INSIDE: [Right; 11] = [
    ("create", "", "resourcequotas"),
    ("create", "", "limitranges"),
    ("create", "", "secrets"),
    ("get", "", "secrets"),
    ("create", "", "serviceaccounts"),
    ("create", "", "services"),
    ("watch", "apps", "statefulsets"),
    ("create", "apps", "statefulsets"),
    ("create", "networking.k8s.io", "networkpolicies"),
    ("create", "rbac.authorization.k8s.io", "roles"),
    ("create", "rbac.authorization.k8s.io", "rolebindings"),
];

/// Whether the account may do what virtual clusters need.
pub(super) async fn check(client: &Client, cluster_role: Option<&str>) -> Result<(), Obstacle> {
    let mut asked: Vec<_> = RIGHTS.map(everywhere).into();
    match cluster_role {
        None => asked.extend(RIGHTS_INSIDE.map(everywhere)),
        Some(role) => {
            let group = "rbac.authorization.k8s.io";
            asked.push(everywhere(("create", group, "rolebindings")));
            asked.push(ResourceAttributes {
                name: Some(role.into()),
                ..everywhere(("bind", group, "clusterroles"))
            });
        }
    }
    let missing = missing(client, asked).await.map_err(unreachable)?;
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Obstacle::new(
            format!("the lab's account may not: {}", missing.join(", ")),
            "give it the ClusterRole in chart/templates/rbac.yaml",
        ))
    }
}

fn everywhere((verb, group, resource): Right) -> ResourceAttributes {
    ResourceAttributes {
        verb: Some(verb.into()),
        group: Some(group.into()),
        resource: Some(resource.into()),
        ..ResourceAttributes::default()
    }
}

/// What of that the account may not do.
async fn missing(
    client: &Client,
    asked: Vec<ResourceAttributes>,
) -> Result<Vec<String>, kube::Error> {
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let asked = asked.into_iter().map(|attributes| {
        let words = [&attributes.verb, &attributes.resource];
        let words = words.map(|word| word.clone().unwrap_or_default()).join(" ");
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(attributes),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let reviews = reviews.clone();
        async move {
            let answer = reviews.create(&PostParams::default(), &review).await?;
            let allowed = answer.status.is_some_and(|status| status.allowed);
            Ok::<_, kube::Error>((!allowed).then_some(words))
        }
    });
    let answers = futures_util::future::try_join_all(asked).await?;
    Ok(answers.into_iter().flatten().collect())
}

/// What the account may not do of what it must be allowed in a cluster's namespace.
pub(super) async fn missing_inside(
    client: &Client,
    namespace: &str,
) -> Result<Vec<String>, kube::Error> {
    let asked = RIGHTS_INSIDE.map(|right| ResourceAttributes {
        namespace: Some(namespace.to_owned()),
        ..everywhere(right)
    });
    missing(client, asked.into()).await
}

/// What gives the account itself a role, in a namespace.
pub(super) async fn binding(client: &Client, role: &str) -> Result<Value, kube::Error> {
    let reviews: Api<SelfSubjectReview> = Api::all(client.clone());
    let who = reviews
        .create(&PostParams::default(), &SelfSubjectReview::default())
        .await?;
    let user = who.status.and_then(|status| status.user_info);
    Ok(json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": { "name": "pyk8s-lab" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role },
        "subjects": [subject(user.unwrap_or_default())],
    }))
}

/// The account itself, as the subject of a binding.
fn subject(user: UserInfo) -> Value {
    let name = user.username.unwrap_or_default();
    let account = name.strip_prefix("system:serviceaccount:");
    match account.and_then(|account| account.split_once(':')) {
        Some((namespace, name)) => {
            json!({ "kind": "ServiceAccount", "namespace": namespace, "name": name })
        }
        None => json!({ "kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": name }),
    }
}
