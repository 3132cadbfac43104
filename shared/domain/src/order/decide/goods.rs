use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::id::{FulfillmentId, LineId, RefundId, ReturnId};
use crate::money::Money;
use crate::parcel::{REPORTS_MAX, Stage};

use super::super::command::Answer;
use super::super::count;
use super::super::stock::{allocate, demand, sums};
use super::super::{
    Command, Event, Fulfillment, FulfillmentState, Line, Order, Pick, Portion, PutBack, Rejected,
    Replacement, ReturnState, evolve,
};
use super::credited;

pub(super) fn decide(order: &Order, command: Command) -> Result<Vec<Event>, Rejected> {
    match command {
        Command::Pack { fulfillment, portions } => pack(order, fulfillment, portions),
        Command::Reduce { portions, reason, refund } => reduce(order, portions, (reason, refund)),
        Command::Ship { fulfillment } => {
            let parcel = parcel(order, fulfillment)?;
            match parcel.state {
                FulfillmentState::Shipped | FulfillmentState::Delivered => Ok(vec![]),
                FulfillmentState::Cancelled => Err(Rejected::FulfillmentState(fulfillment)),
                FulfillmentState::Created if order.review.is_some() => Err(Rejected::UnderReview),
                FulfillmentState::Created => {
                    let picks = parcel.picks.clone();
                    Ok(vec![Event::FulfillmentShipped { fulfillment, picks }])
                }
            }
        }
        Command::Track { fulfillment, carrier, number } => {
            let parcel = parcel(order, fulfillment)?;
            if parcel.state == FulfillmentState::Cancelled {
                return Err(Rejected::FulfillmentState(fulfillment));
            }
            let news = parcel.tracking.as_ref() != Some(&(carrier.clone(), number.clone()));
            let updated = Event::TrackingUpdated { fulfillment, carrier, number };
            Ok(news.then_some(updated).into_iter().collect())
        }
        Command::Deliver { fulfillment } => match parcel(order, fulfillment)?.state {
            FulfillmentState::Delivered => Ok(vec![]),
            FulfillmentState::Shipped => Ok(vec![Event::FulfillmentDelivered { fulfillment }]),
            _ => Err(Rejected::FulfillmentState(fulfillment)),
        },
        Command::Report { fulfillment, stage, at } => {
            Ok(report(parcel(order, fulfillment)?, stage, at))
        }
        Command::Unpack { fulfillment } => match parcel(order, fulfillment)?.state {
            FulfillmentState::Cancelled => Ok(vec![]),
            FulfillmentState::Created => Ok(vec![Event::FulfillmentCancelled { fulfillment }]),
            _ => Err(Rejected::FulfillmentState(fulfillment)),
        },
        Command::RequestReturn { returned, portions, reason } => {
            if let Some(known) = order.returned(returned) {
                let same = known.portions == portions;
                return if same { Ok(vec![]) } else { Err(Rejected::ReturnState(returned)) };
            }
            enough(&portions, |line| order.returnable(line))?;
            Ok(vec![Event::ReturnRequested { returned, portions, reason }])
        }
        Command::AnswerReturn { returned, answer } => answer_return(order, returned, answer),
        Command::ReceiveReturn { returned, restock } => receive(order, returned, restock),
        Command::Exchange { returned, goods, offers } => exchange(order, returned, goods, &offers),
        // The caller has dealt with all others.
        _ => Ok(vec![]),
    }
}

fn pack(
    order: &Order,
    fulfillment: FulfillmentId,
    portions: Vec<Portion>,
) -> Result<Vec<Event>, Rejected> {
    if let Some(known) = order.fulfillment(fulfillment) {
        let same = known.portions == portions;
        return if same { Ok(vec![]) } else { Err(Rejected::FulfillmentState(fulfillment)) };
    }
    if order.ended.is_some() {
        return Err(Rejected::Ended);
    }
    if !order.is_placed() {
        return Err(Rejected::NotPlaced);
    }
    if order.review.is_some() {
        return Err(Rejected::UnderReview);
    }
    enough(&portions, |line| order.packable(line))?;
    let picks = order.picks_for(&portions);
    Ok(vec![Event::FulfillmentCreated { fulfillment, portions, picks }])
}

/// A carrier repeats itself, and says what is old after what is new: neither is news. What did not
/// leave here, or is there, is not under way, whatever a carrier says.
fn report(parcel: &Fulfillment, stage: Stage, at: Timestamp) -> Vec<Event> {
    let fulfillment = parcel.id;
    let known = parcel.reports.last();
    let is_old = known.is_some_and(|known| known.stage == stage || known.at > at);
    match (parcel.state, stage) {
        (FulfillmentState::Shipped, Stage::Delivered) => {
            vec![Event::FulfillmentDelivered { fulfillment }]
        }
        (FulfillmentState::Shipped, _) if !is_old && parcel.reports.len() < REPORTS_MAX => {
            vec![Event::FulfillmentReported { fulfillment, stage, at }]
        }
        _ => vec![],
    }
}

