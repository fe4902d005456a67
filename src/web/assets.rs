//! Stylesheet, scripts and icons, in the binary: addressed by their content, so that browsers may keep them for ever.

use actix_web::{
    HttpResponse, get,
    http::{StatusCode, header},
    web,
};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::Problem;

#[derive(RustEmbed)]
#[folder = "static"]
struct Static;

/// The address of a file of `static/`.
pub fn url(name: &str) -> String {
    let digest = Static::get(name).map_or_else(|| "missing".to_owned(), |file| digest(&file));
    format!("/static/{digest}/{name}")
}

fn digest(file: &EmbeddedFile) -> String {
    file.metadata.sha256_hash()[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A file under its address. Under an older one it is not found: its content would be another.
#[get("/{digest}/{name:.*}")]
pub async fn asset(path: web::Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (wanted, name) = path.into_inner();
    let file = Static::get(&name)
        .filter(|file| digest(file) == wanted)
        .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "there is no such file"))?;
    Ok(HttpResponse::Ok()
        .content_type(media_type(&name))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(file.data.into_owned()))
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_the_pages_name_is_in_the_binary() {
        for name in [
            "app.css",
            "app.js",
            "theme.js",
            "icon.svg",
            "vendor/htmx.min.js",
            "vendor/ws.js",
        ] {
            assert!(!url(name).contains("missing"), "{name}");
        }
    }
}
