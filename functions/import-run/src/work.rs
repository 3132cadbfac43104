use app::port::Outgoing;
use app::trace::TraceParent;
use app::{App, Deadline, step};
use domain::import::{Lines, REFUSED_KEPT, REFUSED_SHOWN, Status};
use domain::message::{ImportMessage, QueueName};
use domain::tenant::Tenant;
use futures_util::future::join;
use std::time::Duration;
use store::imports::{self, Chunk, Import};
use store::points::{self, Columns, Point};

use crate::Fault;
use crate::source::{Purpose, Source};

/// Lines whose points are written in one transaction: days of a small shop, so that few rollups
/// are touched twice.
const CHUNK_LINES: u64 = 20_000;
/// Lines whose points are removed in one transaction.
const UNDO_LINES: u64 = 5_000;
/// What is kept back of the time we have: the next chunk must be done in it.
const RESERVE: Duration = Duration::from_secs(20);
const TRIES: u32 = 5;

/// One import, as this delivery found it.
pub(crate) struct Work<'a> {
    pub(crate) app: &'a App,
    pub(crate) tenant: &'a Tenant,
    pub(crate) import: &'a Import,
    pub(crate) deadline: Deadline,
}

/// What became of a chunk.
enum Taken {
    /// This worker did it.
    ByUs,
    /// Another worker had done it.
    ByAnother,
    /// Somebody began something else with the import, or another worker ended it.
    Over,
}

