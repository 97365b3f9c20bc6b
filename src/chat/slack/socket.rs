//! Socket Mode: one connection, its frames, and their acknowledgement. Who keeps connections open is a door's business.

use std::time::Duration;

use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use reqwest::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use reqwest::{StatusCode, Upgraded};
use serde_json::{Value, json};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::client::{Client, SlackError};
use super::door::{Kind, Package};

/// A connection on which nothing comes for so long is dead: Slack looks after us several times a minute.
pub const SILENCE: Duration = Duration::from_secs(60);

/// The largest frame we read, in bytes.
const MOST_BYTES: usize = 4 << 20;

/// What comes over a socket.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// The connection is good.
    Hello {
        /// How many connections the app has, this one included.
        connections: u64,
    },
    /// A delivery, to be acknowledged.
    Envelope {
        /// What it is acknowledged by.
        id: String,
        /// What is in it.
        package: Package,
        /// Whether the acknowledgement may carry an answer.
        answerable: bool,
    },
    /// The connection will end; another one should be there by then.
    Goodbye(Parting),
    /// Something we know nothing of.
    Other,
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// Slack moves it to another server.
    Refresh,
    /// Socket Mode was switched off in the app's settings.
    Disabled,
    /// The app has more connections than the ten that Slack allows.
    TooMany,
}

impl Frame {
    /// Reads the text of a frame.
    pub fn read(text: &str) -> Self {
        let Ok(mut frame) = serde_json::from_str::<Value>(text) else { return Self::Other };
        let word = |name: &str| frame.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let kind = match word("type").as_str() {
            "hello" => {
                let connections = frame.get("num_connections").and_then(Value::as_u64).unwrap_or(1);
                return Self::Hello { connections };
            }
            "disconnect" => {
                return Self::Goodbye(match word("reason").as_str() {
                    "link_disabled" => Parting::Disabled,
                    "too_many_websockets" => Parting::TooMany,
                    _ => Parting::Refresh,
                });
            }
            "events_api" => Kind::Event,
            "slash_commands" => Kind::Command,
            "interactive" => Kind::Interactive,
            _ => return Self::Other,
        };
        let (id, answerable) =
            (word("envelope_id"), frame.get("accepts_response_payload") == Some(&true.into()));
        let payload = frame.get_mut("payload").map(Value::take).unwrap_or_default();
        if id.is_empty() {
            return Self::Other;
        }
        Self::Envelope { id, package: Package::from_socket(kind, payload), answerable }
    }
}

/// The acknowledgement of an envelope, with an answer where there is one.
pub fn acknowledgement(envelope: &str, answer: Option<&Value>) -> String {
    match answer {
        Some(answer) => json!({ "envelope_id": envelope, "payload": answer }).to_string(),
        None => json!({ "envelope_id": envelope }).to_string(),
    }
}

/// Why there is no connection any more.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Slack gives no address for one.
    #[error(transparent)]
    Refused(#[from] SlackError),
    /// The address does not answer as a socket.
    #[error("the socket was not opened: {0}")]
    NotOpened(String),
    /// It broke.
    #[error("the socket broke: {0}")]
    Broke(#[from] tokio_tungstenite::tungstenite::Error),
    /// See [`SILENCE`].
    #[error("nothing has come for {} s", SILENCE.as_secs())]
    Silent,
}

/// The half of a connection that is read.
pub struct Ear(SplitStream<WebSocketStream<Upgraded>>);

/// The half of a connection that is written.
pub struct Mouth(SplitSink<WebSocketStream<Upgraded>, Message>);

/// Opens a connection.
///
/// The upgrade goes over the HTTP client that everything else goes over, so that there is one TLS set-up in the house.
///
/// # Errors
/// See [`SocketError`].
pub async fn open(client: &Client) -> Result<(Ear, Mouth), SocketError> {
    let address = client.socket_address().await?;
    let scheme = if address.scheme() == "ws" { "http" } else { "https" };
    let (_, rest) = address.as_str().split_once(':').unwrap_or_default();
    let key = generate_key();
    let request = client
        .http()
        .get(format!("{scheme}:{rest}"))
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, &key);
    // The address holds a ticket, so errors are told without it.
    let failed = |error: reqwest::Error| SocketError::NotOpened(error.without_url().to_string());
    let response = request.send().await.map_err(failed)?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(SocketError::NotOpened(format!("HTTP {}", response.status().as_u16())));
    }
    let accepted = response.headers().get(SEC_WEBSOCKET_ACCEPT).and_then(|value| value.to_str().ok());
    if accepted != Some(derive_accept_key(key.as_bytes()).as_str()) {
        return Err(SocketError::NotOpened("the answer is no socket's".to_owned()));
    }
    let upgraded = response.upgrade().await.map_err(failed)?;
    let limits =
        WebSocketConfig::default().max_message_size(Some(MOST_BYTES)).max_frame_size(Some(MOST_BYTES));
    let stream = WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(limits)).await;
    let (mouth, ear) = stream.split();
    Ok((Ear(ear), Mouth(mouth)))
}

