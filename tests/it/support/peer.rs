//! A peer that speaks just enough HTTP/1.1 to be asked by the product, and tells what it heard.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// What the peer was asked.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// `GET`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body, as its length says.
    pub body: Vec<u8>,
    /// The port of the other side: the same for all that came over one connection.
    pub from: u16,
}

/// What the peer answers.
#[derive(Clone, Debug)]
pub struct Answer {
    /// 200.
    pub status: u16,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// Without further headers.
    #[must_use]
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }
}

/// Listens on a free port until the process ends. `answer` may take its time: each connection
/// has a thread of its own.
///
/// # Panics
/// Panics when no port is free.
pub fn listen(answer: impl Fn(Asked) -> Answer + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || while converse(&stream, &*answer).is_some() {});
        }
    });
    address
}

/// One request and its answer; `None` when the other side has gone.
fn converse(stream: &TcpStream, answer: &dyn Fn(Asked) -> Answer) -> Option<()> {
    let asked = read(stream)?;
    let Answer { status, headers, body } = answer(asked);
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let head = format!("HTTP/1.1 {status} x\r\n{headers}content-length: {length}\r\n\r\n");
    (&*stream).write_all((head + &body).as_bytes()).ok()
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let from = stream.peer_addr().ok()?.port();
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some(Asked { method, path, headers, body, from })
}
