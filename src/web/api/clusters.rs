//! `/clusters`

use actix_web::{
    HttpRequest, HttpResponse, delete, get,
    http::header::{self, ContentDisposition, DispositionParam, DispositionType},
    post, web,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use crate::{
    bus::EventMessage,
    domain::ClusterStatus,
    service::{Listed, Wish},
    web::{
        ProblemDetails, State,
        extract::{Caller, ClusterPath, Json},
    },
};

/// A cluster to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewCluster {
    /// A DNS label, unique among your live clusters.
    #[schema(
        min_length = 3,
        max_length = 50,
        pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        example = "demo"
    )]
    name: String,
    /// Hours to live.
    #[schema(minimum = 1, maximum = 72, default = 1)]
    ttl_hours: Option<i64>,
    /// One of `GET /providers`; the default one when not given.
    provider: Option<String>,
    /// One of the provider's versions; the newest when not given.
    kubernetes_version: Option<String>,
    /// As many as `kubectl get nodes` lists.
    #[schema(minimum = 1, maximum = 10, default = 1)]
    nodes: Option<i64>,
    /// small (2 CPUs, 4 GiB), medium (4, 16) or large (16, 64), where the provider can say: kind can't.
    #[schema(default = "medium")]
    node_size: Option<String>,
    /// What is installed when the cluster is up: some of `GET /addons`.
    #[serde(default)]
    addons: Vec<String>,
}

/// More time for a cluster.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Extension {
    /// Hours to add.
    #[schema(minimum = 1, maximum = 71)]
    hours: i64,
}

/// Which clusters to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only those in this status: PROVISIONING, RUNNING, DELETING or ERROR.
    status: Option<String>,
}

/// A cluster.
#[derive(Serialize, ToSchema)]
#[schema(as = Cluster)]
struct ClusterBody {
    id: String,
    name: String,
    /// PROVISIONING, RUNNING, DELETING or ERROR.
    status: &'static str,
    provider: &'static str,
    /// Whether pods only seem to run: a kwok cluster has a real control plane and simulated nodes.
    simulated: bool,
    kubernetes_version: String,
    nodes: u16,
    /// small, medium or large.
    node_size: &'static str,
    addons: Vec<String>,
    ttl_hours: u16,
    /// What is being done to it right now.
    step: Option<String>,
    /// Its place among those that wait: 1 is next.
    queue_position: Option<u32>,
    created_at: DateTime<Utc>,
    ready_at: Option<DateTime<Utc>>,
    expires_at: DateTime<Utc>,
    error_message: Option<String>,
}

/// A cluster with its latest events.
#[derive(Serialize, ToSchema)]
#[schema(as = ClusterWithEvents)]
struct ClusterDetails<'a> {
    #[serde(flatten)]
    cluster: ClusterBody,
    /// The oldest first.
    events: Vec<EventMessage<'a>>,
}

impl From<&Listed> for ClusterBody {
    fn from(
        Listed {
            cluster,
            queue_position,
            ..
        }: &Listed,
    ) -> Self {
        Self {
            id: cluster.id.to_string(),
            name: cluster.name.to_string(),
            status: cluster.status.as_str(),
            provider: cluster.provider.as_str(),
            simulated: cluster.provider.is_simulated(),
            kubernetes_version: cluster.kubernetes_version.to_string(),
            nodes: cluster.nodes.get(),
            node_size: cluster.node_size.as_str(),
            addons: cluster.addons.iter().map(ToString::to_string).collect(),
            ttl_hours: cluster.ttl.hours(),
            step: cluster.step.clone(),
            queue_position: *queue_position,
            created_at: cluster.created_at,
            ready_at: cluster.ready_at,
            expires_at: cluster.expires_at,
            // While it is tried again, the last try's words are in its events.
            error_message: cluster
                .error_message
                .clone()
                .filter(|_| cluster.status == ClusterStatus::Error),
        }
    }
}

