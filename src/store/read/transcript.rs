use super::{from_json, parsed};
use crate::domain::{MessageId, PersonId, Place, Platform, RequestId};
use crate::store::found::Found;
use crate::store::sql::Sql;
use crate::store::{MessageRow, ReactionRow, Store, StoreError};

/// Where a channel stands for one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelState {
    /// The channel.
    pub channel: String,
    /// Its newest message.
    pub latest: Option<MessageId>,
    /// How many messages of others came after what they have read.
    pub unread: i64,
}

impl Store {
    /// One message.
    pub async fn message(&self, id: &MessageId) -> Result<Option<MessageRow>, StoreError> {
        let row = Sql::new("SELECT body, delivered, remote FROM message WHERE id = ?")
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(message).transpose()
    }

    /// The message that a platform knows as `remote`; ids are unique in one channel only, hence the place.
    pub async fn message_by_remote(
        &self,
        place: &Place,
        remote: &str,
    ) -> Result<Option<MessageRow>, StoreError> {
        let row = Sql::new(
            "SELECT body, delivered, remote FROM message \
             WHERE platform = ? AND remote = ? AND workspace = ? AND channel = ? ORDER BY id LIMIT 1",
        )
        .bind(place.platform.as_str())
        .bind(remote)
        .bind(&place.workspace)
        .bind(&place.channel)
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(message).transpose()
    }

    /// The newest `limit` messages in the channel itself (not in threads) before `before`, oldest first.
    pub async fn channel_messages(
        &self,
        place: &Place,
        before: Option<&MessageId>,
        limit: u32,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let mut query = channel_query("SELECT body, delivered, remote FROM message", place);
        query.push(" AND thread IS NULL");
        if let Some(before) = before {
            query.push(" AND id < ").push_bind(before.as_str());
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(limit));
        let mut messages = self.read_messages(query).await?;
        messages.reverse();
        Ok(messages)
    }

    /// All messages of a channel and its threads that are newer than `after`, oldest first: what a reader missed.
    pub async fn messages_after(
        &self,
        place: &Place,
        after: &MessageId,
        limit: u32,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let mut query = channel_query("SELECT body, delivered, remote FROM message", place);
        query.push(" AND id > ").push_bind(after.as_str());
        query.push(" ORDER BY id LIMIT ").push_bind(i64::from(limit));
        self.read_messages(query).await
    }

    /// A thread: the message that opened it and its replies, oldest first.
    pub async fn thread(&self, root: &MessageId) -> Result<Vec<MessageRow>, StoreError> {
        let mut query = Sql::new("SELECT body, delivered, remote FROM message WHERE id = ");
        query.push_bind(root.as_str()).push(" OR thread = ").push_bind(root.as_str()).push(" ORDER BY id");
        self.read_messages(query).await
    }

    /// All messages in the threads that `roots` opened, oldest first.
    pub async fn threads(&self, roots: &[MessageId]) -> Result<Vec<MessageRow>, StoreError> {
        if roots.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = Sql::new("SELECT body, delivered, remote FROM message WHERE thread IN ");
        query.push_list(roots.iter().map(MessageId::as_str)).push(" ORDER BY id");
        self.read_messages(query).await
    }

    /// All messages that belong to a request, oldest first.
    pub async fn messages_of(&self, request: &RequestId) -> Result<Vec<MessageRow>, StoreError> {
        let mut query = Sql::new("SELECT body, delivered, remote FROM message WHERE request = ");
        query.push_bind(request.as_str()).push(" ORDER BY id");
        self.read_messages(query).await
    }

