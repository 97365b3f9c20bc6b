//! Buttons, forms and shortcuts.

use super::wire::Look;
use super::{About, Arrival, Card, Heard, Known, Package, Pressed, Said, Sent, Wanted, Window};
use crate::chat::slack::card::{FORM_BUTTON, action_of, button_value};
use crate::chat::slack::home::ASK_BUTTON;
use crate::chat::slack::window::{self, Callback, Kept};
use crate::domain::{Action, ChatUser, DedupeKey, Place, Platform};

/// How many characters the reason of a denial may have.
const MAX_NOTE: usize = 500;

pub(super) fn read(package: &Package, known: Known<'_>) -> Arrival {
    let press = Interactive { package, payload: Look(&package.payload) };
    match press.payload.text("type") {
        "block_actions" => press.button(),
        "view_submission" => press.submission(known),
        "shortcut" => press.shortcut(),
        _ => Arrival::Ignored("nothing of ours was pressed"),
    }
}

struct Interactive<'a> {
    package: &'a Package,
    payload: Look<'a>,
}

impl<'a> Interactive<'a> {
    fn button(&self) -> Arrival {
        let Some(action) = self.payload.list("actions").next() else {
            return Arrival::Ignored("no button was pressed");
        };
        let (id, value) = (action.text("action_id"), action.text("value"));
        if id == FORM_BUTTON {
            return self.wanted(Some(self.place()), Window::Form(value.to_owned()));
        }
        if id == ASK_BUTTON {
            return self.wanted(None, Window::Tools);
        }
        let Some(pressed) = action_of(id) else {
            return Arrival::Ignored("a button that only leads somewhere");
        };
        let Some((request, nonce)) = button_value(value) else {
            return Arrival::Ignored("a button that is not ours");
        };
        let ts = self.payload.first(&["container/message_ts", "message/ts"]).to_owned();
        if pressed == Action::Deny {
            let card = Card { request, nonce, channel: self.place().channel, ts };
            return self.wanted(Some(self.place()), Window::Denial(card));
        }
        // A press has no id of its own: who, on what, which button, and when make one.
        let key = format!("click:{}:{ts}:{}:{id}:{}", self.channel(), self.user(), action.text("action_ts"));
        Arrival::Pressed(Pressed { about: self.about(key), ts, request, nonce, action: pressed, note: None })
    }

    fn shortcut(&self) -> Arrival {
        match Callback::parse(self.payload.text("callback_id")) {
            Some(Callback::Tools) => self.wanted(None, Window::Tools),
            Some(Callback::Form | Callback::Denial) | None => Arrival::Ignored("no shortcut of ours"),
        }
    }

    fn submission(&self, known: Known<'_>) -> Arrival {
        let view = self.payload.at("view");
        match Callback::parse(view.text("callback_id")) {
            Some(Callback::Tools) => self.chosen(view),
            Some(Callback::Denial) => self.denial(view),
            Some(Callback::Form) => self.form(view, known),
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

    fn denial(&self, view: Look<'_>) -> Arrival {
        let Ok(card) = serde_json::from_str::<Card>(view.text("private_metadata")) else {
            return Arrival::Ignored("no window of ours");
        };
        let note = window::reason(view.at("state/values").0);
        let note = note.map(|note| note.chars().take(MAX_NOTE).collect());
        let key = format!("window:{}:{}", view.text("id"), self.user());
        let mut about = self.about(key);
        about.place.channel.clone_from(&card.channel);
        let Card { request, nonce, ts, channel: _ } = card;
        Arrival::Pressed(Pressed { about, ts, request, nonce, action: Action::Deny, note })
    }

    fn form(&self, view: Look<'_>, known: Known<'_>) -> Arrival {
        let kept = serde_json::from_str::<Kept>(view.text("private_metadata")).unwrap_or_default();
        let values = view.at("state/values").0;
        let Some(tool) = known.catalog.tool(&kept.tool) else { return Arrival::Ignored("no tool of ours") };
        match window::command(tool, values, known.catalog) {
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
        Arrival::Wanted(Wanted { sender: self.sender(), place, trigger, window })
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

    fn about(&self, key: String) -> About {
        About {
            key: DedupeKey(key),
            place: self.place(),
            sender: self.sender(),
            raw: self.package.raw.clone(),
        }
    }
}
