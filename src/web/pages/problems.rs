//! Problems as pages, to those who look at pages.

use actix_session::SessionExt;
use actix_web::{
    Error, HttpMessage, HttpRequest,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{StatusCode, header},
    middleware::Next,
};
use askama::Template;

use super::{chrome, is_htmx, to_login};
use crate::web::{
    Problem,
    observe::RequestId,
    session,
    view::{Chrome, ProblemPage},
};

/// The middleware: what a handler refused becomes a page where a person asked.
///
/// # Errors
/// Those of the handlers.
pub async fn show_as_pages<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<BoxBody, B>>, Error> {
    let response = next.call(request).await?;
    let problem = response
        .response()
        .error()
        .and_then(|error| error.as_error::<Problem>())
        .cloned();
    match problem {
        Some(problem)
            if problem.status == StatusCode::UNAUTHORIZED && is_of_pages(response.request()) =>
        {
            let answer = to_login(response.request());
            Ok(response.into_response(answer).map_into_left_body())
        }
        // htmx leaves its page as it is: the words come as an event.
        Some(problem) if is_htmx(response.request()) => {
            let told = serde_json::json!({ "problem": problem.detail }).to_string();
            let answer = problem
                .response()
                .insert_header(("HX-Trigger", told))
                .finish();
            Ok(response.into_response(answer).map_into_left_body())
        }
        Some(problem) if wants_page(response.request()) => {
            let page = page_of(response.request(), &problem);
            let answer = problem
                .response()
                .content_type("text/html; charset=utf-8")
                .body(page);
            Ok(response.into_response(answer).map_into_left_body())
        }
        _ => Ok(response.map_into_right_body()),
    }
}

/// Whether a person asked, by a page or by htmx in a page.
fn is_of_pages(request: &HttpRequest) -> bool {
    is_htmx(request) || wants_page(request)
}

fn wants_page(request: &HttpRequest) -> bool {
    let accept = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    !request.path().starts_with("/api/")
        && accept.is_some_and(|accept| accept.contains("text/html"))
}

fn page_of(request: &HttpRequest, problem: &Problem) -> String {
    let details = problem.details();
    let page = ProblemPage {
        chrome: Chrome {
            email: session::email(&request.get_session()),
            ..chrome(&request.get_session(), None).unwrap_or_default()
        },
        status: details.status,
        title: details.title,
        detail: details.detail.clone(),
        request_id: request
            .extensions()
            .get::<RequestId>()
            .map(|id| id.0.clone()),
    };
    page.render().unwrap_or(details.detail)
}
