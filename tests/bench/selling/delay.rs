use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinSet;

/// Something between a client and Postgres that passes everything on later, in either direction,
/// as a network does: what is on its way holds up nothing.
pub(super) struct Delay {
    url: String,
    _server: JoinSet<()>,
}

impl Delay {
    /// Stands before the Postgres of this address, so many milliseconds away from it.
    pub(super) async fn before(url: &str, one_way_ms: u64) -> Self {
        let (head, rest) = url.split_once('@').expect("an address with a user");
        let (server, tail) = rest.split_once('/').expect("an address with a database");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("a bound port").port();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, server.to_owned(), Duration::from_millis(one_way_ms)));
        Self { url: format!("{head}@127.0.0.1:{port}/{tail}"), _server: tasks }
    }

    /// Its own address.
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

async fn serve(listener: TcpListener, server: String, one_way: Duration) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let Ok(postgres) = TcpStream::connect(&server).await else { return };
        let both = client.set_nodelay(true).and_then(|()| postgres.set_nodelay(true));
        both.expect("a socket of our own");
        let (from_client, to_client) = client.into_split();
        let (from_postgres, to_postgres) = postgres.into_split();
        connections.spawn(pass(from_client, to_postgres, one_way));
        connections.spawn(pass(from_postgres, to_client, one_way));
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, one_way: Duration) {
    let (sender, mut receiver) = unbounded_channel::<(Instant, Vec<u8>)>();
    let read = async move {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            let told = (Instant::now() + one_way, buffer[..count].to_vec());
            if sender.send(told).is_err() {
                return;
            }
        }
    };
    let write = async move {
        while let Some((due, told)) = receiver.recv().await {
            tokio::time::sleep_until(due.into()).await;
            if to.write_all(&told).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(read, write);
}
