use domain::batch::{Batch, Judged, Outcome, Verdict};
use domain::id::QuarantineId;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::Arrival;
use crate::{Flight, Parameter, receipts};

/// The rows that end an arrival: the answer, and what goes into the quarantine.
pub(super) struct Closing {
    pub(super) outcome: Outcome,
    written: usize,
    keys: Vec<(Uuid, i32, String)>,
    ids: Vec<Uuid>,
    codes: Vec<&'static str>,
    fields: Vec<String>,
    lines: Vec<String>,
}

impl Closing {
    pub(super) fn of(arrival: &Arrival<'_>, verdicts: Vec<(u32, Verdict)>) -> Self {
        let rejected = |verdict: &Verdict| matches!(verdict, Verdict::Rejected(..));
        let written = verdicts.iter().filter(|(_, verdict)| !rejected(verdict)).count();
        let mut outcome = Outcome::default();
        let (mut ids, mut codes) = (Vec::new(), Vec::new());
        let (mut fields, mut lines) = (Vec::new(), Vec::new());
        for (index, verdict) in verdicts {
            if verdict == Verdict::Accepted {
                outcome.accepted += 1;
                continue;
            }
            let mut quarantined = None;
            if let Verdict::Rejected(code, field) = &verdict
                && arrival.repairs.is_none()
            {
                let id = Uuid::now_v7();
                quarantined = Some(QuarantineId(id));
                ids.push(id);
                codes.push(code.as_str());
                fields.push(field.clone());
                lines.push(line(arrival.batch, index));
            }
            outcome.rows.push(Judged { index, verdict, quarantined });
        }
        let stored = serde_json::to_string(&outcome).unwrap_or_default();
        let parts = match arrival.part {
            Some(part) => part..part + 1,
            None => 0..arrival.batch.parts(),
        };
        let first = parts.start;
        let keys = parts
            .map(|part| {
                let stored = if part == first { stored.clone() } else { String::new() };
                let number = i32::try_from(part).unwrap_or(i32::MAX);
                (receipts::part_key(arrival.receipt, part), number, stored)
            })
            .collect();
        Self { outcome, written, keys, ids, codes, fields, lines }
    }

    pub(super) fn parameters<'a>(&'a self, arrival: &'a Arrival<'_>) -> ClosingParameters<'a> {
        let tenant = &arrival.tenant.number.0;
        let batch = |(key, part, outcome): &'a (Uuid, i32, String)| -> [Parameter<'a>; 7] {
            [
                (tenant, Type::INT4),
                (key, Type::UUID),
                (&arrival.body_hash, Type::UUID),
                (&arrival.receipt.0, Type::UUID),
                (part, Type::INT4),
                (outcome, Type::TEXT),
                (&arrival.received_at, Type::TIMESTAMPTZ),
            ]
        };
        ClosingParameters {
            batches: self.keys.iter().map(batch).collect(),
            quarantine: (!self.ids.is_empty()).then_some([
                (tenant as _, Type::INT4),
                (&self.ids as _, Type::UUID_ARRAY),
                (&self.codes as _, Type::TEXT_ARRAY),
                (&self.fields as _, Type::TEXT_ARRAY),
                (&self.lines as _, Type::TEXT_ARRAY),
                (&arrival.received_at as _, Type::TIMESTAMPTZ),
            ]),
            // A repair that is refused again leaves the row where it is.
            repaired: arrival
                .repairs
                .as_ref()
                .filter(|_| self.written > 0)
                .map(|id| [(tenant as _, Type::INT4), (&id.0 as _, Type::UUID)]),
        }
    }
}

pub(super) struct ClosingParameters<'a> {
    batches: Vec<[Parameter<'a>; 7]>,
    quarantine: Option<[Parameter<'a>; 6]>,
    repaired: Option<[Parameter<'a>; 2]>,
}

impl<'a> ClosingParameters<'a> {
    pub(super) fn flights(&'a self) -> Vec<Flight<'a>> {
        let batch = include_str!("write_batch.sql");
        let mut flights: Vec<Flight<'a>> =
            self.batches.iter().map(|parameters| Flight { sql: batch, parameters }).collect();
        if let Some(parameters) = &self.quarantine {
            flights.push(Flight { sql: include_str!("../quarantine/add.sql"), parameters });
        }
        if let Some(parameters) = &self.repaired {
            flights.push(Flight { sql: include_str!("../quarantine/claim.sql"), parameters });
        }
        flights
    }
}

/// The row of a verdict, for the quarantine.
fn line(batch: &Batch, index: u32) -> String {
    if let Ok(at) = batch.refused.binary_search_by_key(&index, |refused| refused.index) {
        return batch.refused[at].line.clone();
    }
    let row = batch.rows.binary_search_by_key(&index, |row| row.index);
    row.map(|at| batch.line(&batch.rows[at])).unwrap_or_default()
}
