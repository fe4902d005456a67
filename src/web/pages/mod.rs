//! The pages: plain forms and links that work without scripts; htmx's requests get parts instead.

mod account;
mod admin;
mod clusters;
mod dashboard;
mod forms;
mod problems;
mod sign_in;

use actix_session::Session;
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use askama::Template;

pub use problems::show_as_pages;

use super::{Problem, session, view::Chrome};
use crate::{domain::User, service::ServiceError};

/// Registers the pages.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .service(dashboard::landing)
        .service(sign_in::register_page)
        .service(sign_in::register)
        .service(sign_in::login_page)
        .service(sign_in::login)
        .service(sign_in::logout)
        .service(dashboard::dashboard)
        .service(dashboard::create)
        .service(clusters::show)
        .service(clusters::kubeconfig)
        .service(clusters::extend)
        .service(clusters::retry)
        .service(clusters::delete_page)
        .service(clusters::delete)
        .service(account::show)
        .service(account::change_password)
        .service(account::make_token)
        .service(account::revoke_token)
        .service(account::sign_out)
        .service(account::delete)
        .service(admin::show)
        .service(admin::registration)
        .service(admin::set_disabled)
        .service(admin::delete_cluster);
}

/// What is around a page.
fn chrome(session: &Session, user: Option<&User>) -> Result<Chrome, Problem> {
    Ok(Chrome {
        email: user.map(|user| user.email.to_string()),
        administrator: user.is_some_and(User::is_administrator),
        csrf: session::csrf_token(session)?,
        notice: session.remove_as::<String>("notice").and_then(Result::ok),
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// Something to tell on the next page.
fn notice(session: &Session, text: &str) {
    // A notice that can't be kept is not worth an error.
    let _ = session.insert("notice", text);
}

fn render(template: &impl Template) -> Result<String, Problem> {
    template
        .render()
        .map_err(|error| ServiceError::internal(error).into())
}

fn html(status: StatusCode, text: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(text)
}

fn page(status: StatusCode, template: &impl Template) -> Result<HttpResponse, Problem> {
    Ok(html(status, render(template)?))
}

/// To another page (RFC 9110, 15.4.4).
fn see_other(place: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, place))
        .finish()
}

fn is_htmx(request: &HttpRequest) -> bool {
    request.headers().contains_key("HX-Request")
}

/// The answer to a form that changed something: htmx's page hears of it by its live connection.
fn done(request: &HttpRequest, place: &str) -> HttpResponse {
    if is_htmx(request) {
        HttpResponse::NoContent().finish()
    } else {
        see_other(place)
    }
}

/// To the login page and back: with htmx the whole page goes there.
fn to_login(request: &HttpRequest) -> HttpResponse {
    let current = request
        .headers()
        .get("HX-Current-URL")
        .and_then(|url| url.to_str().ok());
    let path = match current.and_then(|url| url::Url::parse(url).ok()) {
        Some(url) => url.path().to_owned(),
        None => request.path().to_owned(),
    };
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("next", &path)
        .finish();
    let place = format!("/login?{query}");
    if is_htmx(request) {
        HttpResponse::NoContent()
            .insert_header(("HX-Redirect", place))
            .finish()
    } else {
        see_other(&place)
    }
}
