//! `/providers` and `/addons`

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    provision::Offer,
    web::{ProblemDetails, State, extract::Caller},
};

/// An engine that makes clusters.
#[derive(Serialize, ToSchema)]
struct Provider {
    name: &'static str,
    /// Whether it works on this server.
    available: bool,
    /// Why it does not, and what to do.
    reason: Option<String>,
    /// Whether its pods only seem to run.
    simulated: bool,
    /// Whether it is taken when none is named.
    default: bool,
    /// The newest first.
    kubernetes_versions: Vec<String>,
}

impl From<&Offer> for Provider {
    fn from(offer: &Offer) -> Self {
        Self {
            name: offer.name.as_str(),
            available: offer.obstacle().is_none(),
            reason: offer.obstacle().map(ToString::to_string),
            simulated: offer.name.is_simulated(),
            default: offer.is_default,
            kubernetes_versions: offer.versions().iter().map(ToString::to_string).collect(),
        }
    }
}

/// The engines, and which of them work here.
#[utoipa::path(
    tag = "providers",
    security(("token" = [])),
    responses(
        (status = 200, description = "All of them", body = Vec<Provider>),
        (status = 401, description = "No valid access token", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
#[get("/providers")]
pub(super) async fn list(state: web::Data<State>, _caller: Caller) -> HttpResponse {
    HttpResponse::Ok().json(
        state
            .clusters
            .offers()
            .iter()
            .map(Provider::from)
            .collect::<Vec<_>>(),
    )
}

/// Something that can be installed into new clusters.
#[derive(Serialize, ToSchema)]
struct Addon<'a> {
    name: &'a str,
    description: &'a str,
    /// It can't be had where pods are simulated.
    needs_real_pods: bool,
}

/// What can be installed into new clusters.
#[utoipa::path(
    tag = "providers",
    security(("token" = [])),
    responses(
        (status = 200, description = "All of them", body = Vec<Addon>),
        (status = 401, description = "No valid access token", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
#[get("/addons")]
pub(super) async fn addons(state: web::Data<State>, _caller: Caller) -> HttpResponse {
    let offered = state.clusters.addons().offered().iter();
    HttpResponse::Ok().json(
        offered
            .map(|addon| Addon {
                name: addon.name(),
                description: addon.description(),
                needs_real_pods: addon.needs_real_pods(),
            })
            .collect::<Vec<_>>(),
    )
}
