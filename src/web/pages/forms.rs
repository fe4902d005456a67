//! Forms as browsers send them.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::StatusCode};
use serde::de::DeserializeOwned;

use crate::{
    domain::User,
    web::{
        Problem,
        extract::body,
        session::{SignedIn, check_csrf},
    },
};

/// A form of a person who is signed in: who is not any more is told that before anything else.
pub(super) struct Signed<T> {
    pub user: User,
    pub form: T,
}

impl<T: DeserializeOwned + 'static> FromRequest for Signed<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let user = SignedIn::from_request(request, payload);
        let form = Checked::from_request(request, payload);
        Box::pin(async move {
            let SignedIn(user) = user.await?;
            let Checked(form) = form.await?;
            Ok(Self { user, form })
        })
    }
}

/// A form that carried its session's CSRF token.
pub(super) struct Checked<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Checked<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, body) = (request.clone(), body(request, payload));
        Box::pin(async move {
            if !request
                .content_type()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
            {
                return Err(Problem::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "this is no form",
                ));
            }
            let bytes = body.await?;
            // Browsers send forms in the page's encoding, UTF-8, percent-encoded.
            let token = url::form_urlencoded::parse(&bytes).find(|(name, _)| name == "csrf_token");
            check_csrf(&request, token.as_ref().map(|(_, token)| &**token))?;
            let text = std::str::from_utf8(&bytes)
                .map_err(|_| Problem::malformed("the form is not valid UTF-8"))?;
            actix_web::web::Query::<T>::from_query(text)
                .map(|form| Self(form.into_inner()))
                .map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))
        })
    }
}