/// Takes pieces out: their stock is free again, and what was taken for them goes back, as far as
/// more was taken than what is left comes to.
fn reduce(
    order: &Order,
    portions: Vec<Portion>,
    (reason, refund): (String, RefundId),
) -> Result<Vec<Event>, Rejected> {
    // The same one twice is one.
    if order.reduced.iter().any(|(known, _)| *known == refund) {
        return Ok(vec![]);
    }
    if order.ended.is_some() {
        return Err(Rejected::Ended);
    }
    if !order.is_placed() {
        return Err(Rejected::NotPlaced);
    }
    enough(&portions, |line| order.packable(line))?;
    let picks = order.picks_for(&portions);
    let mut events = vec![Event::LinesReduced { refund, portions, reason: reason.clone() }];
    if !picks.is_empty() {
        events.push(Event::StockReleased { picks, from: PutBack::Committed });
    }
    let after = events.iter().fold(order.clone(), evolve);
    let paid_minor = order.captured_minor() + order.kept_credit_minor();
    let too_much_minor = (paid_minor - after.due_minor()).max(0);
    let wanted_minor = (after.reduced_minor() - order.reduced_minor()).min(too_much_minor);
    let paid = order.payments.iter().find(|payment| order.refundable_minor(payment) > 0);
    let money_minor = paid.map_or(0, |paid| wanted_minor.min(order.refundable_minor(paid)));
    // What the provider cannot move exactly stays.
    let money = Money { amount_minor: money_minor, currency: order.terms.currency };
    let money_minor = money.chargeable_part_minor();
    if let Some(payment) = paid.map(|paid| paid.id).filter(|_| money_minor > 0) {
        let amount_minor = money_minor;
        events.push(Event::RefundRequested { refund, payment, amount_minor, reason });
    }
    // Credit has paid too much only by what money does not give back or will not be taken.
    let kept_minor = order.captured_minor() - order.refunding_minor() - money_minor;
    let over_minor = order.kept_credit_minor() + kept_minor - after.due_minor();
    let credit_minor = over_minor.clamp(0, wanted_minor - money_minor);
    events.extend(credited(order, credit_minor, Some(refund)));
    Ok(events)
}

fn answer_return(
    order: &Order,
    returned: ReturnId,
    answer: Answer,
) -> Result<Vec<Event>, Rejected> {
    let known = order.returned(returned).ok_or(Rejected::NoSuchReturn(returned))?;
    let (event, then) = match answer {
        Answer::Approve => (Event::ReturnApproved { returned }, ReturnState::Approved),
        Answer::Reject => (Event::ReturnRejected { returned }, ReturnState::Rejected),
        Answer::Cancel => (Event::ReturnCancelled { returned }, ReturnState::Cancelled),
    };
    let open = match answer {
        Answer::Approve | Answer::Reject => known.state == ReturnState::Requested,
        Answer::Cancel => {
            matches!(known.state, ReturnState::Requested | ReturnState::Approved)
        }
    };
    match known.state {
        state if state == then => Ok(vec![]),
        _ if open => Ok(vec![event]),
        _ => Err(Rejected::ReturnState(returned)),
    }
}

fn receive(order: &Order, returned: ReturnId, restock: Vec<Pick>) -> Result<Vec<Event>, Rejected> {
    let known = order.returned(returned).ok_or(Rejected::NoSuchReturn(returned))?;
    match known.state {
        ReturnState::Received => return Ok(vec![]),
        ReturnState::Approved => {}
        _ => return Err(Rejected::ReturnState(returned)),
    }
    let mut came = BTreeMap::new();
    for portion in &known.portions {
        if let Some(line) = order.terms.line(portion.line).filter(|line| line.is_stocked) {
            *came.entry(line.variant).or_insert(0_u64) += u64::from(portion.quantity);
        }
    }
    for pick in &restock {
        let left = came.get_mut(&pick.variant).ok_or(Rejected::RestocksTooMuch)?;
        *left = left.checked_sub(u64::from(pick.quantity)).ok_or(Rejected::RestocksTooMuch)?;
    }
    let mut events = vec![Event::ReturnReceived { returned }];
    if !restock.is_empty() {
        events.push(Event::StockRestocked { picks: restock });
    }
    Ok(events)
}

