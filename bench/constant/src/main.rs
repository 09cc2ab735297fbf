//! A bare axum server that answers every request to `/` with `ok`: the upper bound for axum.

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;
    axum::serve(listener, Router::new().route("/", get(|| async { "ok" }))).await
}
