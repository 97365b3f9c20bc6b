use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// How far the time of a delivery may be from ours: what is older could be a recording.
pub const WINDOW: Duration = Duration::from_secs(300);

/// The header with the signature, in lower case.
pub const SIGNATURE_HEADER: &str = "x-slack-signature";

/// The header with the time of the delivery, in lower case.
pub const TIMESTAMP_HEADER: &str = "x-slack-request-timestamp";

/// The secrets a delivery may be signed with. While one is being replaced there are two.
#[derive(Clone, Debug)]
pub struct SigningSecrets(Vec<SecretString>);

/// Why a delivery is not taken for Slack's. The sender hears none of it but that it was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// A header is missing or has another form.
    #[error("the delivery carries no `{0}`, or one of another form")]
    Header(&'static str),
    /// See [`WINDOW`]. Either somebody repeats an old delivery, or one of the two clocks is wrong.
    #[error(
        "the delivery was signed {seconds} s away from this machine's time; five minutes are the most that is accepted"
    )]
    Stale {
        /// Seconds between the two clocks.
        seconds: u64,
    },
    /// Signed with another secret, or changed on the way.
    #[error("the signature fits none of the signing secrets")]
    Forged,
}

/// The two headers that go with a delivery.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// [`SIGNATURE_HEADER`].
    pub signature: Option<&'a str>,
    /// [`TIMESTAMP_HEADER`].
    pub timestamp: Option<&'a str>,
}

impl SigningSecrets {
    /// These secrets, each as good as the other.
    pub const fn new(secrets: Vec<SecretString>) -> Self {
        Self(secrets)
    }

    /// Whether Slack sent these bytes, and within five minutes of `now`. Nothing of `body` may be read before.
    ///
    /// # Errors
    /// See [`Unsigned`].
    pub fn verify(&self, signed: Signed<'_>, body: &[u8], now: Timestamp) -> Result<(), Unsigned> {
        let timestamp = signed.timestamp.ok_or(Unsigned::Header(TIMESTAMP_HEADER))?;
        // Only digits: what is signed is the text, and `+1` and `1` would be two texts of one time.
        let plain = !timestamp.is_empty() && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let seconds: i64 =
            timestamp.parse().ok().filter(|_seconds| plain).ok_or(Unsigned::Header(TIMESTAMP_HEADER))?;
        let signature = signed.signature.and_then(given).ok_or(Unsigned::Header(SIGNATURE_HEADER))?;
        let apart = now.as_second().abs_diff(seconds);
        if apart > WINDOW.as_secs() {
            return Err(Unsigned::Stale { seconds: apart });
        }
        // All of them are tried, so that the time taken says nothing about which one it was.
        let fits = self.0.iter().filter(|secret| {
            mac(secret, timestamp, body).is_some_and(|mac| mac.verify_slice(&signature).is_ok())
        });
        if fits.count() > 0 { Ok(()) } else { Err(Unsigned::Forged) }
    }
}

/// What Slack would sign these bytes with at this time.
pub fn sign(secret: &SecretString, timestamp: i64, body: &[u8]) -> String {
    let tag = mac(secret, &timestamp.to_string(), body).map(|mac| mac.finalize().into_bytes());
    let hex: String = tag.iter().flatten().map(|byte| format!("{byte:02x}")).collect();
    format!("v0={hex}")
}

fn mac(secret: &SecretString, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    // A key of any length is one, so there always is a MAC.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    mac.update(b"v0:");
    mac.update(timestamp.as_bytes());
    mac.update(b":");
    mac.update(body);
    Some(mac)
}

