//! `/account`

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};
use chrono::SecondsFormat;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{chrome, forms::Signed, notice, page, see_other};
use crate::{
    domain::User,
    service::MAX_TOKEN_DAYS,
    web::{
        Problem, State,
        session::{self, SignedIn},
        view::{AccountPage, Form, SessionView},
    },
};

const HERE: &str = "/account";

#[derive(Deserialize)]
struct NewPassword {
    current_password: SecretString,
    new_password: SecretString,
}

#[derive(Deserialize)]
struct NewToken {
    name: String,
    days: String,
}

#[derive(Deserialize)]
struct Confirmation {
    confirm: String,
}

#[derive(Deserialize)]
struct Nothing {}

/// The page's forms, as they were sent.
#[derive(Default)]
struct Forms {
    password: Form,
    token: Form,
    delete: Form,
    new_token: Option<String>,
}

#[get("/account")]
pub(super) async fn show(
    state: web::Data<State>,
    session: Session,
    SignedIn(user): SignedIn,
) -> Result<HttpResponse, Problem> {
    account(&state, &session, &user, StatusCode::OK, Forms::default()).await
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
    let changed = state
        .accounts
        .change_password(&user, passwords.current_password, new)
        .await;
    match changed.map_err(Problem::from) {
        Ok(user) => {
            session::begin(&request, &state, &session, &user).await?;
            notice(
                &session,
                "Your password is changed: your other sessions and all tokens have ended.",
            );
            Ok(see_other(HERE))
        }
        Err(problem) => {
            let refused = |password| Forms {
                password,
                ..Forms::default()
            };
            refuse(&state, &session, &user, Form::default(), problem, refused).await
        }
    }
}

#[post("/account/tokens")]
pub(super) async fn make_token(
    state: web::Data<State>,
    session: Session,
    Signed { user, form: new }: Signed<NewToken>,
) -> Result<HttpResponse, Problem> {
    let days = new
        .days
        .trim()
        .parse()
        .map_err(|_| Problem::field("days", "must be a whole number"));
    let made = match days {
        Ok(days) => state
            .accounts
            .make_token(&user, &new.name, days)
            .await
            .map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match made {
        // Not by a redirect: it would have to be kept somewhere until then.
        Ok(token) => {
            let forms = Forms {
                new_token: Some(token),
                ..Forms::default()
            };
            account(&state, &session, &user, StatusCode::OK, forms).await
        }
        Err(problem) => {
            let sent = Form::default()
                .with("name", new.name)
                .with("days", new.days);
            let refused = |token| Forms {
                token,
                ..Forms::default()
            };
            refuse(&state, &session, &user, sent, problem, refused).await
        }
    }
}

#[post("/account/tokens/{id}/revoke")]
pub(super) async fn revoke_token(
    state: web::Data<State>,
    session: Session,
    id: web::Path<String>,
    Signed {
        user,
        form: Nothing {},
    }: Signed<Nothing>,
) -> Result<HttpResponse, Problem> {
    state.accounts.revoke_token(&user, &id).await?;
    notice(&session, "The token is revoked.");
    Ok(see_other(HERE))
}

#[post("/account/sessions/{id}/end")]
pub(super) async fn sign_out(
    state: web::Data<State>,
    session: Session,
    id: web::Path<String>,
    Signed {
        user,
        form: Nothing {},
    }: Signed<Nothing>,
) -> Result<HttpResponse, Problem> {
    state.accounts.sign_out(&user, &id).await?;
    notice(&session, "The session is signed out.");
    Ok(see_other(HERE))
}

#[post("/account/delete")]
pub(super) async fn delete(
    state: web::Data<State>,
    session: Session,
    Signed {
        user,
        form: Confirmation { confirm },
    }: Signed<Confirmation>,
) -> Result<HttpResponse, Problem> {
    let deleted = if confirm.trim().eq_ignore_ascii_case(user.email.as_str()) {
        let deleted = state.administration.delete_account(&user).await;
        deleted.map_err(Problem::from)
    } else {
        Err(Problem::field("confirm", format!("is not {}", user.email)))
    };
    match deleted {
        Ok(()) => {
            session.purge();
            Ok(see_other("/"))
        }
        Err(problem) => {
            let sent = Form::default().with("confirm", confirm);
            let refused = |delete| Forms {
                delete,
                ..Forms::default()
            };
            refuse(&state, &session, &user, sent, problem, refused).await
        }
    }
}

/// Shows the page again, with what was sent and what is wrong about it.
async fn refuse(
    state: &State,
    session: &Session,
    user: &User,
    sent: Form,
    problem: Problem,
    place: impl FnOnce(Form) -> Forms,
) -> Result<HttpResponse, Problem> {
    match problem.status {
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT => {
            let forms = place(sent.refused(&problem));
            account(state, session, user, problem.status, forms).await
        }
        _ => Err(problem),
    }
}

async fn account(
    state: &State,
    session: &Session,
    user: &User,
    status: StatusCode,
    forms: Forms,
) -> Result<HttpResponse, Problem> {
    let secret = session::secret(session).unwrap_or_default();
    let sessions = state.accounts.sessions(user, &secret).await?;
    let tokens = state.accounts.personal_tokens(user).await?;
    let account = AccountPage {
        chrome: chrome(session, Some(user))?,
        email: user.email.to_string(),
        role: user.role.as_str(),
        since: user.created_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        sessions: sessions.into_iter().map(SessionView::new).collect(),
        tokens: tokens.into_iter().map(Into::into).collect(),
        new_token: forms.new_token,
        max_days: MAX_TOKEN_DAYS,
        token_form: forms.token,
        form: forms.password,
        delete_form: forms.delete,
    };
    page(status, &account)
}
