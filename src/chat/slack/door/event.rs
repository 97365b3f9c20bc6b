//! The Events API.

use super::text::{mentions, plain};
use super::wire::Look;
use super::{About, Arrival, Changed, Heard, Known, Notice, Package, Reacted, Said, Wanted, Window, emoji};
use crate::domain::{Action, ChatUser, DedupeKey, Place, Platform};

pub(super) fn read(package: &Package, known: Known<'_>) -> Arrival {
    let payload = Look(&package.payload);
    match payload.text("type") {
        "url_verification" => Arrival::Challenge(payload.text("challenge").to_owned()),
        "app_rate_limited" => {
            Arrival::Notice(Notice::RateLimited { workspace: payload.text("team_id").to_owned() })
        }
        "event_callback" => Event::of(package, known).read(),
        _ => Arrival::Ignored("no kind of delivery that we know"),
    }
}

struct Event<'a> {
    package: &'a Package,
    payload: Look<'a>,
    event: Look<'a>,
    /// The workspace in which it happened.
    team: &'a str,
    /// Our own user ids.
    us: Vec<&'a str>,
}

impl<'a> Event<'a> {
    fn of(package: &'a Package, known: Known<'a>) -> Self {
        let payload = Look(&package.payload);
        let event = payload.at("event");
        let authorized = || payload.list("authorizations");
        // For an app that a whole organisation has installed, any one of these may be null.
        let team = [payload.text("team_id"), authorized().next().map_or("", |one| one.text("team_id"))]
            .into_iter()
            .chain([event.text("team"), payload.text("enterprise_id")])
            .find(|team| !team.is_empty())
            .unwrap_or_default();
        let bots = authorized().filter(|one| one.says_yes("is_bot")).map(|one| one.text("user_id"));
        let us = bots.chain([known.us]).filter(|user| !user.is_empty()).collect();
        Self { package, payload, event, team, us }
    }

    fn read(&self) -> Arrival {
        match self.event.text("type") {
            "message" => self.message(),
            "app_mention" => self.said(Heard::Addressed),
            "reaction_added" => self.reaction(Set::On),
            "reaction_removed" => self.reaction(Set::Off),
            "app_home_opened" if self.event.text("tab") == "messages" => {
                Arrival::Ignored("the messages tab shows itself")
            }
            "app_home_opened" => self.wanted(self.event.text("user"), None, Window::Home),
            "assistant_thread_started" => self.assistant(),
            "subteam_members_changed" | "subteam_updated" => Arrival::Notice(Notice::PeopleChanged),
            "user_change" => {
                Arrival::Notice(Notice::AccountChanged { user: self.event.text("user/id").to_owned() })
            }
            "app_uninstalled" | "tokens_revoked" => {
                Arrival::Notice(Notice::Gone { workspace: self.team.to_owned() })
            }
            "channel_id_changed" => Arrival::Notice(Notice::ChannelMoved {
                old: self.event.text("old_channel_id").to_owned(),
                new: self.event.text("new_channel_id").to_owned(),
            }),
            _ => Arrival::Ignored("no event that means something here"),
        }
    }

    fn message(&self) -> Arrival {
        match self.event.text("subtype") {
            "" | "file_share" | "thread_broadcast" | "me_message" => {
                let text = self.event.text("text");
                let direct = self.event.text("channel_type") == "im"
                    || self.event.text("channel_type").is_empty() && self.channel().starts_with('D');
                if direct || mentions(text, &self.us) {
                    self.said(Heard::Addressed)
                } else if self.thread().is_some() {
                    self.said(Heard::InThread)
                } else {
                    Arrival::Ignored("people talk to each other")
                }
            }
            "message_changed" => self.changed(),
            "message_deleted" => self.deleted(self.event.at("previous_message")),
            _ => Arrival::Ignored("no message of a person"),
        }
    }

    /// A mention arrives twice, as a mention and as a message: both get one key, so that one of them counts.
    fn said(&self, heard: Heard) -> Arrival {
        let (user, ts) = (self.event.text("user"), self.event.text("ts"));
        if self.is_bot(self.event, user) {
            return Arrival::Ignored("a bot said it");
        }
        if self.event.has("edited") {
            return Arrival::Ignored("an edited message asks for nothing");
        }
        if ts.is_empty() || self.channel().is_empty() {
            return Arrival::Ignored("a message without a place");
        }
        let mut text = plain(self.event.text("text"), &self.us);
        if text.is_empty() {
            if heard == Heard::InThread || self.event.has("files") {
                return Arrival::Ignored("there are no words in it");
            }
            // A bare mention asks what there is to ask for.
            "/help".clone_into(&mut text);
        }
        Arrival::Said(Said {
            about: self.about(format!("{}:{}:{ts}", self.team, self.channel()), "message", user, self.event),
            text,
            ts: Some(ts.to_owned()),
            thread: self.thread().map(str::to_owned),
            heard,
        })
    }

