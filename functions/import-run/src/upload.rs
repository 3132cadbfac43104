use std::io::Write as _;

use app::App;
use bytes::Bytes;
use domain::import::Reader;
use flate2::write::MultiGzDecoder;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use object_store::ObjectStoreExt as _;
use object_store::path::Path;

use crate::Fault;

/// An uploaded file, read from its first byte on, a piece at a time.
pub(crate) struct Upload {
    stream: BoxStream<'static, object_store::Result<Bytes>>,
    form: Form,
    /// Tells this upload from another under the same name.
    pub(crate) tag: String,
    pub(crate) bytes_read: i64,
}

enum Form {
    /// Its first bytes were not seen yet.
    Unknown,
    Plain,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
}

/// Unpacked, a piece has at most a thousand times as many bytes.
const PIECE_BYTES: usize = 16 << 10;

impl Upload {
    pub(crate) async fn open(app: &App, path: &str) -> Result<Self, Fault> {
        let found = app.objects()?.store.get(&Path::from(path)).await?;
        let modified = || found.meta.last_modified.to_rfc3339();
        Ok(Self {
            tag: found.meta.e_tag.clone().unwrap_or_else(modified),
            stream: found.into_stream(),
            form: Form::Unknown,
            bytes_read: 0,
        })
    }

    /// Hands the next piece to the reader, or says that there is none.
    pub(crate) async fn feed(&mut self, reader: &mut Reader) -> Result<(), Fault> {
        let mut bytes = match self.stream.next().await {
            Some(bytes) => bytes?,
            None => {
                if let Form::Gzip(gzip) = &mut self.form {
                    gzip.try_finish().map_err(Fault::Gzip)?;
                    reader.feed(&std::mem::take(gzip.get_mut()));
                }
                reader.end();
                return Ok(());
            }
        };
        if matches!(self.form, Form::Unknown) {
            while bytes.len() < 4
                && let Some(more) = self.stream.next().await
            {
                bytes = [bytes, more?].concat().into();
            }
            self.form = match *bytes {
                [0x1f, 0x8b, ..] => Form::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))),
                [b'P', b'K', 3, 4, ..] => return Err(Fault::Archive),
                _ => Form::Plain,
            };
        }
        self.bytes_read += i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        for piece in bytes.chunks(PIECE_BYTES) {
            match &mut self.form {
                Form::Gzip(gzip) => {
                    gzip.write_all(piece).map_err(Fault::Gzip)?;
                    reader.feed(gzip.get_ref());
                    gzip.get_mut().clear();
                }
                Form::Plain | Form::Unknown => reader.feed(piece),
            }
        }
        Ok(())
    }
}
