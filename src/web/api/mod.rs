//! The JSON API: thin handlers that parse, authorise, call a service and answer.

mod auth;
mod clusters;
mod events;
mod providers;
mod users;

use actix_web::web;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use super::{Problem, extract::MAX_BODY};

/// The document's head; its paths come from the handlers themselves, as they are registered.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "PyK8s-Lab",
        description = "Real Kubernetes clusters, within seconds, for as long as you need them. \
            Errors are problem details (RFC 9457).",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    modifiers(&BearerToken),
    tags(
        (name = "users", description = "Accounts"),
        (name = "auth", description = "Access tokens"),
        (name = "clusters", description = "Clusters"),
        (name = "events", description = "What happens, live"),
        (name = "providers", description = "The engines that make clusters")
    )
)]
pub struct Document;

struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(
            Http::builder()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("JWT")
                .build(),
        );
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("token", scheme);
    }
}

/// Registers the API, and with it its description.
pub fn configure(config: &mut ServiceConfig) {
    config.service(
        scope::scope("/api/v1")
            .app_data(web::PayloadConfig::new(MAX_BODY))
            .service(users::register)
            .service(users::me)
            .service(auth::token)
            .service(clusters::list)
            .service(clusters::create)
            .service(clusters::get)
            .service(clusters::delete)
            .service(clusters::kubeconfig)
            .service(clusters::extend)
            .service(clusters::retry)
            .service(events::of_cluster)
            .service(events::of_all)
            .service(providers::list)
            .service(providers::addons),
    );
}
