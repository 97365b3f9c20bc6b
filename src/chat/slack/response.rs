//! Addresses at which one command or press can be answered, also where we are not and cannot speak.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use crate::domain::RequestId;

/// How often Slack takes an answer at one address.
const USES: u8 = 5;

/// How long it takes one.
const GOOD_FOR: Duration = Duration::from_secs(30 * 60);

/// How many are remembered at most.
const MOST: usize = 10_000;

/// A `response_url`. Whoever has it speaks in our name for half an hour, so it is neither shown nor written down.
#[derive(Clone)]
pub struct ResponseUrl(Arc<Inner>);

struct Inner {
    url: SecretString,
    since: Timestamp,
    used: AtomicU8,
}

impl ResponseUrl {
    /// The address that came with something at this time, if one did.
    pub fn new(url: &str, since: Timestamp) -> Option<Self> {
        let inner = |url: &str| Inner { url: url.to_owned().into(), since, used: AtomicU8::new(0) };
        (!url.is_empty()).then(|| Self(Arc::new(inner(url))))
    }

    /// The address, for one use; `None` when Slack takes no answer there any more.
    pub(super) fn spend(&self, now: Timestamp) -> Option<&str> {
        let more = |used: u8| (used < USES).then_some(used + 1);
        let good =
            self.is_good(now) && self.0.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok();
        good.then(|| self.0.url.expose_secret())
    }

    fn is_good(&self, now: Timestamp) -> bool {
        Duration::try_from(now.duration_since(self.0.since)).is_ok_and(|age| age < GOOD_FOR)
    }
}

impl std::fmt::Debug for ResponseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResponseUrl(-)")
    }
}

impl PartialEq for ResponseUrl {
    fn eq(&self, other: &Self) -> bool {
        self.0.url.expose_secret() == other.0.url.expose_secret()
    }
}

/// Where commands can be answered that were typed lately. In memory only: after a stop people are told elsewhere.
#[derive(Debug, Default)]
pub struct ResponseUrls(Mutex<BTreeMap<RequestId, ResponseUrl>>);

impl ResponseUrls {
    /// Remembers where the command behind a request can be answered.
    pub fn keep(&self, request: RequestId, url: ResponseUrl, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_request, url| url.is_good(now));
        // Ids begin with the time, so the oldest goes.
        if known.len() >= MOST {
            known.pop_first();
        }
        known.insert(request, url);
    }

    /// Where it can be answered, if that is known.
    pub fn of(&self, request: &RequestId) -> Option<ResponseUrl> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(request).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_times_in_half_an_hour_and_never_shown() {
        let since: Timestamp = "2030-01-15T12:00:00Z".parse().unwrap();
        let after = |minutes: u64| since + Duration::from_secs(60 * minutes);
        let url = ResponseUrl::new("https://hooks.slack.com/commands/secret", since).unwrap();
        assert_eq!(url.spend(after(30)), None, "half an hour is over");
        let same = url.clone();
        let used = (0..6).filter(|_| same.spend(after(29)).is_some()).count();
        assert_eq!(used, 5);
        assert_eq!(url.spend(after(1)), None, "copies share what is left");
        assert_eq!(format!("{url:?}"), "ResponseUrl(-)");
        assert_eq!(ResponseUrl::new("", since), None);
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let since: Timestamp = "2030-01-15T12:00:00Z".parse().unwrap();
        let id = |last: char| RequestId::parse(&format!("req_01HZX3V8Q0000000000000000{last}")).unwrap();
        let urls = ResponseUrls::default();
        urls.keep(id('1'), ResponseUrl::new("https://a", since).unwrap(), since);
        let later = since + Duration::from_secs(31 * 60);
        urls.keep(id('2'), ResponseUrl::new("https://b", later).unwrap(), later);
        assert!(urls.of(&id('1')).is_none());
        assert!(urls.of(&id('2')).is_some());
    }
}
