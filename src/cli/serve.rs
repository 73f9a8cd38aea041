//! Serving until the end is asked for.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use alliance::app::App;
use alliance::config::both;
use alliance::{http, memory, robots, search, upkeep, webhooks};
use tokio::net::TcpListener;

/// How long a proxy may need to see that the service is ending.
const NOTICE: Duration = Duration::from_millis(500);

/// Serves an app; `ready` learns the address as soon as it takes connections.
pub async fn serve(app: App, ready: impl FnOnce(SocketAddr)) -> Result<(), String> {
    let listen = app.settings().listen;
    let (listener, address) = bind("listen", listen).await?;
    let metrics = match app.settings().metrics_listen {
        Some(listen) => Some(bind("metrics-listen", listen).await?),
        None => None,
    };
    let mut signals = Signals::listen().map_err(|error| error.to_string())?;
    tokio::task::spawn_blocking(search::warm_up);
    let upkeep = tokio::spawn(upkeep::run(app.clone()));
    let memory = tokio::spawn(memory::follow(app.clone()));
    let webhooks = tokio::spawn(webhooks::sending::follow(app.clone()));
    let robots = tokio::spawn(robots::sending::follow(app.clone()));
    let http = http::Http::new(app.clone());
    println!("服务已启动 / Serving at http://{address}/graphql");
    tracing::info!(%address, "serving");
    let metrics = metrics.map(|(listener, address)| {
        tracing::info!(%address, "serving metrics");
        tokio::spawn(http::serve_metrics(listener, http.clone()))
    });
    ready(address);
    let (ending, finishing) = (http.clone(), http.clone());
    let (ask, asked) = tokio::sync::oneshot::channel::<()>();
    let end = async move {
        // Whoever could ask is gone: that is an end too.
        let _ = asked.await;
        tracing::info!("ending");
        ending.end();
        tokio::time::sleep(NOTICE).await;
    };
    let twice = async move {
        signals.next().await;
        let _ = ask.send(());
        signals.next().await;
    };
    let finished = tokio::select! {
        () = http::serve(listener, http, end) => true,
        () = twice => false,
    };
    upkeep.abort();
    memory.abort();
    webhooks.abort();
    robots.abort();
    if let Some(metrics) = metrics {
        metrics.abort();
    }
    if finished {
        finishing.finish().await;
        app.db().close().await;
        tracing::info!("ended");
    } else {
        tracing::warn!("ended at once, asked a second time");
    }
    Ok(())
}

async fn bind(setting: &str, listen: SocketAddr) -> Result<(TcpListener, SocketAddr), String> {
    let bound = TcpListener::bind(listen).await.and_then(|listener| Ok((listener.local_addr()?, listener)));
    bound.map(|(address, listener)| (listener, address)).map_err(|error| unbound(setting, listen, &error))
}

fn unbound(setting: &str, listen: SocketAddr, error: &std::io::Error) -> String {
    let setting = format!("--{setting} (ALLIANCE_{})", setting.replace('-', "_").to_uppercase());
    match error.kind() {
        ErrorKind::AddrInUse => both(
            format!("端口 {} 已被占用：请停止占用它的程序，或用 {setting} 另选端口", listen.port()),
            format!("{listen} is in use: stop the other program, or choose another port by {setting}"),
        ),
        ErrorKind::PermissionDenied => both(
            format!("无权使用端口 {}：请用 {setting} 选用 1024 以上的端口", listen.port()),
            format!("{listen} is not permitted: choose a port from 1024 up by {setting}"),
        ),
        ErrorKind::AddrNotAvailable => both(
            format!("本机没有地址 {}：请用 {setting} 更正", listen.ip()),
            format!("{} is no address of this machine: correct {setting}", listen.ip()),
        ),
        _ => both(format!("无法监听 {listen}"), format!("Cannot listen: {error}")),
    }
}

/// Ctrl-c or, from a supervisor, SIGTERM.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn listen() -> std::io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    #[cfg(not(unix))]
    fn listen() -> std::io::Result<Signals> {
        Ok(Signals {})
    }

    /// Waits for the next one.
    async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}
