use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use minijinja::context;
use minijinja::value::Serde;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::Instant;

use super::house::MessageChanged;
use super::problem::Problem;
use super::session::Visitor;
use super::state::Web;
use super::transcript::{Entry, shown, visible};

/// After this long a browser has to come again, and to show again who it is.
const LONGEST: Duration = Duration::from_secs(1_800);

/// How often an idle stream says that it is alive, so that proxies keep it.
const PULSE: Duration = Duration::from_secs(20);

/// One browser that listens.
struct Listener {
    web: Arc<Web>,
    visitor: Visitor,
    watched: Watched,
    changes: Receiver<MessageChanged>,
    until: Instant,
}

/// What the browser shows while it listens.
#[derive(Deserialize)]
pub(super) struct Watched {
    /// The channel in view; nothing new in it is unread.
    #[serde(default)]
    channel: String,
}

/// Pushes every changed message as the fragment that shows it to this visitor. After a gap the event `gap` asks the
/// browser to fetch the page again.
pub(super) async fn events(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Query(watched): Query<Watched>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = web.house.subscribe();
    let listener = Listener { web, visitor, watched, changes, until: Instant::now() + LONGEST };
    let stream = futures::stream::unfold(listener, |mut listener| async move {
        listener.next().await.map(|event| (Ok(event), listener))
    });
    Sse::new(stream).keep_alive(KeepAlive::new().interval(PULSE))
}

impl Listener {
    async fn next(&mut self) -> Option<Event> {
        let closing = super::closed(self.web.settings.closing.clone());
        tokio::pin!(closing);
        loop {
            let change = tokio::select! {
                () = &mut closing => return None,
                () = tokio::time::sleep_until(self.until) => return None,
                change = self.changes.recv() => change,
            };
            if !self.visitor.still_there(&self.web).await {
                return None;
            }
            match change {
                Ok(change) => match self.event(&change).await {
                    Ok(Some(event)) => return Some(event),
                    Ok(None) => {}
                    // Already logged; the browser fetches what it missed.
                    Err(_problem) => return Some(gap()),
                },
                Err(RecvError::Lagged(_)) => return Some(gap()),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    async fn event(&self, change: &MessageChanged) -> Result<Option<Event>, Problem> {
        if visible(&self.web, &self.visitor, &change.channel).is_err() {
            return Ok(None);
        }
        let Some(row) = self.web.house.message(&change.id).await? else { return Ok(None) };
        let views = shown(&self.web, &self.visitor, std::slice::from_ref(&row)).await?;
        let Some(message) = views.into_iter().next() else { return Ok(None) };
        let (csrf, once) = (self.visitor.csrf(), self.web.token()?);
        let html = if change.root.is_some() {
            self.web.render("message.html", context! { message => Serde(message), csrf, once })?
        } else {
            let entry = Entry { message, replies: Vec::new(), hidden: 0, first_new: false };
            self.web.render("entry.html", context! { entry => Serde(entry), csrf, once })?
        };
        let unread = self.unread(&change.channel).await?;
        let data = json!({
            "id": change.id,
            "channel": change.channel,
            "root": change.root,
            "unread": unread,
            "html": html,
        });
        Ok(Some(Event::default().event("message").data(data.to_string())))
    }

    /// How many messages of a channel out of view are unread.
    async fn unread(&self, channel: &str) -> Result<Option<usize>, Problem> {
        if channel == self.watched.channel {
            return Ok(None);
        }
        let mut unread = self.web.house.unread(&self.visitor.person.id).await?;
        Ok(Some(unread.remove(channel).map_or(0, |unread| unread.count)))
    }
}

fn gap() -> Event {
    Event::default().event("gap").data("{}")
}
