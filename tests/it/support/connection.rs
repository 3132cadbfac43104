//! Requests through a real connection, kept open: for benchmarks, where a client must be cheap.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One connection that is kept open.
pub struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    /// Connects.
    ///
    /// # Panics
    /// Panics when nobody listens.
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("somebody listens");
        stream.set_nodelay(true).expect("a TCP connection has this option");
        Self { stream, read: Vec::with_capacity(1 << 16) }
    }

    /// Sends a body and waits for the answer: status and body.
    ///
    /// # Panics
    /// Panics when the connection breaks off or the answer is not HTTP.
    pub async fn post(&mut self, path: &str, key: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.stream.write_all(head.as_bytes()).await.expect("the connection is open");
        self.stream.write_all(body).await.expect("the connection is open");
        self.read.clear();
        let head_end = loop {
            if let Some(at) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            let count = self.stream.read_buf(&mut self.read).await.expect("an answer");
            assert!(count > 0, "the connection was closed before the answer");
        };
        let head = String::from_utf8_lossy(&self.read[..head_end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .and_then(|length| length.trim().parse::<usize>().ok())
            .expect("every answer of ours has a length");
        while self.read.len() < head_end + length {
            let count = self.stream.read_buf(&mut self.read).await.expect("the whole answer");
            assert!(count > 0, "the connection was closed within the answer");
        }
        (status.expect("an HTTP status"), self.read[head_end..head_end + length].to_vec())
    }
}
