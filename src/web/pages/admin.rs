//! `/admin`, for administrators

use actix_session::Session;
use actix_web::{HttpResponse, get, http::StatusCode, post, web};
use serde::Deserialize;

use super::{chrome, forms::Checked, notice, page, see_other};
use crate::{
    domain::UserId,
    web::{
        Problem, State,
        extract::ClusterPath,
        session::ByAdministrator,
        view::{AdminPage, ClusterRow, OfferView, UserView},
    },
};

const HERE: &str = "/admin";

#[derive(Deserialize)]
struct Nothing {}

#[derive(Deserialize)]
struct Registration {
    open: bool,
}

#[get("/admin")]
pub(super) async fn show(
    state: web::Data<State>,
    session: Session,
    ByAdministrator(administrator): ByAdministrator,
) -> Result<HttpResponse, Problem> {
    let users = state.administration.users(&administrator).await?;
    let clusters = state.administration.clusters(&administrator).await?;
    let limits = state.clusters.limits().ttl;
    let rows: Vec<_> = clusters
        .into_iter()
        .map(|(cluster, owner)| ClusterRow::new(cluster, owner, limits))
        .collect();
    let own = administrator.user();
    page(
        StatusCode::OK,
        &AdminPage {
            chrome: chrome(&session, Some(own))?,
            registration_open: state.accounts.registration_open().await?,
            users: users.iter().map(|user| UserView::new(user, own)).collect(),
            hosts: ClusterRow::by_host(&rows),
            clusters: rows,
            offers: OfferView::each(&state.clusters.offers()),
        },
    )
}

#[post("/admin/registration")]
pub(super) async fn registration(
    state: web::Data<State>,
    ByAdministrator(administrator): ByAdministrator,
    Checked(Registration { open }): Checked<Registration>,
) -> Result<HttpResponse, Problem> {
    state
        .administration
        .set_registration(&administrator, open)
        .await?;
    Ok(see_other(HERE))
}

#[post("/admin/users/{id}/{what:disable|enable}")]
pub(super) async fn set_disabled(
    state: web::Data<State>,
    ByAdministrator(administrator): ByAdministrator,
    path: web::Path<(String, String)>,
    Checked(Nothing {}): Checked<Nothing>,
) -> Result<HttpResponse, Problem> {
    let (id, what) = path.into_inner();
    let user: UserId = id
        .parse()
        .map_err(|_| Problem::new(StatusCode::NOT_FOUND, "there is no such user"))?;
    state
        .administration
        .set_disabled(&administrator, user, what == "disable")
        .await?;
    Ok(see_other(HERE))
}

#[post("/admin/clusters/{id}/delete")]
pub(super) async fn delete_cluster(
    state: web::Data<State>,
    session: Session,
    ByAdministrator(administrator): ByAdministrator,
    ClusterPath(id): ClusterPath,
    Checked(Nothing {}): Checked<Nothing>,
) -> Result<HttpResponse, Problem> {
    state
        .administration
        .delete_cluster(&administrator, id)
        .await?;
    notice(&session, "The cluster is being deleted.");
    Ok(see_other(HERE))
}
