//! The server: header time-outs, and an end that lets what is in flight finish.

use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower_http::add_extension::AddExtension;

use super::rates::Peer;
use super::{Http, metrics, router};

/// How long a caller may take to send its headers.
const HEADERS: Duration = Duration::from_secs(15);
/// How long requests in flight may take to finish at the end: this at least, and longer than any request may take.
const FAREWELL: u32 = 30;

/// Serves until `end` comes, then finishes what is in flight.
pub async fn serve(listener: TcpListener, http: Http, end: impl Future<Output = ()>) {
    let farewell = FAREWELL.max(http.app.settings().request_seconds + 5);
    answer(listener, router(http), Duration::from_secs(farewell.into()), end).await;
}

/// Serves `/metrics`, and nothing else, until it is dropped.
pub async fn serve_metrics(listener: TcpListener, http: Http) {
    answer(listener, metrics::router(http), Duration::ZERO, std::future::pending()).await;
}

async fn answer(listener: TcpListener, router: Router, farewell: Duration, end: impl Future<Output = ()>) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(64 * 1024);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Duration::from_secs(30)).max_concurrent_streams(64);
    let graceful = GracefulShutdown::new();
    tokio::pin!(end);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of handles, most likely: wait for some to be given back.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = &mut end => break,
        };
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(AddExtension::new(router.clone(), Peer(peer.ip())));
        let connection = graceful.watch(builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned());
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(farewell, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
}
