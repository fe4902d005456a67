//! `/register`, `/login`, `/logout`

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{chrome, forms::Checked, page, see_other};
use crate::{
    domain::User,
    web::{
        Problem, State,
        session::{self, Visitor},
        view::{Form, SignInPage},
    },
};

/// Where people go when they did not want to go anywhere else.
const HOME: &str = "/dashboard";

#[derive(Deserialize)]
struct Next {
    next: Option<String>,
}

#[derive(Deserialize)]
struct Credentials {
    email: String,
    password: SecretString,
    next: Option<String>,
}

#[get("/register")]
pub(super) async fn register_page(
    state: web::Data<State>,
    session: Session,
    visitor: Visitor,
    query: web::Query<Next>,
) -> Result<HttpResponse, Problem> {
    show(&state, &session, &visitor, true, query.next.as_deref()).await
}

#[get("/login")]
pub(super) async fn login_page(
    state: web::Data<State>,
    session: Session,
    visitor: Visitor,
    query: web::Query<Next>,
) -> Result<HttpResponse, Problem> {
    show(&state, &session, &visitor, false, query.next.as_deref()).await
}

#[post("/register")]
pub(super) async fn register(
    request: HttpRequest,
    state: web::Data<State>,
    session: Session,
    Checked(person): Checked<Credentials>,
) -> Result<HttpResponse, Problem> {
    let made = match state.throttle.attempt(&request).await {
        Ok(()) => {
            let made = state
                .accounts
                .register(&person.email, person.password.expose_secret())
                .await;
            made.map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    answer(&request, &state, &session, true, person, made).await
}

#[post("/login")]
pub(super) async fn login(
    request: HttpRequest,
    state: web::Data<State>,
    session: Session,
    Checked(person): Checked<Credentials>,
) -> Result<HttpResponse, Problem> {
    let known = match state.throttle.attempt(&request).await {
        Ok(()) => {
            let known = state
                .accounts
                .authenticate(&person.email, person.password.clone())
                .await;
            known.map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    answer(&request, &state, &session, false, person, known).await
}

#[derive(Deserialize)]
struct Nothing {}

#[post("/logout")]
pub(super) async fn logout(
    state: web::Data<State>,
    session: Session,
    visitor: Visitor,
    Checked(Nothing {}): Checked<Nothing>,
) -> Result<HttpResponse, Problem> {
    if let (Some(user), Some(secret)) = (visitor.0, session::secret(&session)) {
        state.accounts.end_session(&user, &secret).await?;
    }
    session.purge();
    Ok(see_other("/login"))
}

async fn show(
    state: &State,
    session: &Session,
    visitor: &Visitor,
    registering: bool,
    next: Option<&str>,
) -> Result<HttpResponse, Problem> {
    if visitor.0.is_some() {
        return Ok(see_other(local(next)));
    }
    let page_ = SignInPage {
        chrome: chrome(session, None)?,
        registering,
        registration_open: state.accounts.registration_open().await?,
        first: state.accounts.is_new().await?,
        next: local(next).to_owned(),
        form: Form::default(),
    };
    page(StatusCode::OK, &page_)
}

async fn answer(
    request: &HttpRequest,
    state: &State,
    session: &Session,
    registering: bool,
    person: Credentials,
    user: Result<User, Problem>,
) -> Result<HttpResponse, Problem> {
    let next = local(person.next.as_deref());
    match user {
        Ok(user) => {
            session::begin(request, state, session, &user).await?;
            Ok(see_other(next))
        }
        // What the person can't mend is no matter of the form.
        Err(problem) if problem.status.is_server_error() => Err(problem),
        Err(problem) => {
            let status = problem.status;
            let again = SignInPage {
                chrome: chrome(session, None)?,
                registering,
                registration_open: state.accounts.registration_open().await?,
                first: state.accounts.is_new().await?,
                next: next.to_owned(),
                form: Form::default()
                    .with("email", person.email)
                    .refused(&problem),
            };
            let mut response = problem.response();
            Ok(response
                .status(status)
                .content_type("text/html; charset=utf-8")
                .body(super::render(&again)?))
        }
    }
}

/// Only to places of the lab itself (OWASP: unvalidated redirects).
fn local(next: Option<&str>) -> &str {
    match next {
        Some(next)
            if next.starts_with('/')
                && !next.starts_with("//")
                && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') =>
        {
            next
        }
        _ => HOME,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for bad in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/a\nb",
            "",
            "javascript:x",
        ] {
            assert_eq!(local(Some(bad)), HOME, "{bad:?}");
        }
        assert_eq!(local(Some("/clusters/1?x=2")), "/clusters/1?x=2");
    }
}
