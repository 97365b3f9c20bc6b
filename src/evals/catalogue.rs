use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};

use super::object::Object;

/// The catalogue that a set of cases assumes: `catalog.json`. Lists that are left out are not checked, keys that are
/// not named here are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct World {
    /// Services to their other names.
    #[serde(deserialize_with = "aliases")]
    pub services: Aliases,
    /// Environments to their other names.
    #[serde(deserialize_with = "aliases")]
    pub environments: Aliases,
    /// Severities to their other names.
    #[serde(default, deserialize_with = "some_aliases", skip_serializing_if = "Option::is_none")]
    pub severities: Option<Aliases>,
    /// Services to their databases.
    #[serde(default, deserialize_with = "some_aliases", skip_serializing_if = "Option::is_none")]
    pub databases: Option<Aliases>,
    /// Teams to the services they own.
    #[serde(default, deserialize_with = "words", skip_serializing_if = "Option::is_none")]
    pub teams: Option<Aliases>,
    /// People by name.
    #[serde(default, deserialize_with = "people", skip_serializing_if = "Option::is_none")]
    pub people: Option<BTreeMap<String, Person>>,
    /// The clock of every case that says nothing else, RFC 3339.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub time_of_request: Option<String>,
}

/// A canonical name to other words.
pub type Aliases = BTreeMap<String, Vec<String>>;

/// What is known about a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their teams.
    #[serde(default)]
    pub teams: Vec<String>,
    /// Their roles.
    #[serde(default)]
    pub roles: Vec<String>,
}

impl World {
    /// Reads a `catalog.json`.
    ///
    /// # Errors
    /// When it is no catalogue in the sense of the case format's schema.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        // By way of a value, so that of a key written twice the last one counts, as it does for a JSON Schema.
        let Object(world) = serde_json::from_value(serde_json::from_str(text)?)?;
        Ok(world)
    }
}

/// The clock of a catalogue that names none: the demonstration's.
const NOON: Timestamp = Timestamp::constant(1_741_789_800, 0);

impl World {
    /// The clock of every case that names no other.
    pub fn now(&self) -> Timestamp {
        self.time_of_request.as_deref().and_then(|time| time.parse().ok()).unwrap_or(NOON)
    }
}

fn aliases<'de, D: Deserializer<'de>>(from: D) -> Result<Aliases, D::Error> {
    let aliases = full(from)?;
    if aliases.is_empty() {
        return Err(de::Error::custom("the list has no entry"));
    }
    Ok(aliases)
}

fn full<'de, D: Deserializer<'de>>(from: D) -> Result<Aliases, D::Error> {
    let aliases = Aliases::deserialize(from)?;
    if aliases.values().flatten().any(String::is_empty) {
        return Err(de::Error::custom("a name is empty"));
    }
    Ok(aliases)
}

fn some_aliases<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Aliases>, D::Error> {
    aliases(from).map(Some)
}

fn words<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Aliases>, D::Error> {
    full(from).map(Some)
}

fn people<'de, D: Deserializer<'de>>(from: D) -> Result<Option<BTreeMap<String, Person>>, D::Error> {
    let people: BTreeMap<String, Object<Person>> = Deserialize::deserialize(from)?;
    Ok(Some(people.into_iter().map(|(name, Object(person))| (name, person)).collect()))
}

/// A key that may be left out, but not be null.
pub(super) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}
