//! Something between a function and Postgres that loses an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::proxy::Proxy;

/// Passes everything on, and can lose the answer to a COMMIT together with the connection: the
/// client then cannot know whether its transaction stands. Or it loses what comes after any byte.
pub struct Cutter {
    proxy: Proxy,
    armed: Arc<AtomicBool>,
    left: Arc<AtomicI64>,
}

/// As many bytes as nobody sends.
const UNCUT: i64 = i64::MAX / 2;
/// How Postgres reports that a transaction was committed.
const COMMITTED: &[u8] = b"COMMIT\0";

impl Cutter {
    /// Stands before the Postgres of this address.
    ///
    /// # Panics
    /// Panics when the address has no host and port.
    pub async fn before(url: &str) -> Self {
        let armed = Arc::new(AtomicBool::new(false));
        let left = Arc::new(AtomicI64::new(UNCUT));
        let cuts = (armed.clone(), left.clone());
        let proxy = Proxy::before(url, move |client: TcpStream, postgres: TcpStream| {
            let cuts = cuts.clone();
            async move {
                let (mut from_client, to_client) = client.into_split();
                let (from_postgres, mut to_postgres) = postgres.into_split();
                let asked = async {
                    let _ended = copy(&mut from_client, &mut to_postgres).await;
                };
                tokio::join!(asked, pass_back(from_postgres, to_client, cuts));
            }
        });
        Self { proxy: proxy.await, armed, left }
    }

    /// Its own address.
    #[must_use]
    pub fn url(&self) -> &str {
        self.proxy.url()
    }

    /// The next answer to a COMMIT is lost.
    pub fn cut_at_commit(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    /// Nothing is lost any more.
    pub fn heal(&self) {
        self.left.store(UNCUT, Ordering::SeqCst);
    }

    /// So many more bytes of answers arrive; then the connection that brought the last is lost.
    pub fn cut_after(&self, bytes: i64) {
        self.left.store(bytes, Ordering::SeqCst);
    }
}

type Cuts = (Arc<AtomicBool>, Arc<AtomicI64>);

async fn pass_back(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, (armed, left): Cuts) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let told = &buffer[..count];
        let commits = told.windows(COMMITTED.len()).any(|window| window == COMMITTED);
        if commits && armed.swap(false, Ordering::SeqCst) {
            return;
        }
        let size = i64::try_from(count).expect("a buffer is small");
        let passes = left.fetch_sub(size, Ordering::SeqCst);
        if passes < size {
            left.store(UNCUT, Ordering::SeqCst);
            let last = usize::try_from(passes).unwrap_or(0);
            let _lost_anyway = to.write_all(&told[..last]).await;
            return;
        }
        if to.write_all(told).await.is_err() {
            return;
        }
    }
}