/// Your clusters, the newest first.
#[utoipa::path(
    tag = "clusters",
    security(("token" = [])),
    params(Filter),
    responses(
        (status = 200, description = "Your clusters", body = Vec<ClusterBody>),
        (status = 401, description = "No valid access token", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "No such status", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
#[get("/clusters")]
pub(super) async fn list(
    state: web::Data<State>,
    caller: Caller,
    filter: web::Query<Filter>,
) -> Result<HttpResponse, Problem> {
    let status = filter
        .status
        .as_deref()
        .map(str::parse::<ClusterStatus>)
        .transpose()?;
    let clusters = state.clusters.list(caller.user.id, status).await?;
    Ok(HttpResponse::Ok().json(clusters.iter().map(ClusterBody::from).collect::<Vec<_>>()))
}

/// Asks for a cluster: it is recorded, and made as soon as it is its turn.
#[utoipa::path(
    tag = "clusters",
    security(("token" = [])),
    request_body = NewCluster,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key with the same request makes one cluster, however often it is sent")),
    responses(
        (status = 202, description = "It is recorded", body = ClusterBody, headers(("Location" = String, description = "The cluster"))),
        (status = 400, description = "The body can't be read", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The name is in use", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "Values are not acceptable", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 429, description = "You have as many clusters as you may", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
#[post("/clusters")]
pub(super) async fn create(
    request: HttpRequest,
    state: web::Data<State>,
    caller: Caller,
    Json(new): Json<NewCluster>,
) -> Result<HttpResponse, Problem> {
    let key = request.headers().get("Idempotency-Key");
    let wish = Wish {
        name: new.name,
        ttl_hours: new.ttl_hours,
        provider: new.provider,
        kubernetes_version: new.kubernetes_version,
        nodes: new.nodes,
        node_size: new.node_size,
        addons: new.addons,
        idempotency_key: key.map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned()),
    };
    let cluster = state.clusters.request(&caller.user, wish).await?;
    let location = format!("/api/v1/clusters/{}", cluster.cluster.id);
    Ok(HttpResponse::Accepted()
        .insert_header((header::LOCATION, location))
        .json(ClusterBody::from(&cluster)))
}

/// A cluster, with its latest events.
#[utoipa::path(
    tag = "clusters",
    security(("token" = [])),
    params(("id" = String, Path, description = "The cluster's id")),
    responses(
        (status = 200, description = "The cluster", body = ClusterDetails),
        (status = 401, description = "No valid access token", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "No such cluster of yours", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
#[get("/clusters/{id}")]
pub(super) async fn get(
    state: web::Data<State>,
    caller: Caller,
    ClusterPath(id): ClusterPath,
) -> Result<HttpResponse, Problem> {
    let cluster = state.clusters.get(caller.user.id, id).await?;
    let events = state.clusters.events(caller.user.id, id).await?;
    let details = ClusterDetails {
        cluster: ClusterBody::from(&cluster),
        events: events.iter().map(EventMessage::from).collect(),
    };
    Ok(HttpResponse::Ok().json(details))
}

/// Asks for a cluster's removal; asking again changes nothing.
#[utoipa::path(
    tag = "clusters",
    security(("token" = [])),
    params(("id" = String, Path, description = "The cluster's id")),
    responses(
        (status = 202, description = "It is recorded", body = ClusterBody),
        (status = 401, description = "No valid access token", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "No such cluster of yours", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
#[delete("/clusters/{id}")]
pub(super) async fn delete(
    state: web::Data<State>,
    caller: Caller,
    ClusterPath(id): ClusterPath,
) -> Result<HttpResponse, Problem> {
    let cluster = state.clusters.release(caller.user.id, id).await?;
    Ok(HttpResponse::Accepted().json(ClusterBody::from(&cluster)))
}

/// The kubeconfig of a RUNNING cluster, self-contained.
#[utoipa::path(
    tag = "clusters",
    security(("token" = [])),
    params(("id" = String, Path, description = "The cluster's id")),
    responses(
        (status = 200, description = "The kubeconfig", body = String, content_type = "text/plain"),
        (status = 401, description = "No valid access token", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "No such cluster of yours", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The cluster is not RUNNING", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
#[get("/clusters/{id}/kubeconfig")]
pub(super) async fn kubeconfig(
    state: web::Data<State>,
    caller: Caller,
    ClusterPath(id): ClusterPath,
) -> Result<HttpResponse, Problem> {
    let (name, text) = state.clusters.kubeconfig(caller.user.id, id).await?;
    let disposition = ContentDisposition {
        disposition: DispositionType::Inline,
        parameters: vec![DispositionParam::Filename(format!(
            "{name}.kubeconfig.yaml"
        ))],
    };
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header(disposition)
        .body(text))
}

/// Prolongs a cluster's life.
#[utoipa::path(
    tag = "clusters",
    security(("token" = [])),
    params(("id" = String, Path, description = "The cluster's id")),
    request_body = Extension,
    responses(
        (status = 200, description = "It lives longer", body = ClusterBody),
        (status = 400, description = "The body can't be read", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "No such cluster of yours", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The cluster is being deleted", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "Longer than allowed", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
#[post("/clusters/{id}/extend")]
pub(super) async fn extend(
    state: web::Data<State>,
    caller: Caller,
    ClusterPath(id): ClusterPath,
    Json(extension): Json<Extension>,
) -> Result<HttpResponse, Problem> {
    let cluster = state
        .clusters
        .extend(caller.user.id, id, extension.hours)
        .await?;
    Ok(HttpResponse::Ok().json(ClusterBody::from(&cluster)))
}

/// Has a cluster in ERROR tried again.
#[utoipa::path(
    tag = "clusters",
    security(("token" = [])),
    params(("id" = String, Path, description = "The cluster's id")),
    responses(
        (status = 202, description = "It is tried again", body = ClusterBody),
        (status = 401, description = "No valid access token", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "No such cluster of yours", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The cluster is not in ERROR", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
#[post("/clusters/{id}/retry")]
pub(super) async fn retry(
    state: web::Data<State>,
    caller: Caller,
    ClusterPath(id): ClusterPath,
) -> Result<HttpResponse, Problem> {
    let cluster = state.clusters.retry(caller.user.id, id).await?;
    Ok(HttpResponse::Accepted().json(ClusterBody::from(&cluster)))
}
