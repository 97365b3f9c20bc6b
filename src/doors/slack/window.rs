//! What is shown to one person: windows, homes, whispers. All of it after the acknowledgement.

use std::sync::Arc;

use super::{Answer, Door};
use crate::catalog::Tool;
use crate::chat::slack::client::{Fault, SlackError};
use crate::chat::slack::door::{About, Card, Wanted, Window};
use crate::chat::slack::{Desk, ResponseUrl, beside, form, home, prompts, tools};
use crate::domain::{Asks, Button, ChatUser, MessageId, PersonId, Place, Platform};
use crate::gate::{Asking, Decision, Membership, prospects};
use crate::store::{MessageBody, MessageRow, RequestFilter, RequestRow, RequestState, StoreError};

/// How many requests of their own a home shows.
const ASKED: u32 = 10;

impl Door {
    /// Shows a window, and says so where it cannot be.
    pub(super) async fn show(self: Arc<Self>, wanted: Wanted) {
        let shown = match &wanted.window {
            Window::Form(command) => self.open_form(&wanted, command).await,
            Window::Tools => {
                let all = self.offered(&wanted.sender, wanted.place.as_ref());
                let channel = wanted.place.as_ref().map(|place| place.channel.as_str()).unwrap_or_default();
                self.client.open_window(&wanted.trigger, &tools(&all, channel)).await
            }
            Window::Beside(card) => self.open_beside(&wanted, card).await,
            Window::Home => self.show_home(&wanted.sender).await,
            Window::Prompts { thread } => self.show_prompts(&wanted, thread).await,
        };
        if let Err(error) = shown {
            tracing::warn!(user = wanted.sender.identity(), "a window was not shown: {error}");
            self.tell_unshown(&wanted, &error).await;
        }
    }

    async fn open_form(&self, wanted: &Wanted, command: &str) -> Result<(), SlackError> {
        let channel = wanted.place.as_ref().map(|place| place.channel.as_str()).unwrap_or_default();
        match form(command, channel, &self.rooms.catalog) {
            Some(view) => self.client.open_window(&wanted.trigger, &view).await,
            None => Ok(()),
        }
    }

    /// The form that follows on the list of tools, in its place.
    pub(super) fn form_of(&self, tool: &str, channel: &str) -> Answer {
        let command = crate::catalog::command(tool);
        match form(&command, channel, &self.rooms.catalog) {
            Some(view) => Answer::With(serde_json::json!({ "response_action": "update", "view": view })),
            None => Answer::Taken,
        }
    }

    async fn open_beside(&self, wanted: &Wanted, card: &Card) -> Result<(), SlackError> {
        // Without the database nothing can be decided either; the person hears that nothing opened.
        let found = self.button_of(card).await.map_err(|_unread| SlackError::Unreached)?;
        let Some((button, command)) = found else {
            let text = "The card has changed since; please look at it as it is now.";
            if let Some(to) = addressee(wanted) {
                self.say_to(to, text).await;
            }
            return Ok(());
        };
        let words = match button.asks {
            Asks::Words(words) => Some(words),
            Asks::Nothing | Asks::Why => None,
        };
        let card = Card { words, ..card.clone() };
        let view = beside(&card, &button.label, &self.commands.typed(&command));
        self.client.open_window(&wanted.trigger, &view).await
    }

    /// The button as the card has it now, and what the card is about.
    async fn button_of(&self, card: &Card) -> Result<Option<(Button, String)>, StoreError> {
        let Some(row) = self.rooms.store.request(&card.request).await? else { return Ok(None) };
        let Some(shown) = &row.card else { return Ok(None) };
        let Some(MessageRow { body: MessageBody::Reply { reply }, .. }) =
            self.rooms.store.message(shown).await?
        else {
            return Ok(None);
        };
        let button = reply.buttons.into_iter().find(|button| button.action == card.action);
        let button = button.filter(|_button| reply.nonce == card.nonce);
        Ok(button.map(|button| (button, row.command.unwrap_or(row.said))))
    }

    async fn tell_unshown(&self, wanted: &Wanted, error: &SlackError) {
        let text = match (&wanted.window, error.fault()) {
            (Window::Home | Window::Prompts { .. }, _) => return,
            (_, Fault::Credentials) => "The window could not be opened: Slack does not let this app do that.",
            (Window::Beside(_), _) => {
                "The window could not be opened in time, so nothing was decided. Press the button again."
            }
            (Window::Form(_) | Window::Tools, _) => {
                "The form could not be opened in time, so nothing was done. Try again, or type the whole command."
            }
        };
        if let Some(to) = addressee(wanted) {
            self.say_to(to, text).await;
        }
    }

    /// Tells one person something in passing.
    pub(super) fn whisper(self: &Arc<Self>, about: &About, text: &'static str) {
        let to = Addressee {
            channel: about.place.channel.clone(),
            user: about.sender.user.clone(),
            answer_at: about.answer_at.clone(),
        };
        let door = Arc::clone(self);
        self.rooms.tasks.spawn(async move { door.say_to(to, text).await });
    }

    /// Whispers, or answers where Slack wants to be answered: it takes no whisper where the bot or the person is not.
    async fn say_to(&self, to: Addressee, text: &str) {
        let Addressee { channel, user, answer_at } = to;
        let said = match self.client.whisper(&channel, &user, text).await {
            Err(error) if matches!(error.fault(), Fault::Gone | Fault::Wrong | Fault::Credentials) => {
                match &answer_at {
                    Some(url) => self.client.respond(url, text, self.rooms.clock.now()).await,
                    None => Err(error),
                }
            }
            said => said,
        };
        if let Err(error) = said {
            tracing::warn!(channel, user, "a person could not be told something: {error}");
        }
    }

