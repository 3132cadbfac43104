use std::time::{Duration, Instant};

use tests::proxy::Proxy;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc::unbounded_channel;

/// Passes everything on so much later, in either direction, as a network does: what is
/// on its way holds up nothing.
pub(super) async fn before(url: &str, one_way: Duration) -> Proxy {
    Proxy::before(url, move |client: TcpStream, postgres: TcpStream| async move {
        let both = client.set_nodelay(true).and_then(|()| postgres.set_nodelay(true));
        both.expect("a socket of our own");
        let (from_client, to_client) = client.into_split();
        let (from_postgres, to_postgres) = postgres.into_split();
        tokio::join!(
            pass(from_client, to_postgres, one_way),
            pass(from_postgres, to_client, one_way)
        );
    })
    .await
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
