//! `/clusters/{id}`

use actix_session::Session;
use actix_web::{
    HttpRequest, HttpResponse, get,
    http::{
        StatusCode,
        header::{ContentDisposition, DispositionParam, DispositionType},
    },
    post, web,
};
use serde::Deserialize;

use super::{chrome, done, forms::Signed, html, is_htmx, notice, page, render};
use crate::{
    domain::ClusterStatus,
    service::Listed,
    web::{
        Problem, State,
        extract::ClusterPath,
        live::{self, Fragments},
        session::{self, SignedIn},
        view::{ClusterPage, DeleteForm, DeletePage, Form},
    },
};

#[derive(Deserialize)]
struct Extension {
    hours: i64,
}

#[derive(Deserialize)]
struct Nothing {}

#[derive(Deserialize)]
struct Confirmation {
    confirm: Option<String>,
}

#[get("/clusters/{id}")]
pub(super) async fn show(
    state: web::Data<State>,
    session: Session,
    SignedIn(user): SignedIn,
    ClusterPath(id): ClusterPath,
) -> Result<HttpResponse, Problem> {
    let name = state
        .clusters
        .get(user.id, id)
        .await?
        .cluster
        .name
        .to_string();
    let chrome = chrome(&session, Some(&user))?;
    let fragments = Fragments::new(state.clusters.clone(), user.id, Some(id), &chrome.csrf);
    let (details, log) = fragments.cluster(id, false).await?;
    let inside = live::inside::once(&state.clusters, user.id, id).await;
    page(
        StatusCode::OK,
        &ClusterPage {
            chrome,
            id: id.to_string(),
            name,
            details,
            inside,
            log,
        },
    )
}

#[get("/clusters/{id}/kubeconfig")]
pub(super) async fn kubeconfig(
    state: web::Data<State>,
    SignedIn(user): SignedIn,
    ClusterPath(id): ClusterPath,
) -> Result<HttpResponse, Problem> {
    let (name, text) = state.clusters.kubeconfig(user.id, id).await?;
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(format!(
            "{name}.kubeconfig.yaml"
        ))],
    };
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header(disposition)
        .body(text))
}

#[post("/clusters/{id}/extend")]
pub(super) async fn extend(
    request: HttpRequest,
    state: web::Data<State>,
    ClusterPath(id): ClusterPath,
    Signed {
        user,
        form: extension,
    }: Signed<Extension>,
) -> Result<HttpResponse, Problem> {
    state.clusters.extend(user.id, id, extension.hours).await?;
    Ok(done(&request, &format!("/clusters/{id}")))
}

#[post("/clusters/{id}/retry")]
pub(super) async fn retry(
    request: HttpRequest,
    state: web::Data<State>,
    ClusterPath(id): ClusterPath,
    Signed {
        user,
        form: Nothing {},
    }: Signed<Nothing>,
) -> Result<HttpResponse, Problem> {
    state.clusters.retry(user.id, id).await?;
    Ok(done(&request, &format!("/clusters/{id}")))
}

#[get("/clusters/{id}/delete")]
pub(super) async fn delete_page(
    request: HttpRequest,
    state: web::Data<State>,
    session: Session,
    SignedIn(user): SignedIn,
    ClusterPath(id): ClusterPath,
) -> Result<HttpResponse, Problem> {
    let listed = state.clusters.get(user.id, id).await?;
    let chrome = chrome(&session, Some(&user))?;
    let form = delete_form(&request, &listed, &chrome.csrf, Form::default())?;
    if is_htmx(&request) {
        return Ok(html(StatusCode::OK, form));
    }
    page(
        StatusCode::OK,
        &DeletePage {
            chrome,
            name: listed.cluster.name.to_string(),
            form,
        },
    )
}

#[post("/clusters/{id}/delete")]
pub(super) async fn delete(
    request: HttpRequest,
    state: web::Data<State>,
    session: Session,
    ClusterPath(id): ClusterPath,
    Signed {
        user,
        form: confirmation,
    }: Signed<Confirmation>,
) -> Result<HttpResponse, Problem> {
    let listed = state.clusters.get(user.id, id).await?;
    let typed = confirmation.confirm.unwrap_or_default();
    if listed.cluster.status == ClusterStatus::Running
        && typed.trim() != listed.cluster.name.as_str()
    {
        let problem = Problem::field("confirm", format!("is not {}", listed.cluster.name));
        let form = Form::default().with("confirm", typed).refused(&problem);
        let csrf = session::csrf_token(&session)?;
        let form = delete_form(&request, &listed, &csrf, form)?;
        if is_htmx(&request) {
            return Ok(html(problem.status, form));
        }
        let chrome = chrome(&session, Some(&user))?;
        return page(
            problem.status,
            &DeletePage {
                chrome,
                name: listed.cluster.name.to_string(),
                form,
            },
        );
    }
    state.clusters.release(user.id, id).await?;
    if is_htmx(&request) {
        return Ok(HttpResponse::NoContent()
            .insert_header(("HX-Trigger", "deleted"))
            .finish());
    }
    notice(
        &session,
        &format!("{} is being deleted.", listed.cluster.name),
    );
    Ok(super::see_other("/dashboard"))
}

fn delete_form(
    request: &HttpRequest,
    listed: &Listed,
    csrf: &str,
    form: Form,
) -> Result<String, Problem> {
    render(&DeleteForm {
        id: &listed.cluster.id.to_string(),
        name: listed.cluster.name.as_str(),
        running: listed.cluster.status == ClusterStatus::Running,
        dialog: is_htmx(request),
        form,
        csrf,
    })
}
