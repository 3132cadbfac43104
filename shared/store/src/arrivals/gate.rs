use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use domain::calendar::Zone;
use domain::id::TenantNumber;
use tokio::sync::{Semaphore, oneshot};

use super::load::Load;
use crate::{Db, Error, meter};

/// Where arrivals wait for the transaction before theirs. Those of one tenant that met at a gate
/// are written together: most of them touch the same rollups, which are locked until the commit
/// is on disk, so that apart each would wait for that once more.
///
/// Points with ids have a gate of their own: one that was sent before spoils its transaction.
#[derive(Default)]
pub(crate) struct Gates(Mutex<HashMap<(TenantNumber, bool), Arc<Gate>>>);

struct Gate {
    waiting: Mutex<Vec<Passenger>>,
    turn: Semaphore,
}

struct Passenger {
    load: Load,
    landed: oneshot::Sender<Landed>,
}

/// What became of a load: why it was not written, unless others were aboard that may have been
/// the reason.
type Landed = Result<(), Option<Error>>;

/// Rows of one transaction, and so what a failure costs: those aboard are written again, each
/// alone.
const ROWS_ABOARD: usize = 20_000;
const GATES: usize = 1_000;

/// Writes a load, with what else is waiting. A load that failed in company answers `None`: it is
/// to be tried alone.
pub(super) async fn write(
    db: &Db,
    tenant: TenantNumber,
    zone: &Zone,
    load: Load,
) -> Result<Option<()>, Error> {
    let gate = db.gates().of((tenant, load.has_ids()));
    let (landed, mut answer) = oneshot::channel();
    let since = Instant::now();
    gate.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(Passenger { load, landed });
    let mut flew = false;
    let answer = loop {
        // Whoever has the turn takes those who came first along, and perhaps not itself.
        tokio::select! {
            biased;
            answer = &mut answer => break answer,
            turn = gate.turn.acquire() => {
                gate.fly(db, tenant, zone).await;
                drop(turn);
                flew = true;
            }
        }
    };
    if !flew {
        meter::record(since.elapsed());
    }
    match answer {
        Ok(Ok(())) => Ok(Some(())),
        Ok(Err(Some(error))) => Err(error),
        // Whoever wrote was given up, by a client that hung up perhaps.
        Ok(Err(None)) | Err(_) => Ok(None),
    }
}

impl Gates {
    fn of(&self, whose: (TenantNumber, bool)) -> Arc<Gate> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if gates.len() >= GATES {
            gates.retain(|_, gate| Arc::strong_count(gate) > 1);
        }
        let new = || Arc::new(Gate { waiting: Mutex::default(), turn: Semaphore::new(1) });
        gates.entry(whose).or_insert_with(new).clone()
    }
}

impl Gate {
    async fn fly(&self, db: &Db, tenant: TenantNumber, zone: &Zone) {
        let mut joint = Load::default();
        let mut aboard = Vec::new();
        for passenger in self.board() {
            joint.join(passenger.load);
            aboard.push(passenger.landed);
        }
        if aboard.is_empty() {
            return;
        }
        let mut answer = match joint.write(db, tenant, zone).await {
            Ok(()) => Ok(()),
            Err(error) => Err((aboard.len() == 1).then_some(error)),
        };
        for landed in aboard {
            let told = answer.as_mut().copied().map_err(Option::take);
            let _whoever_hung_up = landed.send(told);
        }
    }

    fn board(&self) -> Vec<Passenger> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|passenger| !passenger.landed.is_closed());
        let mut rows = 0;
        let fits = |passenger: &&Passenger| {
            rows += passenger.load.len();
            rows <= ROWS_ABOARD
        };
        let count = waiting.iter().take_while(fits).count().max(1).min(waiting.len());
        waiting.drain(..count).collect()
    }
}
