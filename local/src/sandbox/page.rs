//! What it did, for people. Everything that came from elsewhere is escaped.

use std::fmt::Write as _;

use domain::money::Money;
use domain::tenant::Currency;
use jiff::Timestamp;
use serde::Serialize;

use super::book::{Book, Delivery, DeliveryState};
use super::object::{Dispute, Event, Payment, Refund, Status};

const STYLE: &str = include_str!("page.css");
/// Of each, the newest.
const ROWS: usize = 200;

/// Payments, refunds, disputes and webhooks.
pub(super) fn overview(book: &Book) -> String {
    let (payments, refunds) = (book.payments.items(), book.refunds.items());
    let (disputes, events) = (book.disputes.items(), book.events.items());
    let deliveries = book.deliveries.items();
    let mut page = Page::open("Sandbox payments");
    page.write("<h1>Sandbox payments</h1><p>No money moves here. ");
    page.write(&format!(
        "{}, {}, {}, {}; {} on their way.</p>",
        count(payments.len(), "payment"),
        count(refunds.len(), "refund"),
        count(disputes.len(), "dispute"),
        count(events.len(), "event"),
        count(book.waiting.len(), "webhook"),
    ));
    let heads = ["Made", "Payment", "Amount", "Taken", "Went back", "Status", "Order"];
    page.table("Payments", &heads, payments, |page, it| payment(page, book, it));
    page.table("Refunds", &["Made", "Refund", "Payment", "Amount", "Status"], refunds, refund);
    if !disputes.is_empty() {
        let heads = ["Made", "Dispute", "Payment", "Amount", "Reason", "Status"];
        page.table("Disputes", &heads, disputes, dispute);
    }
    let heads = ["Due", "Event", "Of", "Attempts", "Last answer", "State"];
    page.table("Webhooks", &heads, deliveries, delivery);
    page.table("Events", &["Happened", "Event", "Type"], events, event);
    page.close()
}

/// What a bank asks.
pub(super) fn question(payment: &Payment) -> String {
    let mut page = Page::open("Your bank asks");
    let amount = money(payment.amount, &payment.currency);
    page.write("<main class=bank><h1>Your bank asks</h1>");
    page.write(&format!("<p>Do you want to pay <strong>{}</strong>?</p>", escaped(&amount)));
    if payment.status == Status::RequiresAction {
        page.write("<form method=post><input type=hidden name=from value=page>");
        page.write(&format!(
            "<input type=hidden name=payment_intent value=\"{}\">",
            escaped(&payment.id)
        ));
        page.write("<button name=outcome value=succeeds>Yes, pay</button>");
        page.write("<button name=outcome value=fails class=no>No</button></form>");
    } else {
        let status = word(payment.status);
        page.write(&format!("<p>This was answered: it is {}.</p>", escaped(&status)));
    }
    page.write("</main>");
    page.close()
}

fn payment(page: &mut Page, book: &Book, it: &Payment) {
    let taken = if it.amount_capturable > 0 {
        format!("{} authorized", money(it.amount_capturable, &it.currency))
    } else {
        some(it.amount_received, &it.currency)
    };
    let failure = it
        .failure
        .as_ref()
        .map(|failure| failure.decline_code.clone().unwrap_or_else(|| failure.code.clone()));
    let status = match failure {
        Some(failure) => format!("{} ({})", word(it.status), failure.replace('_', " ")),
        None => word(it.status),
    };
    page.cell("", &time(it.created));
    page.cell("id", &it.id);
    page.cell("number", &money(it.amount, &it.currency));
    page.cell("number", &taken);
    page.cell("number", &some(book.refunded(it), &it.currency));
    let class = match it.status {
        Status::Succeeded => "good",
        Status::Canceled => "ended",
        Status::RequiresPaymentMethod if it.failure.is_some() => "bad",
        _ => "open",
    };
    page.cell(class, &status);
    page.cell("id", it.metadata.get("order").map_or("", String::as_str));
}

fn refund(page: &mut Page, it: &Refund) {
    page.cell("", &time(it.created));
    page.cell("id", &it.id);
    page.cell("id", &it.payment);
    page.cell("number", &money(it.amount, &it.currency));
    let word = word(it.status);
    let class = if word == "succeeded" { "good" } else { "open" };
    page.cell(if it.counts() { class } else { "bad" }, &word);
}

fn dispute(page: &mut Page, it: &Dispute) {
    page.cell("", &time(it.created));
    page.cell("id", &it.id);
    page.cell("id", &it.payment);
    page.cell("number", &money(it.amount, &it.currency));
    page.cell("", &it.reason);
    page.cell(if it.counts() { "bad" } else { "good" }, &word(it.status));
}

fn delivery(page: &mut Page, it: &Delivery) {
    page.cell("", &time(it.due));
    page.cell("", &it.kind);
    page.cell("id", &it.id);
    page.cell("number", &it.attempts.to_string());
    page.cell("", it.outcome.as_deref().unwrap_or(""));
    let class = match it.state {
        DeliveryState::Delivered => "good",
        DeliveryState::Waiting => "open",
        DeliveryState::Dropped | DeliveryState::GivenUp => "bad",
    };
    page.cell(class, &word(it.state));
}

fn event(page: &mut Page, it: &Event) {
    page.cell("", &time(it.created));
    page.cell("id", &it.id);
    page.cell("", &it.kind);
}

struct Page(String);

impl Page {
    fn open(title: &str) -> Self {
        Self(format!(
            "<!doctype html><html lang=en><meta charset=utf-8>\
             <meta name=viewport content=\"width=device-width\"><title>{title}</title>\
             <style>{STYLE}</style>"
        ))
    }

    fn write(&mut self, html: &str) {
        self.0.push_str(html);
    }

    fn table<T>(&mut self, title: &str, heads: &[&str], items: &[T], row: impl Fn(&mut Self, &T)) {
        let _ = write!(self.0, "<h2>{title}</h2>");
        if items.is_empty() {
            return self.write("<p class=none>None yet.</p>");
        }
        self.write("<div class=wide><table><thead><tr>");
        for head in heads {
            let _ = write!(self.0, "<th>{head}</th>");
        }
        self.write("</tr></thead><tbody>");
        for item in items.iter().rev().take(ROWS) {
            self.write("<tr>");
            row(self, item);
            self.write("</tr>");
        }
        self.write("</tbody></table></div>");
        if items.len() > ROWS {
            let _ = write!(self.0, "<p class=none>And {} older.</p>", items.len() - ROWS);
        }
    }

    fn cell(&mut self, class: &str, text: &str) {
        let text = escaped(text);
        let _ = match class {
            "" => write!(self.0, "<td>{text}</td>"),
            _ => write!(self.0, "<td class={class}>{text}</td>"),
        };
    }

    fn close(self) -> String {
        self.0 + "</html>\n"
    }
}

fn some(amount: i64, currency: &str) -> String {
    if amount == 0 { String::new() } else { money(amount, currency) }
}

/// In the currency's own unit; as it came where that is not known.
fn money(amount: i64, currency: &str) -> String {
    match Currency::try_from(currency.to_ascii_uppercase()) {
        Ok(currency) => Money::from_provider(amount, currency).to_string(),
        Err(_) => format!("{amount} {currency}"),
    }
}

fn word(state: impl Serialize) -> String {
    let word = serde_json::to_value(state).unwrap_or_default();
    word.as_str().unwrap_or_default().replace('_', " ")
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn count(many: usize, noun: &str) -> String {
    format!("{many} {noun}{}", if many == 1 { "" } else { "s" })
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(letter),
        }
    }
    safe
}