/// The 32 bytes of `v0=` and 64 hex digits.
fn given(header: &str) -> Option<[u8; 32]> {
    crate::domain::Digest::parse(header.strip_prefix("v0=")?).map(|digest| *digest.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"token=t&team_id=T1&command=%2Fdeploy&text=a+b";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn secrets(names: &[&str]) -> SigningSecrets {
        SigningSecrets::new(names.iter().map(|name| SecretString::from(*name)).collect())
    }

    fn verify(secrets: &SigningSecrets, signature: &str, timestamp: &str, now: i64) -> Result<(), Unsigned> {
        let signed = Signed { signature: Some(signature), timestamp: Some(timestamp) };
        secrets.verify(signed, BODY, at(now))
    }

    #[test]
    fn the_scheme_is_slacks() {
        // Made with another implementation: hmac.new(b"8f742231b10e", b"v0:1531420618:" + body, "sha256").
        let body = b"token=xyz&team_id=T1DC2JH3J&text=94070";
        let signature = sign(&"8f742231b10e".into(), 1_531_420_618, body);
        assert_eq!(signature, "v0=f4253922ca81fec9bd3d0f20e36d2453219fd4226da008405b6cd19c9fa162b0");
    }

    #[test]
    fn either_secret_is_good_while_one_replaces_the_other() {
        let (old, new) = ("old-secret".into(), "new-secret".into());
        let both = secrets(&["new-secret", "old-secret"]);
        for secret in [&old, &new] {
            assert_eq!(verify(&both, &sign(secret, 1_000, BODY), "1000", 1_000), Ok(()));
        }
        let by_old = sign(&old, 1_000, BODY);
        assert_eq!(verify(&secrets(&["new-secret"]), &by_old, "1000", 1_000), Err(Unsigned::Forged));
        assert_eq!(verify(&secrets(&[]), &by_old, "1000", 1_000), Err(Unsigned::Forged));
    }

    #[test]
    fn five_minutes_either_way_and_no_more() {
        let secrets = secrets(&["s"]);
        let signature = sign(&"s".into(), 10_000, BODY);
        for now in [9_700, 10_000, 10_300] {
            assert_eq!(verify(&secrets, &signature, "10000", now), Ok(()), "{now}");
        }
        for now in [9_699, 10_301] {
            assert_eq!(verify(&secrets, &signature, "10000", now), Err(Unsigned::Stale { seconds: 301 }));
        }
    }

    #[test]
    fn what_is_not_exactly_that_is_refused() {
        let secrets = secrets(&["s"]);
        let good = sign(&"s".into(), 1_000, BODY);
        let (header, time) = (Unsigned::Header(SIGNATURE_HEADER), Unsigned::Header(TIMESTAMP_HEADER));
        let digits = good.trim_start_matches("v0=");
        for (signature, timestamp, why) in [
            (good.replace("v0=", "v1="), "1000", header),
            (digits.to_owned(), "1000", header),
            (good.chars().take(60).collect(), "1000", header),
            (format!("{good}00"), "1000", header),
            (String::new(), "1000", header),
            (good.clone(), "", time),
            (good.clone(), "+1000", time),
            (good.clone(), "1000.0", time),
            (good.clone(), "99999999999999999999", time),
            (good.clone(), "1001", Unsigned::Forged),
            (format!("v0={}", "0".repeat(64)), "1000", Unsigned::Forged),
        ] {
            assert_eq!(verify(&secrets, &signature, timestamp, 1_000), Err(why), "{signature} {timestamp}");
        }
        let none = Signed { signature: None, timestamp: Some("1000") };
        assert_eq!(secrets.verify(none, BODY, at(1_000)), Err(header));
        let none = Signed { signature: Some(&good), timestamp: None };
        assert_eq!(secrets.verify(none, BODY, at(1_000)), Err(time));
    }

    #[test]
    fn one_bit_of_the_body_is_enough() {
        let secrets = secrets(&["s"]);
        let signature = sign(&"s".into(), 1_000, BODY);
        for at_byte in 0..BODY.len() {
            let mut body = BODY.to_vec();
            body[at_byte] ^= 1;
            let signed = Signed { signature: Some(&signature), timestamp: Some("1000") };
            assert_eq!(secrets.verify(signed, &body, at(1_000)), Err(Unsigned::Forged), "byte {at_byte}");
        }
    }
}
