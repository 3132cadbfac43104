use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::book::{Book, Delivery, DeliveryState, Entry};
use super::object::{Dispute, Event, Payment, Refund, Status};
use super::refusal::Refusal;
use super::{chance, name};

/// What one request does: nothing of it counts until all of it is in the journal.
pub(super) struct Work<'a> {
    pub(super) book: &'a Book,
    pub(super) now: Timestamp,
    /// The key of the request, which its events name.
    pub(super) key: Option<&'a str>,
    /// Where the customer's browser finds the sandbox.
    pub(super) public_url: &'a str,
    pub(super) entries: Vec<Entry>,
}

impl<'a> Work<'a> {
    pub(super) fn new(book: &'a Book, now: Timestamp, public_url: &'a str) -> Self {
        Self { book, now, key: None, public_url, entries: vec![] }
    }

    pub(super) fn payment(&self, id: &str) -> Result<Payment, Refusal> {
        let found = self.book.payments.get(id).cloned();
        found.ok_or_else(|| Refusal::missing("payment_intent", id))
    }

    pub(super) fn keep_payment(&mut self, payment: &Payment) {
        self.entries.push(Entry::Payment(Box::new(payment.clone())));
    }

    pub(super) fn keep_refund(&mut self, refund: &Refund) {
        self.entries.push(Entry::Refund(refund.clone()));
    }

    pub(super) fn keep_dispute(&mut self, dispute: &Dispute) {
        self.entries.push(Entry::Dispute(dispute.clone()));
    }

    /// The payment with what the customer has to do next, if anything.
    pub(super) fn shown(&self, payment: &Payment) -> Value {
        let mut json = payment.to_json();
        if payment.status == Status::RequiresAction {
            let base = self.public_url;
            let url = format!("{base}/sandbox/authenticate?payment_intent={}", payment.id);
            json["next_action"] = json!({
                "type": "redirect_to_url",
                "redirect_to_url": { "url": url, "return_url": payment.return_url },
            });
        }
        json
    }

    /// An event, and its copies on their way, as the settings want them.
    pub(super) fn tell(&mut self, kind: &str, object: &Value) {
        let settings = self.book.settings;
        let copies = 1 + settings.duplicates.min(MOST_COPIES);
        let id = name("evt_");
        let body = json!({
            "id": id,
            "object": "event",
            "api_version": providers::stripe::VERSION,
            "created": self.now.as_second(),
            "data": { "object": object },
            "livemode": false,
            "pending_webhooks": copies,
            "request": { "id": null, "idempotency_key": self.key },
            "type": kind,
        });
        for copy in 0..copies {
            let apart = settings.delay_ms + chance(settings.disorder_ms);
            let made = self.book.deliveries.items().len() + self.deliveries();
            let is_dropped = settings.drop_one_in > 0
                && (made as u64 + 1).is_multiple_of(u64::from(settings.drop_one_in));
            self.entries.push(Entry::Delivery(Delivery {
                id: format!("{id}-{copy}"),
                event: id.clone(),
                kind: kind.to_owned(),
                due: later(self.now, apart),
                state: if is_dropped { DeliveryState::Dropped } else { DeliveryState::Waiting },
                attempts: 0,
                outcome: is_dropped.then(|| "lost on purpose".to_owned()),
            }));
        }
        let event = Event { id, kind: kind.to_owned(), created: self.now, body: body.to_string() };
        self.entries.push(Entry::Event(event));
    }

    fn deliveries(&self) -> usize {
        self.entries.iter().filter(|entry| matches!(entry, Entry::Delivery(_))).count()
    }
}

const MOST_COPIES: u32 = 20;

/// So many milliseconds later.
pub(super) fn later(now: Timestamp, delay_ms: u64) -> Timestamp {
    let delay = SignedDuration::from_millis(i64::try_from(delay_ms).unwrap_or(i64::MAX));
    now.checked_add(delay).unwrap_or(Timestamp::MAX)
}