    fn changed(&self) -> Arrival {
        let now = self.event.at("message");
        if now.text("subtype") == "tombstone" {
            return self.deleted(self.event.at("previous_message"));
        }
        let (user, ts) = (now.text("user"), now.first(&["ts"]));
        let before = self.event.at("previous_message");
        // Slack also tells of links it has unfurled, and of threads that grow.
        if self.is_bot(now, user) || !now.has("edited") || now.text("text") == before.text("text") {
            return Arrival::Ignored("the words are the same");
        }
        let ts = if ts.is_empty() { before.text("ts") } else { ts };
        let key = format!("{}:{}:{ts}:{}", self.team, self.channel(), now.text("edited/ts"));
        Arrival::Edited(Changed {
            about: self.about(key, "edit", user, now),
            ts: ts.to_owned(),
            text: plain(now.text("text"), &self.us),
        })
    }

    fn deleted(&self, before: Look<'_>) -> Arrival {
        let user = before.text("user");
        let ts = [self.event.text("deleted_ts"), before.text("ts")].into_iter().find(|ts| !ts.is_empty());
        match ts {
            Some(ts) if !self.is_bot(before, user) => Arrival::Deleted(Changed {
                about: self.about(format!("{}:{}:{ts}", self.team, self.channel()), "delete", user, before),
                ts: ts.to_owned(),
                text: String::new(),
            }),
            Some(_) | None => Arrival::Ignored("no message of a person was deleted"),
        }
    }

    fn reaction(&self, set: Set) -> Arrival {
        let (user, item) = (self.event.text("user"), self.event.at("item"));
        if self.is_bot(self.event, user) {
            return Arrival::Ignored("our own reaction");
        }
        let Some((emoji, action)) = emoji(self.event.text("reaction")) else {
            return Arrival::Ignored("a reaction without a meaning");
        };
        if item.text("type") != "message" {
            return Arrival::Ignored("a reaction on something else");
        }
        let action = match (set, action) {
            (Set::On, action) => Some(action),
            (Set::Off, Action::Approve) => Some(Action::Retract),
            (Set::Off, _) => None,
        };
        let (channel, ts) = (item.text("channel"), item.text("ts"));
        let key = format!(
            "{}:{channel}:{ts}:{user}:{}:{}:{}",
            self.team,
            self.event.text("reaction"),
            set.as_str(),
            self.event.text("event_ts")
        );
        let mut about = self.about(key, "reaction", user, self.event);
        channel.clone_into(&mut about.place.channel);
        Arrival::Reacted(Reacted { about, ts: ts.to_owned(), emoji, action })
    }

    fn assistant(&self) -> Arrival {
        let thread = self.event.at("assistant_thread");
        let place = self.place(thread.text("channel_id"));
        let window = Window::Prompts { thread: thread.text("thread_ts").to_owned() };
        self.wanted(thread.text("user_id"), Some(place), window)
    }

    fn wanted(&self, user: &str, place: Option<Place>, window: Window) -> Arrival {
        let sender = self.sender(user, self.event);
        Arrival::Wanted(Wanted { sender, place, trigger: String::new(), window, answer_at: None })
    }

    fn is_bot(&self, message: Look<'_>, user: &str) -> bool {
        user.is_empty() || self.us.contains(&user) || message.has("bot_id") || message.has("bot_profile")
    }

    fn channel(&self) -> &'a str {
        self.event.text("channel")
    }

    /// The message that opened the thread; a message that opens one itself is in none.
    fn thread(&self) -> Option<&'a str> {
        let thread = self.event.text("thread_ts");
        (!thread.is_empty() && thread != self.event.text("ts")).then_some(thread)
    }

    fn place(&self, channel: &str) -> Place {
        Place {
            platform: Platform::Slack,
            workspace: self.team.to_owned(),
            channel: channel.to_owned(),
            thread: None,
        }
    }

    /// In a shared channel the author may be of another workspace than the one it happened in.
    fn sender(&self, user: &str, message: Look<'_>) -> ChatUser {
        let workspace = message.first(&["user_team", "team"]);
        let workspace = if workspace.is_empty() { self.team } else { workspace };
        ChatUser {
            platform: Platform::Slack,
            workspace: workspace.to_owned(),
            user: user.to_owned(),
            display: user.to_owned(),
        }
    }

    fn about(&self, key: String, kind: &str, user: &str, message: Look<'_>) -> About {
        debug_assert!(self.payload.has("event"), "an event is about one");
        About {
            key: DedupeKey(format!("{kind}:{key}")),
            place: self.place(self.channel()),
            sender: self.sender(user, message),
            raw: self.package.raw.clone(),
            answer_at: None,
        }
    }
}

#[derive(Clone, Copy)]
enum Set {
    On,
    Off,
}

impl Set {
    const fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }
}
