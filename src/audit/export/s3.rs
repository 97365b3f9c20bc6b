//! Signatures that object stores of the S3 kind want: AWS Signature Version 4, in the header, over all that is sent.
//!
//! See <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::domain::Digest;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const CONTENT: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// The keys that requests to an S3-compatible store are signed with.
#[derive(Clone)]
pub struct S3Keys {
    /// The region that the bucket is in, such as `eu-central-1`; stores of others have a word of their own for it.
    pub region: String,
    /// The id of the access key.
    pub access_key: SecretString,
    /// The secret access key.
    pub secret_key: SecretString,
    /// The token of keys that hold for a while only.
    pub session_token: Option<SecretString>,
}

/// What is sent.
pub(super) struct Sent<'a> {
    pub(super) method: &'a Method,
    pub(super) url: &'a Url,
    pub(super) body: &'a [u8],
    pub(super) at: Timestamp,
}

impl S3Keys {
    /// Adds the date, the digest of the body and the signature to the headers. What is added later is not signed. `None`
    /// where a key or the region cannot be part of a header.
    pub(super) fn sign(&self, sent: &Sent<'_>, headers: &mut HeaderMap) -> Option<()> {
        let moment = sent.at.strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = sent.at.strftime("%Y%m%d").to_string();
        let content = Digest::of(sent.body).to_string();
        headers.insert(DATE, moment.parse().ok()?);
        headers.insert(CONTENT, content.parse().ok()?);
        if let Some(token) = &self.session_token {
            headers.insert(TOKEN, secret(token.expose_secret())?);
        }
        let (names, canonical) = canonical_request(sent, headers, &content);
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let digest = Digest::of(canonical.as_bytes());
        let signature = self.mac(&day, &format!("{ALGORITHM}\n{moment}\n{scope}\n{digest}"))?;
        let signature = Digest::from_bytes(signature);
        let authorization = format!(
            "{ALGORITHM} Credential={}/{scope},SignedHeaders={names},Signature={signature}",
            self.access_key.expose_secret()
        );
        headers.insert(AUTHORIZATION, secret(&authorization)?);
        Some(())
    }

    /// The signature, with the key of the day, the region and the service.
    fn mac(&self, day: &str, text: &str) -> Option<[u8; 32]> {
        let first = format!("AWS4{}", self.secret_key.expose_secret());
        let mut key = mac(first.as_bytes(), day)?;
        for step in [&self.region, "s3", "aws4_request", text] {
            key = mac(&key, step)?;
        }
        Some(key)
    }
}

/// The names of the signed headers, and the request in the one form that is signed.
fn canonical_request(sent: &Sent<'_>, headers: &HeaderMap, content: &str) -> (String, String) {
    let mut signed: Vec<(&str, String)> = headers
        .keys()
        .map(|name| {
            let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
            let values: Vec<_> = values.map(|value| value.trim().to_owned()).collect();
            (name.as_str(), values.join(","))
        })
        .collect();
    if !headers.contains_key(HOST) {
        signed.push((HOST.as_str(), authority(sent.url)));
    }
    signed.sort();
    let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let mut query: Vec<(String, String)> = sent
        .url
        .query_pairs()
        .map(|(name, value)| (encoded(name.as_bytes(), ""), encoded(value.as_bytes(), "")))
        .collect();
    query.sort();
    let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let lines: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let path = encoded(&decoded(sent.url.path()), "/");
    let request = format!("{}\n{path}\n{}\n{lines}\n{names}\n{content}", sent.method, query.join("&"));
    (names, request)
}

/// The host, and the port where it is not the usual one: what is sent as `Host`.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Bytes in the one way that is signed: all but letters, digits, `-._~` and what is kept as `%XX`.
fn encoded(bytes: &[u8], kept: &str) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || kept.as_bytes().contains(byte) {
            text.push(char::from(*byte));
        } else {
            let _infallible = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// What a path with `%XX` stands for.
fn decoded(path: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (first, byte) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            (other, _) => {
                bytes.push(*other);
                rest = after;
            }
        }
    }
    bytes
}

fn mac(key: &[u8], text: &str) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(text.as_bytes());
    Some(mac.finalize().into_bytes().into())
}

/// A header that is not shown in logs.
fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the documentation, with their keys.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html#example-signature-calculations>
    #[test]
    fn the_published_examples_come_out() {
        let keys = S3Keys {
            region: "us-east-1".to_owned(),
            access_key: "AKIAIOSFODNN7EXAMPLE".to_owned().into(),
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned().into(),
            session_token: None,
        };
        type Example =
            (Method, &'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);
        let examples: [Example; 4] = [
            (
                Method::GET,
                "test.txt",
                &[("range", "bytes=0-9")],
                "",
                "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
                 Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
            (
                Method::PUT,
                "test$file.text",
                &[("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
                "Welcome to Amazon S3.",
                "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,\
                 Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            ),
            (
                Method::GET,
                "?lifecycle",
                &[],
                "",
                "SignedHeaders=host;x-amz-content-sha256;x-amz-date,\
                 Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
            ),
            (
                Method::GET,
                "?prefix=J&max-keys=2",
                &[],
                "",
                "SignedHeaders=host;x-amz-content-sha256;x-amz-date,\
                 Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            ),
        ];
        for (method, path, sent_along, body, expected) in examples {
            let url = Url::parse(&format!("https://examplebucket.s3.amazonaws.com/{path}")).unwrap();
            let mut headers = HeaderMap::new();
            for (name, value) in sent_along {
                headers.insert(*name, value.parse().unwrap());
            }
            let at = "2013-05-24T00:00:00Z".parse().unwrap();
            let sent = Sent { method: &method, url: &url, body: body.as_bytes(), at };
            keys.sign(&sent, &mut headers).unwrap();
            let expected = format!(
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,{expected}"
            );
            assert_eq!(headers[AUTHORIZATION], expected.as_str(), "{path}");
            assert!(headers[AUTHORIZATION].is_sensitive());
        }
    }

    #[test]
    fn a_path_is_signed_as_the_store_reads_it() {
        for (path, signed) in
            [("/log/a b/ä", "/log/a%20b/%C3%A4"), ("/a%41%2e%7E$", "/aA.~%24"), ("/%zz", "/%25zz")]
        {
            let url = Url::parse(&format!("https://h{path}")).unwrap();
            assert_eq!(encoded(&decoded(url.path()), "/"), signed, "{path}");
        }
    }
}
