use std::io;
use std::net::TcpStream;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, NoTls};

use super::DbOptions;
use crate::{Error, Unavailable, tls};

const CONNECT_TIMEOUT_MS: u64 = 5_000;
const CONNECT_TRIES: u32 = 3;
const DEFAULT_PORT: u16 = 5432;
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);

/// Connects, and tries again when the server is away. Answers the stream once more, where it is
/// one of the network.
pub(super) async fn dial(options: &DbOptions) -> Result<(Client, Option<TcpStream>), Error> {
    let mut config: Config = options.url.parse().map_err(|error: tokio_postgres::Error| {
        Error::Address(std::error::Error::source(&error).unwrap_or(&error).to_string())
    })?;
    config.keepalives_idle(KEEPALIVE_IDLE).application_name("takings");
    let mut tries = 0;
    let tries = async {
        loop {
            tries += 1;
            match dial_once(options, &config).await {
                Err(Error::Unavailable(_)) if tries < CONNECT_TRIES => {
                    tokio::time::sleep(Duration::from_millis(100 << tries)).await;
                }
                answer => return answer,
            }
        }
    };
    // All tries together: whoever waits has a deadline, and perhaps a queue to go to.
    tokio::time::timeout(Duration::from_millis(CONNECT_TIMEOUT_MS), tries)
        .await
        .map_err(|_elapsed| Error::Unavailable(Unavailable::Timeout(CONNECT_TIMEOUT_MS)))?
}

async fn dial_once(
    options: &DbOptions,
    config: &Config,
) -> Result<(Client, Option<TcpStream>), Error> {
    let ca_file = options.tls_ca_file.as_deref();
    let plain = config.get_ssl_mode() == SslMode::Disable;
    // What else an address may ask for is for the driver to keep.
    let is_plain = config.get_hostaddrs().is_empty()
        && config.get_target_session_attrs() == TargetSessionAttrs::Any;
    let (true, [Host::Tcp(name)]) = (is_plain, config.get_hosts()) else {
        let client = if plain {
            drive(config.connect(NoTls).await.map_err(away)?)
        } else {
            drive(config.connect(tls::connector(ca_file)?).await.map_err(away)?)
        };
        return Ok((client, None));
    };
    let port = config.get_ports().first().copied().unwrap_or(DEFAULT_PORT);
    let (stream, twin) = connect(name, port)
        .await
        .map_err(|error| Error::Unavailable(Unavailable::Stream(error)))?;
    let client = if plain {
        drive(config.connect_raw(stream, NoTls).await.map_err(away)?)
    } else {
        let mut connector = tls::connector(ca_file)?;
        let connector = MakeTlsConnect::<net::TcpStream>::make_tls_connect(&mut connector, name)
            .map_err(|error| Error::Address(error.to_string()))?;
        drive(config.connect_raw(stream, connector).await.map_err(away)?)
    };
    Ok((client, Some(twin)))
}

async fn connect(name: &str, port: u16) -> io::Result<(net::TcpStream, TcpStream)> {
    let stream = net::TcpStream::connect((name, port)).await?;
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE_IDLE))?;
    let stream = stream.into_std()?;
    let twin = stream.try_clone()?;
    Ok((net::TcpStream::from_std(stream)?, twin))
}

#[expect(clippy::disallowed_methods, reason = "the connection is driven beside its client")]
fn drive<S, T>((client, connection): (Client, Connection<S, T>)) -> Client
where
    Connection<S, T>: Future + Send + 'static,
    <Connection<S, T> as Future>::Output: Send,
{
    tokio::spawn(connection);
    client
}

/// A server that refuses the connection is away; one that refuses the password is not.
fn away(error: tokio_postgres::Error) -> Error {
    match error.code() {
        None => Error::Unavailable(Unavailable::Connection(error)),
        Some(_) => error.into(),
    }
}
