use app::contact::ContactDocument;
use app::port::Letter;
use app::template;
use domain::order::{News, Order, Owed, Portion};
use domain::report::Measure;
use domain::tenant::Tenant;
use store::checkout::Contact;

const HTML: &str = include_str!("letter.html");
const TEXT: &str = include_str!("letter.txt");

/// What a letter says, in words.
struct Said {
    subject: String,
    headline: String,
    sentence: String,
    /// Name and amount, of what the letter is about.
    rows: Vec<(String, String)>,
    /// Where it goes, line by line.
    address: Vec<String>,
}

/// Writes the letter to a customer about what happened to an order. Pure.
pub(crate) fn write(shop: &Tenant, contact: &Contact, owed: &Owed, url: &str) -> Letter {
    let said = say(shop, contact, owed);
    let id = format!("order-{}-{}", owed.order.id, owed.version);
    Letter {
        message_id: id,
        to: contact.email.clone(),
        subject: said.subject.chars().map(|it| if it.is_control() { ' ' } else { it }).collect(),
        html: html(shop, &said, url),
        text: text(shop, &said, url),
        inline: vec![],
        // It belongs to a purchase and cannot be ended.
        unsubscribe_url: None,
    }
}

fn say(shop: &Tenant, contact: &Contact, owed: &Owed) -> Said {
    let order = &owed.order;
    let name = &shop.name;
    let title = order.number.map_or("Your order".to_owned(), |it| format!("Order {it}"));
    let at = |subject: String| format!("{name}: {subject}");
    match owed.news {
        News::Confirmed => Said {
            subject: at(format!("{title} is confirmed")),
            headline: "Thank you for your order".to_owned(),
            sentence: format!("Hello {}, this is what you ordered.", contact.name),
            rows: everything(order),
            address: ContactDocument::from(contact.clone()).sent_to(),
        },
        News::Shipped(id) => {
            let parcel = order.fulfillment(id);
            let tracking = parcel.and_then(|parcel| parcel.tracking.as_ref());
            let carried = tracking.map_or(String::new(), |(carrier, number)| {
                format!(" {carrier} carries it under the number {number}.")
            });
            Said {
                subject: at(format!("{title} is on its way")),
                headline: "A parcel is on its way".to_owned(),
                sentence: format!("Hello {}, we have sent you this.{carried}", contact.name),
                rows: parcel.map(|it| portions(order, &it.portions)).unwrap_or_default(),
                address: ContactDocument::from(contact.clone()).sent_to(),
            }
        }
        News::Refunded(id) => {
            let amount = order.refund(id).map_or(0, |refund| refund.amount_minor);
            let amount = money(order, amount);
            Said {
                subject: at(format!("{amount} of {} go back to you", lower(&title))),
                headline: "Your money is on its way back".to_owned(),
                sentence: format!(
                    "Hello {}, we have refunded {amount}. Your bank may take some days to show it.",
                    contact.name
                ),
                rows: vec![("Refund".to_owned(), amount)],
                address: vec![],
            }
        }
    }
}

fn lower(title: &str) -> String {
    title.strip_prefix("Your").map_or_else(|| title.to_lowercase(), |rest| format!("your{rest}"))
}

fn everything(order: &Order) -> Vec<(String, String)> {
    let terms = &order.terms;
    let line = |line: &domain::order::Line| {
        (counted(line.quantity, &line.title), money(order, line.gross_minor()))
    };
    let mut rows: Vec<_> = terms.bought().map(line).collect();
    if let Some(delivery) = &terms.delivery {
        let gross = delivery.net_minor.saturating_add(delivery.tax_minor);
        rows.push((delivery.name.clone(), money(order, gross)));
    }
    rows.push(("Total".to_owned(), money(order, terms.totals.total_minor)));
    if terms.totals.tax_minor > 0 {
        rows.push(("of which tax".to_owned(), money(order, terms.totals.tax_minor)));
    }
    rows
}

fn portions(order: &Order, portions: &[Portion]) -> Vec<(String, String)> {
    let row = |portion: &Portion| {
        let line = order.terms.line(portion.line)?;
        Some((counted(portion.quantity, &line.title), String::new()))
    };
    portions.iter().filter_map(row).collect()
}

fn counted(quantity: u32, title: &str) -> String {
    format!("{quantity} × {title}")
}

fn money(order: &Order, amount_minor: i64) -> String {
    // Amounts of an order are far below 2^53.
    Measure::Money(order.terms.currency).exact(amount_minor as f64)
}

fn html(shop: &Tenant, said: &Said, url: &str) -> String {
    let row = |(name, amount): &(String, String)| {
        template::part(HTML, "row", &[("name", name), ("amount", amount)])
    };
    let line = |line: &String| template::part(HTML, "line", &[("line", line)]);
    let address: String = said.address.iter().map(line).collect();
    let address = if address.is_empty() {
        String::new()
    } else {
        template::part(HTML, "address", &[("lines", &address)])
    };
    template::part(
        HTML,
        "page",
        &[
            ("subject", &said.subject),
            ("shop", &shop.name),
            ("headline", &said.headline),
            ("sentence", &said.sentence),
            ("rows", &said.rows.iter().map(row).collect::<String>()),
            ("address", &address),
            ("url", url),
        ],
    )
}

fn text(shop: &Tenant, said: &Said, url: &str) -> String {
    let row = |(name, amount): &(String, String)| match amount.as_str() {
        "" => format!("{name}\n"),
        amount => format!("{name}: {amount}\n"),
    };
    let address = match &said.address[..] {
        [] => String::new(),
        lines => format!("\nIt goes to:\n{}\n", lines.join("\n")),
    };
    template::text(
        TEXT,
        &[
            ("shop", &shop.name),
            ("headline", &said.headline),
            ("sentence", &said.sentence),
            ("rows", &said.rows.iter().map(row).collect::<String>()),
            ("address", &address),
            ("url", url),
        ],
    )
}
