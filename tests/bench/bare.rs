//! What the lab is measured against: the same queries and messages, without the lab.
//! Usage: bare DATABASE_URL; prints the address.

use std::io::Write;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, error::ErrorInternalServerError, web};
use argon2::{Argon2, PasswordVerifier};
use diesel::{
    PgConnection, QueryableByName, RunQueryDsl,
    r2d2::{ConnectionManager, Pool},
    sql_query,
    sql_types::{BigInt, Integer, Text},
};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

type Connections = Pool<ConnectionManager<PgConnection>>;

#[derive(QueryableByName, Serialize)]
struct Row {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Text)]
    provider: String,
    #[diesel(sql_type = Text)]
    kubernetes_version: String,
    #[diesel(sql_type = Integer)]
    nodes: i32,
    #[diesel(sql_type = Integer)]
    ttl_hours: i32,
    #[diesel(sql_type = BigInt)]
    created_at: i64,
    #[diesel(sql_type = BigInt)]
    expires_at: i64,
}

#[derive(QueryableByName)]
struct Account {
    #[diesel(sql_type = Text)]
    password_hash: String,
}

#[derive(Deserialize)]
struct Credentials {
    email: String,
    password: String,
}

async fn query<T: Send + 'static>(
    pool: &Connections,
    work: impl FnOnce(&mut PgConnection) -> diesel::QueryResult<T> + Send + 'static,
) -> actix_web::Result<T> {
    let pool = pool.clone();
    web::block(move || {
        let mut connection = pool.get().map_err(|error| error.to_string())?;
        work(&mut connection).map_err(|error| error.to_string())
    })
    .await?
    .map_err(ErrorInternalServerError)
}

async fn list(
    pool: web::Data<Connections>,
    user: web::Path<String>,
) -> actix_web::Result<HttpResponse> {
    let user = user.into_inner();
    let rows: Vec<Row> = query(&pool, |connection| {
        sql_query("SELECT * FROM clusters WHERE user_id = $1 AND deleted_at IS NULL ORDER BY created_at DESC, id DESC")
            .bind::<Text, _>(user)
            .load(connection)
    })
    .await?;
    Ok(HttpResponse::Ok().json(rows))
}

async fn login(
    pool: web::Data<Connections>,
    who: web::Json<Credentials>,
) -> actix_web::Result<HttpResponse> {
    let Credentials { email, password } = who.into_inner();
    let account: Account = query(&pool, |connection| {
        sql_query("SELECT * FROM users WHERE email = $1")
            .bind::<Text, _>(email)
            .get_result(connection)
    })
    .await?;
    let verified = web::block(move || {
        let hash = argon2::PasswordHash::new(&account.password_hash)?;
        Argon2::default().verify_password(password.as_bytes(), &hash)
    })
    .await?;
    verified.map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().json("in"))
}

async fn connect(
    request: HttpRequest,
    payload: web::Payload,
    messages: web::Data<broadcast::Sender<String>>,
) -> actix_web::Result<HttpResponse> {
    let (response, mut session, _incoming) = actix_ws::handle(&request, payload)?;
    let mut messages = messages.subscribe();
    actix_web::rt::spawn(async move {
        while let Ok(message) = messages.recv().await {
            if session.text(message).await.is_err() {
                return;
            }
        }
    });
    Ok(response)
}

async fn publish(messages: web::Data<broadcast::Sender<String>>, body: String) -> HttpResponse {
    let _ = messages.send(body);
    HttpResponse::Ok().finish()
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("usage: bare DATABASE_URL")?;
    let pool: Connections = Pool::builder()
        .max_size(8)
        .build(ConnectionManager::new(url))?;
    let messages = broadcast::Sender::<String>::new(4096);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(pool.clone()))
            .app_data(web::Data::new(messages.clone()))
            .route("/list/{user}", web::get().to(list))
            .route("/login", web::post().to(login))
            .route("/ws", web::get().to(connect))
            .route("/publish", web::post().to(publish))
    })
    .bind("127.0.0.1:0")?;
    let address = server.addrs()[0];
    println!("open at http://{address}/");
    std::io::stdout().flush()?;
    Ok(server.run().await?)
}
