//! `/`, `/dashboard`, and the form for a new cluster

use std::collections::HashMap;

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};
use serde::Deserialize;

use super::{chrome, forms::Signed, html, is_htmx, page, render, see_other};
use crate::{
    domain::{Invalid, User},
    service::{ServiceError, Wish},
    web::{
        Problem, State,
        live::Fragments,
        session::{self, SignedIn, Visitor},
        view::{AddonView, CreateForm, DashboardPage, Form, LandingPage, OfferView, SizeView},
    },
};

#[derive(Deserialize)]
struct NewCluster {
    name: String,
    ttl_hours: String,
    nodes: String,
    provider: Option<String>,
    kubernetes_version: Option<String>,
    node_size: Option<String>,
    /// `addon:metrics-server=on` for each box that is ticked.
    #[serde(flatten)]
    boxes: HashMap<String, String>,
}

impl NewCluster {
    fn addons(&self) -> Vec<String> {
        let ticked = self
            .boxes
            .keys()
            .filter_map(|name| name.strip_prefix("addon:"));
        ticked.map(str::to_owned).collect()
    }
}

#[get("/")]
pub(super) async fn landing(
    state: web::Data<State>,
    session: Session,
    visitor: Visitor,
) -> Result<HttpResponse, Problem> {
    let registration_open = state.accounts.registration_open().await?;
    page(
        StatusCode::OK,
        &LandingPage {
            chrome: chrome(&session, visitor.0.as_ref())?,
            registration_open,
        },
    )
}

#[get("/dashboard")]
pub(super) async fn dashboard(
    state: web::Data<State>,
    session: Session,
    SignedIn(user): SignedIn,
) -> Result<HttpResponse, Problem> {
    show(&state, &session, &user, StatusCode::OK, Form::default()).await
}

#[post("/clusters")]
pub(super) async fn create(
    request: HttpRequest,
    state: web::Data<State>,
    session: Session,
    Signed { user, form: new }: Signed<NewCluster>,
) -> Result<HttpResponse, Problem> {
    let requested = match wish(&new) {
        Ok(wish) => state
            .clusters
            .request(&user, wish)
            .await
            .map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    let (status, form) = match requested {
        Ok(_) if !is_htmx(&request) => return Ok(see_other("/dashboard")),
        Ok(_) => (StatusCode::OK, Form::default()),
        Err(problem) if problem.status.is_server_error() => return Err(problem),
        Err(problem) => {
            let ticked = new.addons();
            let form = ticked
                .iter()
                .fold(Form::default(), |form, addon| form.with("addons", addon))
                .with(
                    "kubernetes_version",
                    new.kubernetes_version.unwrap_or_default(),
                )
                .with("node_size", new.node_size.unwrap_or_default())
                .with("name", new.name)
                .with("ttl_hours", new.ttl_hours)
                .with("nodes", new.nodes)
                .with("provider", new.provider.unwrap_or_default());
            (StatusCode::UNPROCESSABLE_ENTITY, form.refused(&problem))
        }
    };
    if is_htmx(&request) {
        return Ok(html(
            status,
            create_form(&state, &session::csrf_token(&session)?, form)?,
        ));
    }
    show(&state, &session, &user, status, form).await
}

async fn show(
    state: &State,
    session: &Session,
    user: &User,
    status: StatusCode,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let chrome = chrome(session, Some(user))?;
    let fragments = Fragments::new(state.clusters.clone(), user.id, None, &chrome.csrf);
    let (quota, list) = fragments.dashboard(false).await?;
    let form = create_form(state, &chrome.csrf, form)?;
    page(
        status,
        &DashboardPage {
            chrome,
            quota,
            list,
            form,
        },
    )
}

fn create_form(state: &State, csrf: &str, form: Form) -> Result<String, Problem> {
    let offers = OfferView::all(&state.clusters.offers(), form.value("provider"));
    let max_ttl = state.clusters.limits().ttl.max_hours;
    let addons = state.clusters.addons().offered();
    render(&CreateForm {
        sizes: SizeView::all(form.value("node_size")),
        addons: AddonView::all(addons, &form),
        form,
        offers,
        max_ttl,
        csrf,
    })
}

fn wish(new: &NewCluster) -> Result<Wish, Problem> {
    let mut invalid = Vec::new();
    let mut number = |field: &'static str, text: &str| match text.trim().parse::<i64>() {
        Ok(number) => Some(number),
        Err(_) => {
            invalid.push(Invalid::new(field, "must be a whole number"));
            None
        }
    };
    let (ttl_hours, nodes) = (
        number("ttl_hours", &new.ttl_hours),
        number("nodes", &new.nodes),
    );
    if !invalid.is_empty() {
        return Err(ServiceError::Invalid(invalid).into());
    }
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    Ok(Wish {
        name: new.name.trim().to_owned(),
        ttl_hours,
        provider: given(&new.provider),
        kubernetes_version: given(&new.kubernetes_version),
        nodes,
        node_size: given(&new.node_size),
        addons: new.addons(),
        idempotency_key: None,
    })
}
