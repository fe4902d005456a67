//! `/account`

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};
use chrono::SecondsFormat;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{chrome, forms::Signed, notice, page, see_other};
use crate::{
    domain::User,
    web::{
        Problem, State,
        session::{self, SignedIn},
        view::{AccountPage, Form},
    },
};

#[derive(Deserialize)]
struct NewPassword {
    current_password: SecretString,
    new_password: SecretString,
}

#[get("/account")]
pub(super) async fn show(
    session: Session,
    SignedIn(user): SignedIn,
) -> Result<HttpResponse, Problem> {
    account(&session, &user, StatusCode::OK, Form::default())
}

#[post("/account/password")]
pub(super) async fn change_password(
    request: HttpRequest,
    state: web::Data<State>,
    session: Session,
    Signed {
        user,
        form: passwords,
    }: Signed<NewPassword>,
) -> Result<HttpResponse, Problem> {
    // Whoever sits at an open session may guess the password no faster than at the login page.
    state.throttle.attempt(&request).await?;
    let new = passwords.new_password.expose_secret();
    match state
        .accounts
        .change_password(&user, passwords.current_password, new)
        .await
        .map_err(Problem::from)
    {
        Ok(user) => {
            session::begin(&session, &user)?;
            notice(
                &session,
                "Your password is changed: your other sessions and tokens have ended.",
            );
            Ok(see_other("/account"))
        }
        Err(problem) if problem.status == StatusCode::UNPROCESSABLE_ENTITY => account(
            &session,
            &user,
            problem.status,
            Form::default().refused(&problem),
        ),
        Err(problem) => Err(problem),
    }
}

fn account(
    session: &Session,
    user: &User,
    status: StatusCode,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let account = AccountPage {
        chrome: chrome(session, Some(user))?,
        email: user.email.to_string(),
        since: user.created_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        form,
    };
    page(status, &account)
}
