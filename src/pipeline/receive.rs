use std::sync::Arc;

use jiff::Timestamp;

use super::{Rooms, Trouble, entries};
use crate::audit::Step;
use crate::domain::{Action, Body, ChatUser, Inbound, MessageId, PersonId, Place, Platform, RequestId};
use crate::gate::Verify;
use crate::store::{
    Author, Guard, Measures, MessageBody, MessageRow, ReactionRow, Refused, RequestRow, RequestState, Row,
};

/// What a door gets back: proof that the event is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The request it started or belongs to.
    pub request: Option<RequestId>,
    /// The message it became in our transcript.
    pub message: Option<MessageId>,
    /// Whether it had been delivered before. Nothing is done a second time.
    pub again: bool,
}

/// What is left to do once an event is written down.
pub(super) enum Work {
    /// Somebody asked for something.
    Asked(Box<RequestRow>),
    /// Somebody pressed a button or set a reaction.
    Pressed(Press),
    /// Everybody may have agreed to it, and nothing has come of that.
    Agreed(Box<RequestRow>),
    /// A message that started a request is gone.
    Gone(MessageId, Presser),
    /// A message that started a request was changed.
    Edited(MessageId),
}

/// A button or reaction, and who it came from.
pub(super) struct Press {
    pub request: RequestId,
    pub action: Action,
    /// What the card was made with; a reaction carries none.
    pub nonce: Option<String>,
    pub note: Option<String>,
    /// The words that the card asked to type.
    pub typed: Option<String>,
    pub by: Presser,
}

/// Who pressed.
#[derive(Clone)]
pub(super) struct Presser {
    pub person: Option<PersonId>,
    pub account: ChatUser,
    pub display: String,
    pub verify: Verify,
    pub platform: Platform,
}

impl Rooms {
    /// Finds out who it is, drops what came before, and writes the rest down with its raw bytes.
    pub(super) async fn receive(
        self: &Arc<Self>,
        inbound: Inbound,
    ) -> Result<(Receipt, Option<Work>), Trouble> {
        match &inbound.body {
            Body::Text(text) => {
                let text = text.clone();
                self.receive_text(inbound, text).await
            }
            Body::Click(click) => {
                let press = Press {
                    request: click.request.clone(),
                    action: click.action,
                    nonce: Some(click.nonce.clone()),
                    note: click.note.clone(),
                    typed: click.typed.clone(),
                    by: self.presser(&inbound.sender),
                };
                self.receive_about(inbound, Some(press.request.clone()), Vec::new(), Work::Pressed(press))
                    .await
            }
            Body::Reaction(reaction) => self.receive_reaction(&inbound, reaction.clone()).await,
            Body::Deleted { message } => {
                let work = Work::Gone(message.clone(), self.presser(&inbound.sender));
                self.receive_about(inbound, None, Vec::new(), work).await
            }
            Body::Edited { message, .. } => {
                let work = Work::Edited(message.clone());
                self.receive_about(inbound, None, Vec::new(), work).await
            }
            Body::Alert(_) | Body::Due(_) => {
                // No door sends these yet; they are written down and start nothing.
                self.receive_about(inbound, None, Vec::new(), None).await
            }
        }
    }

    async fn receive_text(
        self: &Arc<Self>,
        mut inbound: Inbound,
        text: String,
    ) -> Result<(Receipt, Option<Work>), Trouble> {
        let id = self.mint.request_id()?;
        let opener = self.opener(&mut inbound).await?;
        let message = self.mint.message_id()?;
        let person = self.person(&inbound.sender);
        let mut row = fresh(id.clone(), message.clone(), inbound.at, &inbound.sender, &inbound.place);
        row.asker = person.clone();
        row.said = text.clone();
        let said = MessageRow {
            id: message.clone(),
            place: inbound.place.clone(),
            author: Author::User { user: inbound.sender.clone(), person },
            body: MessageBody::Text { text },
            request: Some(id.clone()),
            at: inbound.at,
            edited_at: None,
            deleted: false,
            version: 1,
            delivered: 1,
            remote: inbound.remote.as_ref().and_then(|remote| remote.message.clone()),
        };
        let said = Row::Message(Box::new(said));
        let rows = opener.into_iter().chain([said, Row::Request(Box::new(row.clone()))]).collect();
        let step = Step {
            guard: Guard::FirstSeen {
                platform: inbound.place.platform,
                key: inbound.id.clone(),
                request: Some(id.clone()),
            },
            rows,
            entries: vec![entries::received(&inbound, Some(&id), row.asker.as_ref())],
        };
        match self.write(step).await? {
            Ok(()) => {
                let receipt = Receipt { request: Some(id), message: Some(message), again: false };
                Ok((receipt, Some(Work::Asked(Box::new(row)))))
            }
            Err(refused) => Ok((again(refused), None)),
        }
    }

    /// Finds the thread of a message by the platform's id of the one that opened it. Where that one was not for us and
    /// is not in our transcript, a place is kept for it there: without its words, for it was said to others.
    async fn opener(self: &Arc<Self>, inbound: &mut Inbound) -> Result<Option<Row>, Trouble> {
        let thread = inbound.remote.as_ref().and_then(|remote| remote.thread.clone());
        let Some(thread) = thread.filter(|_thread| inbound.place.thread.is_none()) else { return Ok(None) };
        if let Some(known) = self.store.message_by_remote(&inbound.place, &thread).await? {
            inbound.place.thread = Some(known.place.thread.unwrap_or(known.id));
            return Ok(None);
        }
        let id = self.mint.message_id()?;
        let unseen = MessageRow {
            id: id.clone(),
            place: inbound.place.clone(),
            author: Author::User {
                user: ChatUser {
                    user: String::new(),
                    display: "somebody".to_owned(),
                    ..inbound.sender.clone()
                },
                person: None,
            },
            body: MessageBody::Text { text: String::new() },
            request: None,
            at: inbound.at,
            edited_at: None,
            deleted: false,
            version: 1,
            delivered: 1,
            remote: Some(thread),
        };
        inbound.place.thread = Some(id);
        Ok(Some(Row::Message(Box::new(unseen))))
    }

