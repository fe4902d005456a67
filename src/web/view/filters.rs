//! What the templates do to values.

use askama::{Result, Values};

use crate::web::assets;

/// The address of a file of `static/`.
#[askama::filter_fn]
#[allow(missing_docs)]
pub fn asset(name: &str, _: &dyn Values) -> Result<String> {
    Ok(assets::url(name))
}
