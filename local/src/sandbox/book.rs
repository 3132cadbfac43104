use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Settings;
use super::keys::Answered;
use super::object::{Dispute, Event, Payment, Refund};

/// All that happened, folded: of everything the last state.
#[derive(Default)]
pub(super) struct Book {
    pub(super) payments: Shelf<Payment>,
    pub(super) refunds: Shelf<Refund>,
    pub(super) disputes: Shelf<Dispute>,
    pub(super) events: Shelf<Event>,
    pub(super) deliveries: Shelf<Delivery>,
    pub(super) answers: Shelf<Answered>,
    /// Numbers of cards by the names that were given to them.
    pub(super) methods: HashMap<String, String>,
    pub(super) settings: Settings,
    /// What becomes something else by itself, and when: payments and refunds by their ids.
    pub(super) turns: BTreeSet<(Timestamp, String)>,
    /// What is to be delivered, and when: places on the shelf.
    pub(super) waiting: BTreeSet<(Timestamp, usize)>,
}

/// A line of the journal is a list of them: what one request did, all of it or nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Entry {
    Payment(Box<Payment>),
    Refund(Refund),
    Dispute(Dispute),
    Event(Event),
    Delivery(Delivery),
    Answered(Answered),
    Method { id: String, number: String },
    Settings(Settings),
}

/// One copy of an event on its way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Delivery {
    pub(super) id: String,
    pub(super) event: String,
    pub(super) kind: String,
    pub(super) due: Timestamp,
    pub(super) state: DeliveryState,
    pub(super) attempts: u32,
    /// What the last attempt was answered, or why it was not.
    pub(super) outcome: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DeliveryState {
    Waiting,
    Delivered,
    /// Lost on purpose.
    Dropped,
    /// Tried as often as was asked for.
    GivenUp,
}

/// Things in the order in which they came, each found by its name.
pub(super) struct Shelf<T> {
    items: Vec<T>,
    places: HashMap<String, usize>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { items: vec![], places: HashMap::new() }
    }
}

impl<T> Shelf<T> {
    pub(super) fn get(&self, name: &str) -> Option<&T> {
        self.places.get(name).and_then(|place| self.items.get(*place))
    }

    pub(super) fn at(&self, place: usize) -> Option<&T> {
        self.items.get(place)
    }

    pub(super) fn items(&self) -> &[T] {
        &self.items
    }

    /// Puts it in its old place, or in a new one; answers where, and what stood there.
    fn put(&mut self, name: &str, item: T) -> (usize, Option<T>) {
        match self.places.get(name) {
            Some(place) => (*place, Some(std::mem::replace(&mut self.items[*place], item))),
            None => {
                self.places.insert(name.to_owned(), self.items.len());
                self.items.push(item);
                (self.items.len() - 1, None)
            }
        }
    }
}

impl Book {
    pub(super) fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Payment(payment) => {
                let (id, turns) = (payment.id.clone(), payment.turns);
                let (_, before) = self.payments.put(&id, *payment);
                self.turn(id, before.and_then(|before| before.turns), turns);
            }
            Entry::Refund(refund) => {
                let at = |refund: &Refund| refund.turns.map(|(at, _)| at);
                let (id, turns) = (refund.id.clone(), at(&refund));
                let (_, before) = self.refunds.put(&id, refund);
                self.turn(id, before.as_ref().and_then(at), turns);
            }
            Entry::Dispute(dispute) => drop(self.disputes.put(&dispute.id.clone(), dispute)),
            Entry::Event(event) => drop(self.events.put(&event.id.clone(), event)),
            Entry::Delivery(delivery) => {
                let (id, due, state) = (delivery.id.clone(), delivery.due, delivery.state);
                let (place, before) = self.deliveries.put(&id, delivery);
                if let Some(before) = before {
                    self.waiting.remove(&(before.due, place));
                }
                if state == DeliveryState::Waiting {
                    self.waiting.insert((due, place));
                }
            }
            Entry::Answered(answered) => drop(self.answers.put(&answered.key.clone(), answered)),
            Entry::Method { id, number } => drop(self.methods.insert(id, number)),
            Entry::Settings(settings) => self.settings = settings,
        }
    }

    fn turn(&mut self, id: String, before: Option<Timestamp>, after: Option<Timestamp>) {
        if let Some(before) = before {
            self.turns.remove(&(before, id.clone()));
        }
        if let Some(after) = after {
            self.turns.insert((after, id));
        }
    }

    /// What goes back or went back of a payment.
    pub(super) fn refunded(&self, payment: &Payment) -> i64 {
        let refunds = payment.refunds.iter().filter_map(|id| self.refunds.get(id));
        refunds.filter(|refund| refund.counts()).map(|refund| refund.amount).sum()
    }

    /// A copy of the event arrived.
    pub(super) fn is_delivered(&self, event: &Event) -> bool {
        (0..)
            .map_while(|copy| self.deliveries.get(&format!("{}-{copy}", event.id)))
            .any(|delivery| delivery.state == DeliveryState::Delivered)
    }
}
