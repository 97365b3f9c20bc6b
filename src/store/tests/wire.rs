//! A wire between us and the server that breaks when the test says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::Url;

/// What becomes of what goes over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It arrives.
    None = 0,
    /// The next commit does not reach the server.
    LosesCommit = 1,
    /// The next commit reaches the server, and its answer does not reach us.
    LosesAnswer = 2,
}

/// The wire. Whatever it is told to break, it breaks once.
pub(crate) struct Wire {
    port: u16,
    fault: Arc<AtomicU8>,
    whole: watch::Sender<bool>,
}

impl Wire {
    /// A wire to the server of `url`.
    pub(crate) async fn to(url: &Url) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = (url.host_str().unwrap().to_owned(), url.port().unwrap_or(5432));
        let fault = Arc::new(AtomicU8::new(Fault::None as u8));
        let (whole, broken) = watch::channel(true);
        let carried = Arc::clone(&fault);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if !*broken.borrow() {
                    continue;
                }
                let server = TcpStream::connect(server.clone()).await.unwrap();
                let (fault, mut broken) = (Arc::clone(&carried), broken.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = carry(client, server, &fault) => {}
                        _ = broken.wait_for(|whole| !whole) => {}
                    }
                });
            }
        });
        Self { port, fault, whole }
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn will(&self, fault: Fault) {
        self.fault.store(fault as u8, Ordering::SeqCst);
    }

    /// Cuts it, or mends it.
    pub(crate) fn cut(&self, cut: bool) {
        self.whole.send(!cut).unwrap();
    }
}

/// Carries bytes both ways until one side ends or the wire breaks.
async fn carry(client: TcpStream, server: TcpStream, fault: &AtomicU8) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (mute, muted) = watch::channel(false);
    let back = tokio::spawn(async move {
        let mut bytes = vec![0; 65_536];
        while let Ok(count @ 1..) = from_server.read(&mut bytes).await {
            if !*muted.borrow() && to_client.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
    });
    let mut bytes = vec![0; 65_536];
    loop {
        let count = match from_client.read(&mut bytes).await {
            Ok(0) | Err(_) => break,
            Ok(count) => count,
        };
        let sent = &bytes[..count];
        let is_commit = sent.windows(7).any(|part| part == b"COMMIT\0");
        if is_commit && take(fault, Fault::LosesCommit) {
            break;
        }
        if is_commit && take(fault, Fault::LosesAnswer) {
            // Nothing more goes back, and the server is done with it when it closes its end.
            mute.send(true).unwrap();
            to_server.write_all(sent).await.unwrap();
            to_server.shutdown().await.unwrap();
            back.await.unwrap();
            return;
        }
        if to_server.write_all(sent).await.is_err() {
            break;
        }
    }
    back.abort();
}

fn take(fault: &AtomicU8, which: Fault) -> bool {
    let none = Fault::None as u8;
    fault.compare_exchange(which as u8, none, Ordering::SeqCst, Ordering::SeqCst).is_ok()
}