    /// Shows in a conversation of two that their message is being read.
    pub(super) fn show_reading(self: &Arc<Self>, channel: String, thread: String) {
        let door = Arc::clone(self);
        self.rooms.tasks.spawn(async move {
            // Only conversations with the assistant have a status; elsewhere this is refused and nobody misses it.
            if let Err(error) = door.client.set_status(&channel, &thread, "is reading …").await {
                tracing::debug!("no status was shown: {error}");
            }
        });
    }

    async fn show_prompts(&self, wanted: &Wanted, thread: &str) -> Result<(), SlackError> {
        let Some(place) = &wanted.place else { return Ok(()) };
        let offered: Vec<String> = self
            .offered(&wanted.sender, Some(place))
            .into_iter()
            .map(|tool| tool.name().to_owned())
            .collect();
        self.client.set_prompts(&place.channel, thread, &prompts(&self.rooms.catalog, &offered)).await
    }

    /// The tools that are not refused outright to this person: in this place, or where it is not known yet in any.
    fn offered(&self, sender: &ChatUser, place: Option<&Place>) -> Vec<&Tool> {
        let policy = self.rooms.policy.load();
        let Some(person) = policy.person_of(sender) else { return Vec::new() };
        let of_slack = policy.channels().iter().filter(|channel| channel.platform == Platform::Slack);
        let listed: Vec<Place> = match place.filter(|place| policy.channel_at(place).is_some()) {
            Some(place) => vec![place.clone()],
            None => of_slack
                .map(|channel| Place {
                    platform: channel.platform,
                    workspace: channel.workspace.clone(),
                    channel: channel.id.clone(),
                    thread: None,
                })
                .collect(),
        };
        let open = |tool: &&Tool| {
            let asking =
                |place| Asking { person, place, membership: Membership::none(), now: self.rooms.clock.now() };
            let mut all = listed.iter().flat_map(|place| prospects(&policy, &asking(place), tool.name()));
            all.any(|prospect| prospect.decision != Decision::Deny)
        };
        self.rooms.catalog.tools().filter(open).collect()
    }

    async fn show_home(&self, sender: &ChatUser) -> Result<(), SlackError> {
        let person = self.rooms.policy.load().person_of(sender).cloned();
        let (now, identity) = (self.rooms.clock.now(), sender.identity());
        let barred = match &person {
            Some(_linked) => self.rooms.roster.bars(sender).await,
            None => None,
        };
        let (waiting, asked, locks) = match person.as_ref().filter(|_person| barred.is_none()) {
            Some(person) => match self.concerning(person).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::error!("a home cannot be made: {error}");
                    return Ok(());
                }
            },
            None => Default::default(),
        };
        let desk = Desk {
            person: person.as_ref().map(|person| person.0.as_str()),
            barred: barred.as_deref(),
            identity: &identity,
            waiting: &waiting,
            asked: &asked,
            locks: &locks,
            now,
        };
        self.client.publish_home(&sender.user, &home(&desk, &self.commands)).await
    }

    async fn concerning(&self, person: &PersonId) -> Result<Concerning, StoreError> {
        let (store, now) = (&self.rooms.store, self.rooms.clock.now());
        let mut waiting = store.waiting(now).await?;
        waiting.retain(|row| row.state == RequestState::Waiting && row.awaits.contains(person));
        let filter = RequestFilter { asker: Some(person.clone()), ..RequestFilter::default() };
        let asked = store.requests(&filter, ASKED).await?;
        let (locks, _generation) = store.locks(now).await?;
        Ok((self.with_addresses(waiting).await?, self.with_addresses(asked).await?, locks))
    }

    async fn with_addresses(&self, rows: Vec<RequestRow>) -> Result<Vec<Linked>, StoreError> {
        let mut linked = Vec::with_capacity(rows.len());
        for row in rows {
            let address = match &row.card {
                Some(card) if row.place.platform == Platform::Slack => self.address(card).await?,
                Some(_) | None => None,
            };
            linked.push((row, address));
        }
        Ok(linked)
    }

    /// Where a message can be seen, once Slack has it.
    async fn address(&self, message: &MessageId) -> Result<Option<String>, StoreError> {
        let Some(row) = self.rooms.store.message(message).await? else { return Ok(None) };
        let base = self.identity.load().url.clone();
        let Some(ts) = row.remote.filter(|_ts| base.starts_with("https://")) else { return Ok(None) };
        let base = base.trim_end_matches('/');
        Ok(Some(format!("{base}/archives/{}/p{}", row.place.channel, ts.replace('.', ""))))
    }
}

/// Somebody who is told something that nobody else sees.
struct Addressee {
    channel: String,
    user: String,
    answer_at: Option<ResponseUrl>,
}

/// Who wanted a window, where they can be told something.
fn addressee(wanted: &Wanted) -> Option<Addressee> {
    let channel = wanted.place.as_ref()?.channel.clone();
    Some(Addressee { channel, user: wanted.sender.user.clone(), answer_at: wanted.answer_at.clone() })
}

/// A request, and where its card can be seen.
type Linked = (RequestRow, Option<String>);

/// What waits for somebody, what they asked for, and what is locked.
type Concerning = (Vec<Linked>, Vec<Linked>, Vec<crate::store::HeldLock>);