impl Ear {
    /// The next frame; `None` when the other side has closed the connection.
    ///
    /// # Errors
    /// See [`SocketError`].
    pub async fn next(&mut self) -> Result<Option<Frame>, SocketError> {
        loop {
            let message =
                tokio::time::timeout(SILENCE, self.0.next()).await.map_err(|_over| SocketError::Silent)?;
            match message {
                None => return Ok(None),
                Some(Err(error)) => return Err(error.into()),
                Some(Ok(Message::Text(text))) => return Ok(Some(Frame::read(&text))),
                Some(Ok(Message::Close(_))) => return Ok(None),
                // Pings are answered by the protocol itself, and show that somebody is there.
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            }
        }
    }
}

impl Mouth {
    /// Sends an acknowledgement.
    ///
    /// # Errors
    /// See [`SocketError`].
    pub async fn say(&mut self, text: String) -> Result<(), SocketError> {
        Ok(self.0.send(Message::text(text)).await?)
    }

    /// Looks whether the other side is still there; what comes back breaks the silence.
    ///
    /// # Errors
    /// See [`SocketError`].
    pub async fn ping(&mut self) -> Result<(), SocketError> {
        Ok(self.0.send(Message::Ping(Vec::new().into())).await?)
    }

    /// Says goodbye. Best effort: the other side may be gone.
    pub async fn close(&mut self) {
        let _gone = self.0.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_tolerantly() {
        let hello = r#"{"type":"hello","num_connections":2,"debug_info":{"approximate_connection_time":18060},"connection_info":{"app_id":"A1"}}"#;
        assert_eq!(Frame::read(hello), Frame::Hello { connections: 2 });
        for (reason, parting) in [
            ("warning", Parting::Refresh),
            ("refresh_requested", Parting::Refresh),
            ("link_disabled", Parting::Disabled),
            ("too_many_websockets", Parting::TooMany),
            ("something_new", Parting::Refresh),
        ] {
            let text = json!({ "type": "disconnect", "reason": reason, "debug_info": { "host": "x" } });
            assert_eq!(Frame::read(&text.to_string()), Frame::Goodbye(parting), "{reason}");
        }
        for other in ["", "null", "[]", r#"{"type":"new"}"#, r#"{"type":"events_api","payload":{}}"#] {
            assert_eq!(Frame::read(other), Frame::Other, "{other}");
        }
    }

    #[test]
    fn an_envelope_is_its_package_and_how_to_acknowledge_it() {
        let text = json!({
            "envelope_id": "e-1",
            "type": "slash_commands",
            "accepts_response_payload": true,
            "payload": { "command": "/deploy", "token": "legacy" },
        });
        let Frame::Envelope { id, package, answerable } = Frame::read(&text.to_string()) else { panic!() };
        assert_eq!((id.as_str(), package.kind, answerable), ("e-1", Kind::Command, true));
        assert_eq!(package.payload["command"], "/deploy");
        assert!(!String::from_utf8_lossy(&package.raw.0).contains("legacy"));
        assert_eq!(acknowledgement("e-1", None), r#"{"envelope_id":"e-1"}"#);
        let answer = json!({ "text": "x" });
        assert_eq!(acknowledgement("e-1", Some(&answer)), r#"{"envelope_id":"e-1","payload":{"text":"x"}}"#);
    }
}