    /// How many replies each of `roots` has, where there are any.
    pub async fn reply_counts(&self, roots: &[MessageId]) -> Result<Vec<(MessageId, i64)>, StoreError> {
        if roots.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = Sql::new("SELECT thread, COUNT(*) FROM message WHERE thread IN ");
        query.push_list(roots.iter().map(MessageId::as_str)).push(" GROUP BY thread ORDER BY thread");
        let rows = query.fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| Ok((parsed("message", row.try_get(0)?, MessageId::parse)?, row.try_get(1)?)))
            .collect()
    }

    /// Where `person` stands in each of these places, of which only the channel counts.
    pub async fn channel_states(
        &self,
        person: &PersonId,
        places: &[Place],
    ) -> Result<Vec<ChannelState>, StoreError> {
        let mut states = Vec::with_capacity(places.len());
        for place in places {
            let latest: Option<String> =
                channel_query("SELECT MAX(id) FROM message", place).fetch_scalar(&self.readers).await?;
            let upto = self.read_mark(person, &place.channel).await?;
            let mut query = channel_query("SELECT COUNT(*) FROM message", place);
            query.push(" AND deleted = 0 AND (person IS NULL OR person <> ").push_bind(person.0.as_str());
            query.push(") AND id > ").push_bind(upto.as_ref().map_or("", MessageId::as_str));
            states.push(ChannelState {
                channel: place.channel.clone(),
                latest: latest.map(|id| parsed("message", &id, MessageId::parse)).transpose()?,
                unread: query.fetch_scalar(&self.readers).await?,
            });
        }
        Ok(states)
    }

    /// The newest message of a channel that `person` has seen.
    pub async fn read_mark(&self, person: &PersonId, channel: &str) -> Result<Option<MessageId>, StoreError> {
        let upto: Option<String> = Sql::new("SELECT upto FROM read_mark WHERE person = ? AND channel = ?")
            .bind(&person.0)
            .bind(channel)
            .fetch_optional_scalar(&self.readers)
            .await?;
        upto.map(|id| parsed("read_mark", &id, MessageId::parse)).transpose()
    }

    /// The reactions on `messages`, by message and emoji.
    pub async fn reactions(&self, messages: &[MessageId]) -> Result<Vec<ReactionRow>, StoreError> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = Sql::new("SELECT message, person, emoji FROM reaction WHERE message IN ");
        query.push_list(messages.iter().map(MessageId::as_str)).push(" ORDER BY message, emoji, person");
        let rows = query.fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                Ok(ReactionRow {
                    message: parsed("reaction", row.try_get(0)?, MessageId::parse)?,
                    person: PersonId(row.try_get(1)?),
                    emoji: row.try_get(2)?,
                })
            })
            .collect()
    }

    /// What the bot has said and the platform does not show yet, oldest first.
    pub async fn undelivered(&self, platform: Platform, limit: u32) -> Result<Vec<MessageRow>, StoreError> {
        // The condition of the partial index `message_due`, word for word.
        let mut query = Sql::new(
            "SELECT body, delivered, remote FROM message WHERE author = 'bot' AND delivered < version AND platform = ",
        );
        query.push_bind(platform.as_str()).push(" ORDER BY id LIMIT ").push_bind(i64::from(limit));
        self.read_messages(query).await
    }

    async fn read_messages(&self, query: Sql<'_>) -> Result<Vec<MessageRow>, StoreError> {
        let rows = query.fetch_all(&self.readers).await?;
        rows.iter().map(message).collect()
    }
}

fn channel_query<'q>(select: &'static str, place: &'q Place) -> Sql<'q> {
    let mut query = Sql::new(select);
    query.push(" WHERE platform = ").push_bind(place.platform.as_str());
    query.push(" AND workspace = ").push_bind(place.workspace.as_str());
    query.push(" AND channel = ").push_bind(place.channel.as_str());
    query
}

/// The message of a row, with what the deliverer has moved on beside its JSON.
fn message(row: &Found) -> Result<MessageRow, StoreError> {
    let mut message: MessageRow = from_json("message", row.try_get(0)?)?;
    message.delivered = row.try_get(1)?;
    message.remote = row.try_get(2)?;
    Ok(message)
}