/// What is sent for what comes back is ready for its parcel at once, and once for each return.
fn exchange(
    order: &Order,
    returned: ReturnId,
    goods: Vec<(LineId, Replacement)>,
    offers: &[Pick],
) -> Result<Vec<Event>, Rejected> {
    let known = order.returned(returned).ok_or(Rejected::NoSuchReturn(returned))?;
    let line = |(id, with)| Line::replacing(returned, id, with);
    let lines: Vec<Line> = goods.into_iter().map(line).collect();
    let sent: Vec<&Line> = order.replacements(returned).collect();
    if !sent.is_empty() {
        let what = |line: &Line| (line.id, line.variant, line.quantity);
        let same = sent.into_iter().map(what).eq(lines.iter().map(what));
        return if same { Ok(vec![]) } else { Err(Rejected::Exchanged(returned)) };
    }
    if !matches!(known.state, ReturnState::Approved | ReturnState::Received) {
        return Err(Rejected::ReturnState(returned));
    }
    if order.review.is_some() {
        return Err(Rejected::UnderReview);
    }
    let wanted = lines.iter().map(|line| u64::from(line.quantity)).sum();
    let available = known.portions.iter().map(|portion| u64::from(portion.quantity)).sum();
    if lines.iter().any(|line| line.quantity == 0) || lines.is_empty() {
        return Err(Rejected::NoPieces);
    }
    if wanted > available {
        return Err(Rejected::ExchangesTooMuch { wanted, available });
    }
    let picks = allocate(&demand(&lines), offers).map_err(Rejected::OutOfStock)?;
    let mut events = vec![Event::ExchangeCreated { returned, lines }];
    if !picks.is_empty() {
        events.push(Event::StockReserved { picks: picks.clone() });
        events.push(Event::StockCommitted { picks });
    }
    Ok(events)
}

fn parcel(order: &Order, id: FulfillmentId) -> Result<&Fulfillment, Rejected> {
    order.fulfillment(id).ok_or(Rejected::NoSuchFulfillment(id))
}

fn enough(portions: &[Portion], left: impl Fn(LineId) -> Option<u32>) -> Result<(), Rejected> {
    let wanted = sums(portions.iter().map(|portion| (portion.line, portion.quantity)));
    if wanted.is_empty() || wanted.values().any(|&wanted| wanted == 0) {
        return Err(Rejected::NoPieces);
    }
    for (line, wanted) in wanted {
        let available = left(line).ok_or(Rejected::NoSuchLine(line))?;
        if wanted > available {
            return Err(Rejected::NotSoMany { line, wanted, available });
        }
    }
    Ok(())
}

impl Fulfillment {
    /// It is under way or there.
    pub(super) fn has_left(&self) -> bool {
        matches!(self.state, FulfillmentState::Shipped | FulfillmentState::Delivered)
    }

    /// It is packed and still here.
    pub(super) fn is_packed(&self) -> bool {
        self.state == FulfillmentState::Created
    }
}

impl Order {
    /// Pieces of a line that are in no parcel yet.
    fn packable(&self, id: LineId) -> Option<u32> {
        let line = self.terms.line(id)?;
        let parcels =
            self.fulfillments.iter().filter(|parcel| parcel.state != FulfillmentState::Cancelled);
        let packed = count(parcels.flat_map(|parcel| &parcel.portions), id);
        let taken_out = count(self.taken_out(), id);
        Some(line.quantity.saturating_sub(packed).saturating_sub(taken_out))
    }

    /// All pieces that are in no parcel yet.
    #[must_use]
    pub fn unpacked(&self) -> Vec<Portion> {
        let portion = |line: &Line| {
            let quantity = self.packable(line.id).filter(|left| *left > 0)?;
            Some(Portion { line: line.id, quantity })
        };
        self.terms.lines.iter().filter_map(portion).collect()
    }

    /// Pieces of a line that were sent and are not on their way back.
    fn returnable(&self, id: LineId) -> Option<u32> {
        self.terms.line(id)?;
        let left = self.fulfillments.iter().filter(|parcel| parcel.has_left());
        let sent = count(left.flat_map(|parcel| &parcel.portions), id);
        let back = self.returns.iter().filter(|returned| returned.counts());
        let back = count(back.flat_map(|returned| &returned.portions), id);
        Some(sent.saturating_sub(back))
    }

    /// What is sent in place of a return.
    pub fn replacements(&self, returned: ReturnId) -> impl Iterator<Item = &Line> {
        self.terms.lines.iter().filter(move |line| line.replaces == Some(returned))
    }

    /// Where the pieces of a parcel are taken from: what is committed to the order and not in
    /// another parcel. Its own pieces are always there, whatever else is sold.
    fn picks_for(&self, portions: &[Portion]) -> Vec<Pick> {
        let mut shelf = self.committed();
        for parcel in self.fulfillments.iter().filter(|parcel| parcel.is_packed()) {
            for taken in &parcel.picks {
                for pick in shelf
                    .iter_mut()
                    .filter(|pick| (pick.variant, pick.location) == (taken.variant, taken.location))
                {
                    pick.quantity = pick.quantity.saturating_sub(taken.quantity);
                }
            }
        }
        let mut picks: Vec<Pick> = vec![];
        for portion in portions {
            let Some(line) = self.terms.line(portion.line).filter(|line| line.is_stocked) else {
                continue;
            };
            let mut missing = portion.quantity;
            for from in shelf.iter_mut().filter(|pick| pick.variant == line.variant) {
                let quantity = missing.min(from.quantity);
                from.quantity -= quantity;
                missing -= quantity;
                if quantity > 0 {
                    picks.push(Pick { quantity, ..*from });
                }
            }
        }
        picks
    }
}
