//! Who is in front of the browser: an encrypted cookie, and the CSRF token that goes with it.

use std::{future::Future, pin::Pin};

use actix_session::{
    Session, SessionExt, SessionMiddleware, config::PersistentSession, storage::CookieSessionStore,
};
use actix_web::{
    FromRequest, HttpRequest,
    cookie::{Key, SameSite, time::Duration},
    dev::Payload,
    http::{StatusCode, header},
};
use aes_gcm::aead::{Generate, Key as RandomBytes};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

use super::{Problem, State, extract::state};
use crate::{
    domain::User,
    service::{Administrator, SESSION_LIFE, SecretKey, ServiceError},
};

const SECRET: &str = "secret";
const CSRF: &str = "csrf";
const EMAIL: &str = "email";

/// The middleware that reads and writes the cookie.
pub fn middleware(secret: &SecretKey, secure: bool) -> SessionMiddleware<CookieSessionStore> {
    let key = Key::from(&secret.derive("cookies"));
    let life = Duration::try_from(SESSION_LIFE).unwrap_or(Duration::hours(1));
    SessionMiddleware::builder(CookieSessionStore::default(), key)
        .cookie_name(if secure { "__Host-pyk8s" } else { "pyk8s" }.to_owned())
        .cookie_secure(secure)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .session_lifecycle(PersistentSession::default().session_ttl(life))
        .build()
}

/// Begins a session for `user`; what the cookie held before is forgotten.
///
/// # Errors
/// [`Problem`] when it can't be kept.
pub async fn begin(
    request: &HttpRequest,
    state: &State,
    session: &Session,
    user: &User,
) -> Result<(), Problem> {
    let agent = request
        .headers()
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or("an unnamed browser");
    let address = request
        .peer_addr()
        .map(|address| address.ip().to_string())
        .unwrap_or_default();
    let secret = state.accounts.begin_session(user, agent, &address).await?;
    session.clear();
    session.renew();
    session
        .insert(SECRET, secret)
        .map_err(ServiceError::internal)?;
    session
        .insert(EMAIL, user.email.as_str())
        .map_err(ServiceError::internal)?;
    Ok(())
}

/// The session's secret, if anybody has logged in.
pub fn secret(session: &Session) -> Option<String> {
    session.get(SECRET).ok().flatten()
}

/// The address of whoever began the session, without asking whether it still holds: for a page that
/// must not need the database.
pub fn email(session: &Session) -> Option<String> {
    session.get(EMAIL).ok().flatten()
}

/// The session's CSRF token, made when there is none.
///
/// # Errors
/// [`Problem`] 500 when it can't be written.
pub fn csrf_token(session: &Session) -> Result<String, Problem> {
    if let Ok(Some(token)) = session.get::<String>(CSRF) {
        return Ok(token);
    }
    let token = BASE64_URL_SAFE_NO_PAD.encode(RandomBytes::<aes_gcm::Aes256Gcm>::generate());
    session
        .insert(CSRF, &token)
        .map_err(ServiceError::internal)?;
    Ok(token)
}

/// Checks the token that came with a form, or with the `X-CSRF-Token` header
/// (OWASP Cross-Site Request Forgery Prevention: synchronizer token).
///
/// # Errors
/// [`Problem`] 403 when it is missing or another session's.
pub fn check_csrf(request: &HttpRequest, in_form: Option<&str>) -> Result<(), Problem> {
    let refused = || {
        Problem::new(
            StatusCode::FORBIDDEN,
            "this page is out of date, or the form came from another site: reload it and try again",
        )
    };
    let expected = request
        .get_session()
        .get::<String>(CSRF)
        .ok()
        .flatten()
        .ok_or_else(refused)?;
    let header = request
        .headers()
        .get("X-CSRF-Token")
        .and_then(|value| value.to_str().ok());
    let given = header.or(in_form).ok_or_else(refused)?;
    if bool::from(given.as_bytes().ct_eq(expected.as_bytes())) {
        Ok(())
    } else {
        Err(refused())
    }
}

/// The person in front of the browser, if they have logged in and nothing ended that since.
pub struct Visitor(pub Option<User>);

impl FromRequest for Visitor {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (state, session) = (state(request), request.get_session());
        Box::pin(async move {
            let Some(secret) = secret(&session) else {
                return Ok(Self(None));
            };
            match state?.accounts.session(&secret).await {
                Ok((user, _)) => Ok(Self(Some(user))),
                Err(ServiceError::Unauthenticated(_)) => Ok(Self(None)),
                Err(error) => Err(error.into()),
            }
        })
    }
}

/// The person in front of the browser, who must have logged in.
pub struct SignedIn(pub User);

impl FromRequest for SignedIn {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visitor = Visitor::from_request(request, payload);
        Box::pin(async move {
            let user = visitor.await?.0;
            Ok(Self(user.ok_or(ServiceError::Unauthenticated(
                "there is no session",
            ))?))
        })
    }
}

/// An administrator in front of the browser.
pub struct ByAdministrator(pub Administrator);

impl FromRequest for ByAdministrator {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let user = SignedIn::from_request(request, payload);
        Box::pin(async move { Ok(Self(Administrator::new(user.await?.0)?)) })
    }
}
