use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use url::form_urlencoded;

use super::object::Metadata;
use super::refusal::Refusal;

/// Parameters of a request. What nobody asks for is unknown, which Stripe refuses.
pub(super) struct Form {
    values: BTreeMap<String, String>,
    asked: BTreeSet<String>,
}

/// As many as Stripe keeps, and as long.
const METADATA: (usize, usize, usize) = (50, 40, 500);

impl Form {
    pub(super) fn read(text: &[u8]) -> Self {
        let values = form_urlencoded::parse(text).into_owned().collect();
        Self { values, asked: BTreeSet::new() }
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.asked.insert(name.to_owned());
        self.values.get(name).cloned().filter(|value| !value.is_empty())
    }

    pub(super) fn required(&mut self, name: &str) -> Result<String, Refusal> {
        self.text(name).ok_or_else(|| Refusal::missing_parameter(name))
    }

    /// An amount: more than nothing, and not more than Stripe takes.
    pub(super) fn amount(&mut self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(amount @ 1..=99_999_999_999) => Ok(Some(amount)),
            Ok(100_000_000_000..) => Err(Refusal::invalid(name, "amount_too_large")),
            _ => Err(Refusal::invalid(name, "parameter_invalid_integer")),
        }
    }

    /// One of these words.
    pub(super) fn choice(
        &mut self,
        name: &str,
        choices: &[&'static str],
    ) -> Result<Option<&'static str>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let choice = choices.iter().find(|choice| **choice == text);
        choice
            .map(|choice| Some(*choice))
            .ok_or_else(|| Refusal::invalid(name, "parameter_invalid"))
    }

    pub(super) fn instant(&mut self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let second = text.parse().ok().and_then(|second| Timestamp::from_second(second).ok());
        second.map(Some).ok_or_else(|| Refusal::invalid(name, "parameter_invalid_integer"))
    }

    pub(super) fn metadata(&mut self) -> Result<Metadata, Refusal> {
        let mut metadata = Metadata::new();
        for (name, value) in &self.values {
            let key = name.strip_prefix("metadata[").and_then(|rest| rest.strip_suffix(']'));
            let Some(key) = key else { continue };
            self.asked.insert(name.clone());
            let (keys, key_length, value_length) = METADATA;
            if key.len() > key_length || value.len() > value_length || metadata.len() == keys {
                return Err(Refusal::invalid(name, "parameter_invalid"));
            }
            metadata.insert(key.to_owned(), value.clone());
        }
        Ok(metadata)
    }

    /// These may be given, and change nothing here.
    pub(super) fn ignore(&mut self, names: &[&str]) {
        self.asked.extend(names.iter().map(|name| (*name).to_owned()));
    }

    /// Nothing else may be given.
    pub(super) fn end(&self) -> Result<(), Refusal> {
        let unknown = self.values.keys().find(|name| !self.asked.contains(*name));
        unknown.map_or(Ok(()), |name| Err(Refusal::unknown_parameter(name)))
    }
}
