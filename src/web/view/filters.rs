//! What the templates do to values.
#![allow(missing_docs, reason = "the filter macro makes undocumented items")]

use askama::{Result, Values};

use crate::web::assets;

/// The address of a file of `static/`.
#[askama::filter_fn]
pub fn asset(name: &str, _: &dyn Values) -> Result<String> {
    Ok(assets::url(name))
}
