//! The server: what answers where, and behind what.

use std::net::TcpListener;

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::Server,
    http::StatusCode,
    middleware::{Compress, from_fn},
    web::{self, Data},
};
use utoipa_actix_web::AppExt;
use utoipa_swagger_ui::SwaggerUi;

use super::{
    Problem, State, api, assets, extract::MAX_BODY, headers, health, live, observe, pages, session,
};
use crate::service::SecretKey;

/// How long requests that are being answered have when the server stops, in seconds.
const SHUTDOWN: u64 = 10;

/// The API's description.
pub fn document() -> utoipa::openapi::OpenApi {
    let (_, paths) = App::new()
        .into_utoipa_app()
        .configure(api::configure)
        .split_for_parts();
    let mut document = <api::Document as utoipa::OpenApi>::openapi();
    document.merge(paths);
    document
}

/// Serves on `listener` until the server's handle stops it.
///
/// # Errors
/// [`std::io::Error`] when the address can't be served on.
pub fn serve(listener: TcpListener, state: State, secret: &SecretKey) -> std::io::Result<Server> {
    let secret = secret.clone();
    let document = document();
    let secure = state.behind_tls();
    let server = HttpServer::new(move || {
        let document = document.clone();
        App::new()
            .into_utoipa_app()
            .map(|app| {
                app.app_data(Data::new(state.clone()))
                    .app_data(web::PayloadConfig::new(MAX_BODY))
                    .app_data(web::QueryConfig::default().error_handler(|error, _| {
                        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()).into()
                    }))
                    .app_data(web::PathConfig::default().error_handler(|error, _| {
                        Problem::new(StatusCode::NOT_FOUND, error.to_string()).into()
                    }))
                    .wrap(from_fn(pages::show_as_pages))
                    .wrap(session::middleware(&secret, secure))
                    .wrap(from_fn(headers::protect))
                    .wrap(from_fn(observe::observe))
            })
            .configure(api::configure)
            .split_for_parts()
            .0
            .service(health::live)
            .service(health::ready)
            .service(health::metrics)
            .service(live::connect)
            // Only these are compressed: pages hold secrets beside what others may send (BREACH), and
            // a compressed stream of events comes in blocks.
            .service(
                web::scope("/static")
                    .wrap(Compress::default())
                    .service(assets::asset),
            )
            .configure(pages::configure)
            .service(web::redirect("/docs", "/docs/"))
            .service(SwaggerUi::new("/docs/{_:.*}").url("/api/openapi.json", document))
            .default_service(web::to(not_found))
    })
    .listen(listener)?
    .shutdown_timeout(SHUTDOWN)
    // Signals are the caller's: live connections are told first.
    .disable_signals()
    .run();
    Ok(server)
}

async fn not_found(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(Problem::new(
        StatusCode::NOT_FOUND,
        format!("there is nothing at {}", request.path()),
    ))
}
