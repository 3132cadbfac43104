use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::{Semaphore, oneshot};

use crate::{Error, meter};

/// Gates, by what meets there. Loads wait at a gate for the transaction before theirs, and those
/// that met are written together: they touch the same rows, which are locked until a commit is on
/// disk, so that apart each would wait for that once more.
pub(crate) struct Gates<Key, Load, Answer>(Mutex<HashMap<Key, Arc<Gate<Load, Answer>>>>);

/// What is written with others.
pub(crate) trait Cargo {
    /// The most rows of one transaction, and so what a failure costs.
    const MOST_ROWS: usize;

    /// Its rows.
    fn rows(&self) -> usize;
}

struct Gate<Load, Answer> {
    waiting: Mutex<Vec<Passenger<Load, Answer>>>,
    turn: Semaphore,
}

struct Passenger<Load, Answer> {
    load: Load,
    landed: oneshot::Sender<Landed<Answer>>,
}

/// What became of a load: why it was not written, unless others were aboard that may have been
/// the reason.
type Landed<Answer> = Result<Answer, Option<Error>>;

const GATES: usize = 1_000;

impl<Key: Eq + Hash, Load: Cargo, Answer> Gates<Key, Load, Answer> {
    /// Writes a load with what else is waiting: `write` answers each of those that it is given, in
    /// their order. A load that failed in company answers `None`: it is to be tried alone.
    pub(crate) async fn pass<Written>(
        &self,
        key: Key,
        load: Load,
        write: impl Fn(Vec<Load>) -> Written,
    ) -> Result<Option<Answer>, Error>
    where
        Written: Future<Output = Result<Vec<Answer>, Error>>,
    {
        let gate = self.of(key);
        let (landed, mut answer) = oneshot::channel();
        let since = Instant::now();
        gate.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Passenger { load, landed });
        let mut flew = false;
        let answer = loop {
            // Whoever has the turn takes those who came first along, and perhaps not itself.
            tokio::select! {
                biased;
                answer = &mut answer => break answer,
                turn = gate.turn.acquire() => {
                    gate.fly(&write).await;
                    drop(turn);
                    flew = true;
                }
            }
        };
        if !flew {
            meter::record(since.elapsed());
        }
        match answer {
            Ok(Ok(answer)) => Ok(Some(answer)),
            Ok(Err(Some(error))) => Err(error),
            // Whoever wrote was given up, by a client that hung up perhaps.
            Ok(Err(None)) | Err(_) => Ok(None),
        }
    }

    fn of(&self, key: Key) -> Arc<Gate<Load, Answer>> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if gates.len() >= GATES {
            gates.retain(|_, gate| Arc::strong_count(gate) > 1);
        }
        let new = || Arc::new(Gate { waiting: Mutex::default(), turn: Semaphore::new(1) });
        gates.entry(key).or_insert_with(new).clone()
    }
}

impl<Key, Load, Answer> Default for Gates<Key, Load, Answer> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<Load: Cargo, Answer> Gate<Load, Answer> {
    async fn fly<Written>(&self, write: &impl Fn(Vec<Load>) -> Written)
    where
        Written: Future<Output = Result<Vec<Answer>, Error>>,
    {
        let boarded = self.board().into_iter().map(|passenger| (passenger.load, passenger.landed));
        let (loads, aboard): (Vec<_>, Vec<_>) = boarded.unzip();
        if aboard.is_empty() {
            return;
        }
        match write(loads).await {
            Ok(answers) => {
                for (landed, answer) in aboard.into_iter().zip(answers) {
                    let _whoever_hung_up = landed.send(Ok(answer));
                }
            }
            Err(error) => {
                let mut error = (aboard.len() == 1).then_some(error);
                for landed in aboard {
                    let _whoever_hung_up = landed.send(Err(error.take()));
                }
            }
        }
    }

    fn board(&self) -> Vec<Passenger<Load, Answer>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|passenger| !passenger.landed.is_closed());
        let mut rows = 0;
        let fits = |passenger: &&Passenger<Load, Answer>| {
            rows += passenger.load.rows();
            rows <= Load::MOST_ROWS
        };
        let count = waiting.iter().take_while(fits).count().max(1).min(waiting.len());
        waiting.drain(..count).collect()
    }
}
