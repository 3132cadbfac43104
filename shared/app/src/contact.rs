use domain::cart::is_country;
use domain::id::ContactId;
use serde::{Deserialize, Serialize};
use store::checkout::Contact;
use utoipa::ToSchema;

use crate::Problem;

/// Who buys, and where it goes.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactDocument {
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
pub struct AddressDocument {
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

impl ContactDocument {
    /// A contact as it is kept.
    ///
    /// # Errors
    /// When a field has a value that cannot be accepted.
    pub fn named(&self, id: ContactId) -> Result<Contact, Problem> {
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

    /// Name and address, line by line, of where it goes; nothing when it goes nowhere.
    #[must_use]
    pub fn sent_to(&self) -> Vec<String> {
        let addressed = |address: &AddressDocument| self.addressed(address);
        self.shipping_address.as_ref().map(addressed).unwrap_or_default()
    }

    /// Name and address, line by line, of who pays.
    #[must_use]
    pub fn billed_to(&self) -> Vec<String> {
        let address = self.billing_address.as_ref().or(self.shipping_address.as_ref());
        address.map_or_else(|| vec![self.name.clone()], |address| self.addressed(address))
    }

    fn addressed(&self, address: &AddressDocument) -> Vec<String> {
        [vec![self.name.clone()], address.written()].concat()
    }
}

impl From<Contact> for ContactDocument {
    fn from(contact: Contact) -> Self {
        let address = |kept: Option<serde_json::Value>| {
            kept.and_then(|kept| serde_json::from_value(kept).ok())
        };
        Self {
            email: contact.email,
            name: contact.name,
            phone: contact.phone,
            shipping_address: address(contact.shipping_address),
            billing_address: address(contact.billing_address),
        }
    }
}

impl AddressDocument {
    /// Line by line, as it is written on a parcel.
    fn written(&self) -> Vec<String> {
        let town = format!("{} {}", self.postal_code.as_deref().unwrap_or_default(), self.city);
        let mut told = self.lines.clone();
        told.push(town.trim().to_owned());
        told.extend(self.region.clone());
        told.push(self.country.clone());
        told
    }

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
