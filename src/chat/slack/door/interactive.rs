//! Buttons, forms and shortcuts.

use super::wire::Look;
use super::{About, Arrival, Card, Heard, Known, Package, Pressed, Said, Sent, Wanted, Window};
use crate::chat::slack::ResponseUrl;
use crate::chat::slack::card::{FORM_BUTTON, Meant, button_value, meaning};
use crate::chat::slack::home::ASK_BUTTON;
use crate::chat::slack::window::{self, Callback, Kept};
use crate::domain::{ChatUser, DedupeKey, Place, Platform};

/// How many characters may be written beside a button.
const MAX_NOTE: usize = 500;

pub(super) fn read<'a>(package: &'a Package, known: Known<'a>) -> Arrival {
    let press = Interactive { package, payload: Look(&package.payload), known };
    match press.payload.text("type") {
        "block_actions" => press.button(),
        "view_submission" => press.submission(),
        "shortcut" => press.shortcut(),
        _ => Arrival::Ignored("nothing of ours was pressed"),
    }
}

struct Interactive<'a> {
    package: &'a Package,
    payload: Look<'a>,
    known: Known<'a>,
}

impl<'a> Interactive<'a> {
    fn button(&self) -> Arrival {
        let Some(button) = self.payload.list("actions").next() else {
            return Arrival::Ignored("no button was pressed");
        };
        let (id, value) = (button.text("action_id"), button.text("value"));
        if id == FORM_BUTTON {
            return self.wanted(Some(self.place()), Window::Form(value.to_owned()));
        }
        if id == ASK_BUTTON {
            return self.wanted(None, Window::Tools);
        }
        let Some(meant) = meaning(id) else {
            return Arrival::Ignored("a button that only leads somewhere");
        };
        let Some((request, nonce)) = button_value(value) else {
            return Arrival::Ignored("a button that is not ours");
        };
        let ts = self.payload.first(&["container/message_ts", "message/ts"]).to_owned();
        match meant {
            Meant::Asked(action) => {
                let card = Card { request, nonce, channel: self.place().channel, ts, action, words: None };
                self.wanted(Some(self.place()), Window::Beside(card))
            }
            Meant::Done(action) => {
                // A press has no id of its own: who, on what, which button, and when make one.
                let pressed_at = button.text("action_ts");
                let key = format!("click:{}:{ts}:{}:{id}:{pressed_at}", self.channel(), self.user());
                let about = self.about(key);
                Arrival::Pressed(Pressed { about, ts, request, nonce, action, note: None, typed: None })
            }
        }
    }

    fn shortcut(&self) -> Arrival {
        match Callback::parse(self.payload.text("callback_id")) {
            Some(Callback::Tools) => self.wanted(None, Window::Tools),
            Some(Callback::Form | Callback::Beside) | None => Arrival::Ignored("no shortcut of ours"),
        }
    }

    fn submission(&self) -> Arrival {
        let view = self.payload.at("view");
        match Callback::parse(view.text("callback_id")) {
            Some(Callback::Tools) => self.chosen(view),
            Some(Callback::Beside) => self.beside(view),
            Some(Callback::Form) => self.form(view),
            None => Arrival::Ignored("no window of ours"),
        }
    }

    fn chosen(&self, view: Look<'_>) -> Arrival {
        let channel = serde_json::from_str::<Kept>(view.text("private_metadata")).unwrap_or_default().channel;
        match window::chosen(view.at("state/values").0) {
            Some(tool) => Arrival::Sent(Sent::Chosen { tool, channel }),
            None => Arrival::Ignored("nothing was chosen"),
        }
    }

    fn beside(&self, view: Look<'_>) -> Arrival {
        let Ok(card) = serde_json::from_str::<Card>(view.text("private_metadata")) else {
            return Arrival::Ignored("no window of ours");
        };
        let Card { request, nonce, channel, ts, action, words } = card;
        let written = window::written(view.at("state/values").0);
        let (note, typed) = match words {
            Some(words) if written.as_ref() != Some(&words) => {
                return Arrival::Sent(Sent::Wrong(vec![window::not_the_words(&words)]));
            }
            Some(words) => (None, Some(words)),
            None => (written.map(|note| note.chars().take(MAX_NOTE).collect()), None),
        };
        let mut about = self.about(format!("window:{}:{}", view.text("id"), self.user()));
        about.place.channel = channel;
        Arrival::Pressed(Pressed { about, ts, request, nonce, action, note, typed })
    }

    fn form(&self, view: Look<'_>) -> Arrival {
        let kept = serde_json::from_str::<Kept>(view.text("private_metadata")).unwrap_or_default();
        let values = view.at("state/values").0;
        let catalog = self.known.catalog;
        let Some(tool) = catalog.tool(&kept.tool) else { return Arrival::Ignored("no tool of ours") };
        match window::command(tool, values, catalog) {
            Err(wrong) => Arrival::Sent(Sent::Wrong(wrong)),
            Ok(text) => {
                let mut about = self.about(format!("window:{}:{}", view.text("id"), self.user()));
                about.place.channel = window::channel(values).unwrap_or(kept.channel);
                if about.place.channel.is_empty() {
                    return Arrival::Ignored("a form that was sent nowhere");
                }
                let said = Said { about, text, ts: None, thread: None, heard: Heard::Command };
                Arrival::Sent(Sent::Right(said))
            }
        }
    }

    fn wanted(&self, place: Option<Place>, window: Window) -> Arrival {
        let trigger = self.payload.text("trigger_id").to_owned();
        let answer_at = self.answer_at();
        Arrival::Wanted(Wanted { sender: self.sender(), place, trigger, window, answer_at })
    }

    fn channel(&self) -> &'a str {
        self.payload.first(&["container/channel_id", "channel/id"])
    }

    fn user(&self) -> &'a str {
        self.payload.text("user/id")
    }

    /// The workspace it happened in. Null for an app that a whole organisation has installed.
    fn team(&self) -> &'a str {
        self.payload.first(&["team/id", "user/team_id", "enterprise/id"])
    }

    fn place(&self) -> Place {
        Place {
            platform: Platform::Slack,
            workspace: self.team().to_owned(),
            channel: self.channel().to_owned(),
            thread: None,
        }
    }

    fn sender(&self) -> ChatUser {
        let user = self.user().to_owned();
        let workspace = self.payload.first(&["user/team_id", "team/id", "enterprise/id"]).to_owned();
        let display = self.payload.first(&["user/username", "user/name", "user/id"]).to_owned();
        ChatUser { platform: Platform::Slack, workspace, user, display }
    }

    fn answer_at(&self) -> Option<ResponseUrl> {
        ResponseUrl::new(self.payload.text("response_url"), self.known.at)
    }

    fn about(&self, key: String) -> About {
        About {
            key: DedupeKey(key),
            place: self.place(),
            sender: self.sender(),
            raw: self.package.raw.clone(),
            answer_at: self.answer_at(),
        }
    }
}
