//! Requests through a real connection, kept open: for benchmarks, where a client must be cheap, and
//! for servers that die.

use std::io::{Error, ErrorKind, Result};
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
    /// # Errors
    /// When nobody listens.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::with_capacity(1 << 16) })
    }

    /// Asks for something and waits for the answer: status and body.
    ///
    /// # Errors
    /// When the connection breaks off.
    pub async fn get(&mut self, path: &str, key: &str) -> Result<(u16, Vec<u8>)> {
        let head =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n");
        self.send(&head, &[]).await
    }

    /// Posts a body and waits for the answer: status and body.
    ///
    /// # Errors
    /// When the connection breaks off.
    pub async fn post(&mut self, path: &str, key: &str, body: &[u8]) -> Result<(u16, Vec<u8>)> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\
             content-type: application/json\r\n"
        );
        self.send(&head, body).await
    }

    /// Sends a request whose head lacks only the length of its body.
    ///
    /// # Errors
    /// When the connection breaks off.
    pub async fn send(&mut self, head: &str, body: &[u8]) -> Result<(u16, Vec<u8>)> {
        let head = format!("{head}content-length: {}\r\n\r\n", body.len());
        self.stream.write_all(head.as_bytes()).await?;
        self.stream.write_all(body).await?;
        self.read.clear();
        let head_end = loop {
            if let Some(at) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await?;
        };
        let head = String::from_utf8_lossy(&self.read[..head_end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .and_then(|length| length.trim().parse::<usize>().ok())
            .unwrap_or(0);
        while self.read.len() < head_end + length {
            self.more().await?;
        }
        let status = status.ok_or_else(|| Error::from(ErrorKind::InvalidData))?;
        Ok((status, self.read[head_end..head_end + length].to_vec()))
    }

    async fn more(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}
