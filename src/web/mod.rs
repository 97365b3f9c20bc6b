//! Floor 7: the web console. Pages made on the server, live updates over server-sent events, one small script, and the
//! sign-in. It talks to the rest through [`House`] alone.
//!
//! INVARIANT: nothing here decides what may happen. A form becomes an `Inbound` and passes the same gate as everything
//! else; what this room guards is who sent it (session, anti-forgery token, origin) and what a browser may do with our
//! pages (headers).

mod assets;
mod charts;
mod events;
mod guard;
mod house;
mod metrics;
mod pages;
mod problem;
mod review;
mod sending;
mod session;
mod sign_in;
mod state;
mod transcript;
mod usage;

pub use guard::{BadSite, Site};
pub use house::{
    Accounts, Answer, ChannelView, Completion, Failures, House, MessageChanged, OpenWork, PersonView,
    Receipt, Recorded, RequestStory, Session, StoryLine, StoryProof, ToolView, Trouble, Typed, Unread,
    Vocabulary,
};
pub use metrics::metrics;
pub use sign_in::{Unhashable, hash_password};
pub use state::{Mode, Settings, Unusable, Web};

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// The largest form we read, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// How long open connections may take to end once we shut down.
const GRACE: Duration = Duration::from_secs(5);

/// The console's routes, each behind the guard. Doors for other platforms are merged beside it, not inside.
pub fn router(web: Arc<Web>) -> Router {
    let mut router = Router::new()
        .route("/", get(pages::home))
        .route("/c/{channel}", get(pages::channel))
        .route("/c/{channel}/t/{message}", get(pages::thread))
        .route("/c/{channel}/messages", post(sending::message))
        .route("/c/{channel}/read", post(sending::read))
        .route("/c/{channel}/complete", get(pages::complete))
        .route("/m/{message}/press", post(sending::press))
        .route("/m/{message}/react", post(sending::react))
        .route("/r", get(review::record))
        .route("/r.csv", get(review::csv))
        .route("/r.jsonl", get(review::jsonl))
        .route("/r/{request}", get(review::story))
        .route("/usage", get(usage::page))
        .route("/usage.json", get(usage::json))
        .route("/events", get(events::events))
        .route("/assets/{digest}/{name}", get(assets::asset));
    router = match web.mode() {
        Mode::Playground => router.route("/session/person", post(session::switch)),
        Mode::Accounts(_) => router
            .route("/sign-in", get(sign_in::page).post(sign_in::submit))
            .route("/session/close", post(sign_in::sign_out)),
    };
    router
        .fallback(problem::nowhere)
        .method_not_allowed_fallback(problem::nowhere)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&web), guard::guard))
        .with_state(web)
}

/// Serves until `closing` turns true; live updates end then, and what is still open after five seconds is cut.
///
/// # Errors
/// The listener broke.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    closing: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(closed(closing.clone()));
    let cut = async {
        closed(closing).await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = server => ended,
        () = cut => Ok(()),
    }
}

/// Ends when `closing` turns true or its sender is gone.
async fn closed(mut closing: watch::Receiver<bool>) {
    // An error means that the sender is gone: nobody is left who could keep us open.
    let _ended_either_way = closing.wait_for(|closed| *closed).await;
}

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
