use app::Problem;
use domain::cart::is_country;
use domain::id::ContactId;
use domain::order::Order;
use domain::tenant::Currency;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::checkout::Contact;
use utoipa::ToSchema;
use uuid::Uuid;

/// A cart, and who buys it.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckoutIn {
    /// Which cart.
    pub(crate) cart: Uuid,
    /// Who buys.
    pub(crate) contact: ContactIn,
}

/// Who buys, and where it goes.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactIn {
    /// Where letters go.
    #[schema(example = "ann@customer.example")]
    email: String,
    /// What to call them: 1 to 200 characters.
    #[schema(example = "Ann Customer")]
    name: String,
    /// For the carrier.
    phone: Option<String>,
    /// Where it goes.
    shipping_address: Option<AddressDocument>,
    /// Who pays; where it goes unless given.
    billing_address: Option<AddressDocument>,
}

/// A place, as the country writes it.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddressDocument {
    /// 1 to 4 lines: street, number, and what else there is.
    #[schema(example = json!(["Main Street 1"]))]
    lines: Vec<String>,
    #[schema(example = "10115")]
    postal_code: Option<String>,
    #[schema(example = "Berlin")]
    city: String,
    region: Option<String>,
    /// An ISO 3166 code of two letters.
    #[schema(example = "DE")]
    country: String,
}

/// An order, and how to pay it. Amounts are minor units.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckoutOut {
    /// The order.
    order: Uuid,
    /// `open` until it is paid, then `confirmed`; or `expired`, `cancelled`, `review` and on.
    status: &'static str,
    /// Drawn when it is placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<i64>,
    #[schema(value_type = String)]
    currency: Currency,
    total_minor: i64,
    tax_minor: i64,
    /// Unless it is paid by then, its stock is let go.
    #[schema(value_type = String)]
    expires_at: Timestamp,
    /// Where to ask what became of it.
    status_url: String,
    /// How to pay it, while that can be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<PaymentOut>,
}

/// A payment that waits for the customer.
#[derive(Serialize, ToSchema)]
struct PaymentOut {
    /// As the provider calls it.
    reference: String,
    /// For the customer's browser, to confirm this one payment.
    client_secret: String,
}

impl CheckoutOut {
    /// `payment` is how the provider calls it, and its secret.
    pub(crate) fn of(order: &Order, payment: Option<(String, String)>) -> Self {
        Self {
            order: order.id.0,
            status: order.status().as_str(),
            number: order.number,
            currency: order.terms.currency,
            total_minor: order.terms.totals.total_minor,
            tax_minor: order.terms.totals.tax_minor,
            expires_at: order.terms.expires_at,
            status_url: format!("/v1/checkout/{}", order.id),
            payment: payment
                .map(|(reference, client_secret)| PaymentOut { reference, client_secret }),
        }
    }
}

impl ContactIn {
    pub(crate) fn named(&self, id: ContactId) -> Result<Contact, Problem> {
        let sound = |text: &str, most: usize| {
            (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control)
        };
        let email = domain::report::Address::parse(&self.email)
            .map_err(|error| Problem::invalid("contact.email", error.to_string()))?;
        if !sound(&self.name, 200) {
            return Err(Problem::invalid("contact.name", "a name has 1 to 200 characters"));
        }
        if self.phone.as_ref().is_some_and(|phone| !sound(phone, 40)) {
            return Err(Problem::invalid("contact.phone", "a number has 1 to 40 characters"));
        }
        let address = |field: &str, address: &Option<AddressDocument>| {
            let Some(address) = address else { return Ok(None) };
            address.check(field)?;
            serde_json::to_value(address).map(Some).map_err(Problem::internal)
        };
        Ok(Contact {
            id,
            email: email.as_str().to_owned(),
            name: self.name.clone(),
            phone: self.phone.clone(),
            shipping_address: address("contact.shipping_address", &self.shipping_address)?,
            billing_address: address("contact.billing_address", &self.billing_address)?,
        })
    }
}

impl AddressDocument {
    fn check(&self, field: &str) -> Result<(), Problem> {
        let sound = |text: &String| {
            (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control)
        };
        let wrong = |name: &str, told: &str| Err(Problem::invalid(format!("{field}.{name}"), told));
        if !(1..=4).contains(&self.lines.len()) || !self.lines.iter().all(sound) {
            return wrong("lines", "an address has 1 to 4 lines of 1 to 200 characters");
        }
        if !sound(&self.city) {
            return wrong("city", "a city has 1 to 200 characters");
        }
        if !self.postal_code.as_ref().is_none_or(sound) || !self.region.as_ref().is_none_or(sound) {
            return wrong("postal_code", "a postal code and a region have 1 to 200 characters");
        }
        if !is_country(&self.country) {
            return wrong("country", "a country is an ISO 3166 code of two capitals, such as DE");
        }
        Ok(())
    }
}
