//! Something between a client and Postgres.

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Listens at an address like that of the Postgres behind it, until it is dropped.
pub struct Proxy {
    url: String,
    _server: JoinSet<()>,
}

impl Proxy {
    /// Stands before the Postgres of this address. What becomes of a connection, of the client to
    /// us and of us to Postgres, `carry` says.
    ///
    /// # Panics
    /// Panics when the address has no host and port.
    pub async fn before<Carried>(
        url: &str,
        carry: impl Fn(TcpStream, TcpStream) -> Carried + Send + 'static,
    ) -> Self
    where
        Carried: Future<Output = ()> + Send + 'static,
    {
        let (head, rest) = url.split_once('@').expect("an address with a user");
        let (server, tail) = rest.split_once('/').expect("an address with a database");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("a bound port").port();
        let server = server.to_owned();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let Ok(postgres) = TcpStream::connect(&server).await else { return };
                connections.spawn(carry(client, postgres));
            }
        });
        Self { url: format!("{head}@127.0.0.1:{port}/{tail}"), _server: tasks }
    }

    /// Its own address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}
