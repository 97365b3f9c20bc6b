use super::super::samples::{bot_message, message, message_id, person, place};
use super::{fresh, said};
use crate::domain::{MessageId, Platform};
use crate::store::{MessageBody, MessageRow, ReactionRow, Row};

fn ids(rows: &[MessageRow]) -> Vec<MessageId> {
    rows.iter().map(|row| row.id.clone()).collect()
}

fn reply(n: u16, root: u16) -> MessageRow {
    let mut reply = bot_message(n);
    reply.place.thread = Some(message_id(root));
    reply
}

fn edited(row: &MessageRow, text: &str) -> MessageRow {
    MessageRow { version: row.version + 1, body: MessageBody::Text { text: text.to_owned() }, ..row.clone() }
}

#[tokio::test]
async fn a_channel_is_paged_from_its_end_and_threads_stand_apart() {
    let Some(fresh) = fresh().await else { return };
    let mut elsewhere = message(4);
    elsewhere.place.channel = "random".to_owned();
    fresh
        .rows(vec![said(message(1)), said(message(2)), said(reply(3, 1)), said(elsewhere), said(message(5))])
        .await;
    let store = &fresh.store;
    let here = place("deployments");
    let page = store.channel_messages(&here, None, 2).await.unwrap();
    assert_eq!(page, [message(2), message(5)]);
    let before = store.channel_messages(&here, Some(&page[0].id), 2).await.unwrap();
    assert_eq!(ids(&before), [message_id(1)]);
    assert_eq!(store.thread(&message_id(1)).await.unwrap(), [message(1), reply(3, 1)]);
    assert_eq!(store.reply_counts(&ids(&page)).await.unwrap(), []);
    assert_eq!(store.reply_counts(&ids(&before)).await.unwrap(), [(message_id(1), 1)]);
    let missed = store.messages_after(&here, &message_id(2), 9).await.unwrap();
    assert_eq!(ids(&missed), [message_id(3), message_id(5)]);
}

#[tokio::test]
async fn the_newest_text_stays_whatever_the_order_of_writes() {
    let Some(fresh) = fresh().await else { return };
    let one = message(1);
    let (two, three) = (edited(&one, "two"), edited(&edited(&one, ""), "three"));
    fresh.rows(vec![said(one.clone())]).await;
    fresh.rows(vec![said(three.clone()), said(two.clone())]).await;
    fresh.rows(vec![said(two)]).await;
    assert_eq!(fresh.store.message(&one.id).await.unwrap(), Some(three));
}

#[tokio::test]
async fn an_edit_during_delivery_is_delivered_too_and_to_the_same_place() {
    let Some(fresh) = fresh().await else { return };
    let first = bot_message(1);
    fresh.rows(vec![said(first.clone())]).await;
    let due = fresh.store.undelivered(Platform::Console, 9).await.unwrap();
    assert_eq!(due, std::slice::from_ref(&first));
    fresh.rows(vec![said(edited(&first, "better"))]).await;
    let delivered = MessageRow { delivered: 1, remote: Some("ts-1".to_owned()), ..first.clone() };
    fresh.rows(vec![said(delivered)]).await;
    let due = fresh.store.undelivered(Platform::Console, 9).await.unwrap();
    assert_eq!(
        due,
        [MessageRow { delivered: 1, remote: Some("ts-1".to_owned()), ..edited(&first, "better") }]
    );
    fresh.rows(vec![said(MessageRow { delivered: 2, ..due[0].clone() })]).await;
    assert!(fresh.store.undelivered(Platform::Console, 9).await.unwrap().is_empty());
    let found = fresh.store.message_by_remote(&place("deployments"), "ts-1").await.unwrap();
    assert_eq!(found.map(|message| message.id), Some(first.id));
    assert_eq!(fresh.store.message_by_remote(&place("random"), "ts-1").await.unwrap(), None);
}

#[tokio::test]
async fn unread_is_what_others_wrote_after_what_was_seen() {
    let Some(fresh) = fresh().await else { return };
    let gone = MessageRow { deleted: true, ..bot_message(4) };
    fresh
        .rows(vec![
            said(message(1)),
            said(bot_message(2)),
            said(bot_message(3)),
            said(gone),
            said(message(5)),
        ])
        .await;
    let state = async |name: &str| {
        let places = [place("deployments"), place("random")];
        let states = fresh.store.channel_states(&person(name), &places).await.unwrap();
        assert_eq!((states[1].latest.clone(), states[1].unread), (None, 0));
        (states[0].latest.clone(), states[0].unread)
    };
    assert_eq!(state("bob").await, (Some(message_id(5)), 4));
    assert_eq!(state("alice").await, (Some(message_id(5)), 2));
    let mark =
        |n| Row::Read { person: person("bob"), channel: "deployments".to_owned(), upto: message_id(n) };
    fresh.rows(vec![mark(3), mark(2)]).await;
    assert_eq!(state("bob").await.1, 1);
    fresh.rows(vec![mark(1)]).await;
    assert_eq!(state("bob").await.1, 1);
}

#[tokio::test]
async fn a_reaction_is_there_once_until_it_is_taken_away() {
    let Some(fresh) = fresh().await else { return };
    let reaction =
        |name: &str| ReactionRow { message: message_id(1), person: person(name), emoji: "✅".to_owned() };
    fresh
        .rows(vec![said(message(1)), Row::Reaction(reaction("bob")), Row::Reaction(reaction("carol"))])
        .await;
    fresh.rows(vec![Row::Reaction(reaction("bob"))]).await;
    let on = async || fresh.store.reactions(&[message_id(1), message_id(2)]).await.unwrap();
    assert_eq!(on().await, [reaction("bob"), reaction("carol")]);
    fresh.rows(vec![Row::ReactionGone(reaction("bob"))]).await;
    assert_eq!(on().await, [reaction("carol")]);
}