    async fn receive_reaction(
        self: &Arc<Self>,
        inbound: &Inbound,
        reaction: crate::domain::Reaction,
    ) -> Result<(Receipt, Option<Work>), Trouble> {
        let by = self.presser(&inbound.sender);
        let message = self.store.message(&reaction.message).await?;
        let mut rows = Vec::new();
        if let (Some(person), Some(message)) = (&by.person, &message) {
            let row = ReactionRow {
                message: reaction.message.clone(),
                person: person.clone(),
                emoji: reaction.emoji.clone(),
            };
            let gone = reaction.action == Some(Action::Retract);
            rows.push(if gone { Row::ReactionGone(row) } else { Row::Reaction(row) });
            // The message shows its reactions, so it counts as changed.
            rows.push(Row::Message(Box::new(message.clone())));
        }
        // Only a reaction on the card itself is a vote; one on any other message of the thread is just a reaction.
        let card = message.filter(|message| message.author == Author::Bot);
        let target = match card.and_then(|message| Some((message.request?, message.id))) {
            Some((request, id)) => {
                let row = self.store.request(&request).await?;
                row.filter(|row| row.card.as_ref() == Some(&id)).map(|row| row.id)
            }
            None => None,
        };
        let work = match (reaction.action, &target) {
            (Some(action), Some(request)) => Some(Work::Pressed(Press {
                request: request.clone(),
                action,
                nonce: None,
                note: None,
                typed: None,
                by,
            })),
            (Some(_) | None, _) => None,
        };
        self.receive_about(inbound.clone(), target, rows, work).await
    }

    /// Writes down an event about something that exists.
    async fn receive_about(
        self: &Arc<Self>,
        inbound: Inbound,
        request: Option<RequestId>,
        rows: Vec<Row>,
        work: impl Into<Option<Work>>,
    ) -> Result<(Receipt, Option<Work>), Trouble> {
        let person = self.person(&inbound.sender);
        let step = Step {
            guard: Guard::FirstSeen {
                platform: inbound.place.platform,
                key: inbound.id.clone(),
                request: request.clone(),
            },
            rows,
            entries: vec![entries::received(&inbound, request.as_ref(), person.as_ref())],
        };
        match self.write(step).await? {
            Ok(()) => Ok((Receipt { request, message: None, again: false }, work.into())),
            Err(refused) => Ok((again(refused), None)),
        }
    }

    /// A request that is never written down, to see what would come of it.
    pub(super) fn draft(&self, sender: &ChatUser, place: &Place) -> Result<RequestRow, Trouble> {
        let id = self.mint.request_id()?;
        let row = fresh(id, self.mint.message_id()?, self.clock.now(), sender, place);
        Ok(RequestRow { asker: self.person(sender), ..row })
    }

    fn person(&self, sender: &ChatUser) -> Option<PersonId> {
        self.policy.load().person_of(sender).cloned()
    }

    fn presser(&self, sender: &ChatUser) -> Presser {
        let verify = match sender.platform {
            Platform::Console => Verify::Console,
            Platform::Slack | Platform::Discord | Platform::Teams | Platform::Mattermost => Verify::Chat,
        };
        let person = self.person(sender);
        Presser {
            // Platforms do not always say a name, and whom the policy knows has one.
            display: person.as_ref().map_or_else(|| sender.display.clone(), |person| person.0.clone()),
            person,
            account: sender.clone(),
            verify,
            platform: sender.platform,
        }
    }
}

fn again(refused: Refused) -> Receipt {
    let request = match refused {
        Refused::SeenBefore(request) => request,
        Refused::Changed
        | Refused::LocksChanged
        | Refused::PolicyChanged
        | Refused::Late
        | Refused::Busy(_) => None,
    };
    Receipt { request, message: None, again: true }
}

/// A request of which nothing is known but who asks, where and when.
pub(super) fn fresh(
    id: RequestId,
    message: MessageId,
    at: Timestamp,
    sender: &ChatUser,
    place: &Place,
) -> RequestRow {
    let mut place = place.clone();
    place.thread.get_or_insert_with(|| message.clone());
    RequestRow {
        id,
        state: RequestState::Received,
        place,
        message,
        card: None,
        sender: sender.clone(),
        asker: None,
        said: String::new(),
        origin: None,
        tool: None,
        args: serde_json::Map::new(),
        command: None,
        target: None,
        environment: None,
        facts: serde_json::Map::new(),
        unreadable: Vec::new(),
        binding: None,
        policy: None,
        awaits: Vec::new(),
        agreed: Vec::new(),
        may_deny: Vec::new(),
        reason: None,
        incident: None,
        glass: None,
        earlier: None,
        waits_since: None,
        denied: None,
        confirmed_by: None,
        nonce: String::new(),
        note: None,
        created_at: at,
        reader: None,
        words: None,
        plan: None,
        steps: Vec::new(),
        expires_at: None,
        start_by: None,
        started_at: None,
        finished_at: None,
        measures: Measures::default(),
        version: 1,
    }
}

/// How long ago `then` was, never negative.
pub(super) fn since(then: Timestamp, now: Timestamp) -> std::time::Duration {
    std::time::Duration::try_from(now.duration_since(then)).unwrap_or_default()
}
