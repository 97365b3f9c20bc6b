use url::{Host, Url};

/// Whether what is sent to an address cannot be read on the way: it goes over TLS, or never leaves this machine.
pub fn travels_safely(url: &Url) -> bool {
    match url.scheme() {
        "https" | "wss" => url.host().is_some(),
        "http" | "ws" => is_loopback(url),
        _ => false,
    }
}

/// Whether an address is on this machine, by its host alone: names are not looked up.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(host)) => host == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_over_the_network_in_the_clear() {
        let safe = |text: &str| travels_safely(&Url::parse(text).unwrap());
        for fine in [
            "https://a.example",
            "wss://a.example/x",
            "http://127.0.0.1:1",
            "ws://[::1]/",
            "http://localhost",
        ] {
            assert!(safe(fine), "{fine}");
        }
        for wrong in [
            "http://a.example",
            "ws://a.example",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "ftp://localhost",
            "data:x",
        ] {
            assert!(!safe(wrong), "{wrong}");
        }
    }
}