impl Work<'_> {
    /// Reads the file and writes no point. A file that is too long for one delivery is read as
    /// far as that goes, which the bytes tell.
    pub(crate) async fn check(&self) -> Result<(), Fault> {
        let mut source = Source::open(self.app, self.tenant, self.import, Purpose::Look).await?;
        step::reached("import.started");
        let mut refused = Vec::new();
        loop {
            let mut lines = source.next(CHUNK_LINES).await?;
            let shown = usize::try_from(REFUSED_SHOWN).unwrap_or(usize::MAX);
            lines.refused.truncate(shown - refused.len());
            refused.append(&mut lines.refused);
            if lines.count < CHUNK_LINES || self.is_late() {
                break;
            }
        }
        let tally = source.reader.tally();
        let chunk = Chunk {
            import: self.import,
            from: 0,
            to: tally.lines,
            bytes_done: source.upload.bytes_read,
            tally: &tally,
            folded: 0,
            refused: &refused,
            object_tag: &source.upload.tag,
            at: self.app.clock.now(),
        };
        match imports::checked(&self.app.db, self.tenant.number, &chunk).await {
            Err(store::Error::Refused(_)) => Ok(()),
            answer => Ok(answer?),
        }
    }

    /// Writes the points of the file, from where the import stands. While a chunk is written the
    /// next one is read.
    pub(crate) async fn write(&self) -> Result<(), Fault> {
        let mut source = Source::open(self.app, self.tenant, self.import, Purpose::Write).await?;
        step::reached("import.started");
        source.skip_to(self.import.lines_done, CHUNK_LINES).await?;
        let mut from = source.reader.lines();
        let mut lines = source.next(CHUNK_LINES).await?;
        while lines.count > 0 {
            let tag = source.upload.tag.clone();
            let tally = source.reader.tally();
            let room = REFUSED_KEPT.saturating_sub(tally.refused() - count(&lines));
            lines.refused.truncate(usize::try_from(room).unwrap_or(usize::MAX));
            let points = source.resolve(&lines.points).await?;
            let chunk = Chunk {
                import: self.import,
                from,
                to: source.reader.lines(),
                bytes_done: source.upload.bytes_read,
                tally: &tally,
                folded: source.folded(&lines.points),
                refused: &lines.refused,
                object_tag: &tag,
                at: self.app.clock.now(),
            };
            let columns = Columns::of(points, &self.tenant.calendar.zone);
            let (written, next) =
                join(self.write_chunk(&chunk, &columns), source.next(CHUNK_LINES)).await;
            if matches!(written?, Taken::Over) {
                return Ok(());
            }
            (from, lines) = (chunk.to, next?);
            if lines.count > 0 && self.is_late() {
                return self.continue_later(from).await;
            }
        }
        self.finish(Status::Done).await
    }

    /// Removes the points that were written, in the order in which they were.
    pub(crate) async fn undo(&self) -> Result<(), Fault> {
        let mut source = Source::open(self.app, self.tenant, self.import, Purpose::Write).await?;
        step::reached("import.started");
        source.skip_to(self.import.lines_undone, CHUNK_LINES).await?;
        let mut from = source.reader.lines();
        while from < self.import.lines_done {
            let wanted = (self.import.lines_done - from).min(UNDO_LINES);
            let lines = source.next(wanted).await?;
            if lines.count < wanted {
                return Err(Fault::Replaced);
            }
            let points = source.resolve(&lines.points).await?;
            let to = source.reader.lines();
            if matches!(self.undo_chunk((from, to), &points).await?, Taken::Over) {
                return Ok(());
            }
            from = to;
            if from < self.import.lines_done && self.is_late() {
                return self.continue_later(from).await;
            }
        }
        self.finish(Status::Undone).await
    }

    async fn write_chunk(&self, chunk: &Chunk<'_>, columns: &Columns) -> Result<Taken, Fault> {
        let (db, tenant) = (&self.app.db, self.tenant.number);
        let mut tries = 0;
        loop {
            tries += 1;
            points::ensure_weeks(db, tenant, columns).await?;
            let attempt = async {
                let tx = db.tenant(tenant).await?;
                imports::write_chunk(&tx, tenant, chunk, columns).await?;
                step::reached("import.chunk_written");
                tx.commit().await
            };
            match attempt.await {
                Err(error) if error.is_contended() && tries < TRIES => {}
                Err(error) if error.is_missing_partition() && tries < TRIES => {
                    points::forget_weeks(db);
                }
                Err(store::Error::Refused(error)) => {
                    let refused = store::Error::Refused(error);
                    return self.taken((chunk.from, chunk.to), refused).await;
                }
                answer => {
                    answer?;
                    step::reached("import.chunk_committed");
                    return Ok(Taken::ByUs);
                }
            }
        }
    }

    async fn undo_chunk(&self, lines: (u64, u64), points: &[Point]) -> Result<Taken, Fault> {
        let (db, tenant) = (&self.app.db, self.tenant.number);
        let mut tries = 0;
        loop {
            tries += 1;
            let attempt = async {
                let tx = db.tenant(tenant).await?;
                let at = self.app.clock.now();
                imports::undo_chunk(&tx, tenant, self.import, lines, at).await?;
                let calendar = &self.tenant.calendar;
                let removed = points::remove(&tx, tenant, calendar, points).await?;
                let missing = u64::try_from(points.len() - removed).unwrap_or(u64::MAX);
                if missing > 0 {
                    imports::miss(&tx, tenant, self.import, missing).await?;
                }
                step::reached("import.chunk_written");
                tx.commit().await
            };
            match attempt.await {
                Err(error) if error.is_contended() && tries < TRIES => {}
                Err(error) if error.is_missing_partition() && tries < TRIES => {
                    points::forget_weeks(db);
                }
                Err(store::Error::Refused(error)) => {
                    return self.taken(lines, store::Error::Refused(error)).await;
                }
                answer => {
                    answer?;
                    step::reached("import.chunk_committed");
                    return Ok(Taken::ByUs);
                }
            }
        }
    }

    /// Looks why the import is not where we thought. Two workers take the same cuts, as long as
    /// they began at the same line: if they did not, this one is refused and begins again.
    async fn taken(&self, (from, to): (u64, u64), refused: store::Error) -> Result<Taken, Fault> {
        let now = imports::find(&self.app.db, self.tenant.number, self.import.id).await?;
        let Some(now) = now else { return Ok(Taken::Over) };
        if (now.run, now.status) != (self.import.run, self.import.status) {
            return Ok(Taken::Over);
        }
        let done = match now.status {
            Status::Undoing => now.lines_undone,
            _ => now.lines_done,
        };
        if done >= to {
            return Ok(Taken::ByAnother);
        }
        // Nobody moved it, so it was the upload that is another one.
        Err(if done == from { Fault::Replaced } else { Fault::Store(refused) })
    }

    /// Little time is left: another delivery goes on.
    async fn continue_later(&self, line: u64) -> Result<(), Fault> {
        let (tenant, import) = (self.tenant.number, self.import.id);
        let message = serde_json::to_string(&ImportMessage::Proceed { tenant, import });
        let outgoing = Outgoing {
            body: message.expect("a message is always JSON"),
            group: Some(tenant.to_string()),
            dedupe: Some(format!("{}:{line}", self.import.run)),
            trace: TraceParent::current().map(|trace| trace.header()),
            ..Outgoing::default()
        };
        Ok(self.app.queue.send(QueueName::Imports, &[outgoing]).await?)
    }

    async fn finish(&self, status: Status) -> Result<(), Fault> {
        let at = self.app.clock.now();
        imports::finish(&self.app.db, self.tenant.number, self.import, status, at).await?;
        step::reached("import.done");
        Ok(())
    }

    fn is_late(&self) -> bool {
        self.deadline.remaining() < RESERVE
    }
}

fn count(lines: &Lines) -> u64 {
    u64::try_from(lines.refused.len()).unwrap_or(u64::MAX)
}
