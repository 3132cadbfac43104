//! Orders held against their events, shop by shop.

use std::time::Instant;

use store::replay::{Purpose, Replayed, replay, shops};
use store::{Db, Error};

/// Looks at every shop, and shows what it looks at and finds. Whether all is as the events say
/// now.
///
/// # Errors
/// What Postgres answers. Shops before that are done.
pub async fn all(db: &Db, purpose: Purpose, show: &mut dyn FnMut(&str)) -> Result<bool, Error> {
    let mut is_sound = true;
    for (tenant, name) in shops(db).await? {
        let started = Instant::now();
        let mut tell = |fault: &store::replay::Fault| {
            let mended = if fault.is_mended { "; mended" } else { "" };
            show(&format!("{name}: {} {}: {}{mended}", fault.table, fault.key, fault.what));
        };
        let done = replay(db, tenant, purpose, &mut tell).await?;
        show(&format!("{name}: {}", told(&done, started.elapsed().as_secs_f64())));
        is_sound &= done.faults == done.mended;
    }
    Ok(is_sound)
}

fn told(done: &Replayed, seconds: f64) -> String {
    let Replayed { orders, events, faults, mended } = done;
    let verdict = match faults {
        0 => "equal".to_owned(),
        _ => format!("NOT equal: {faults} faults, {mended} of them mended"),
    };
    // So many events are far below 2^53.
    let pace = *events as f64 / seconds.max(f64::EPSILON);
    format!("{orders} orders, {events} events, {pace:.0} events/s: {verdict}")
}
