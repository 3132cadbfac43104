use jiff::Timestamp;
use serde_json::{Value, json};

use super::form::Form;
use super::refusal::Refusal;

/// Which part of a list is wanted. (docs.stripe.com/api/pagination)
pub(super) struct Part {
    from: Timestamp,
    to: Timestamp,
    limit: usize,
    older_than: Option<String>,
    newer_than: Option<String>,
}

impl Part {
    pub(super) fn read(form: &mut Form) -> Result<Self, Refusal> {
        let limit = match form.text("limit").map(|limit| limit.parse()) {
            None => 10,
            Some(Ok(limit @ 1..=100)) => limit,
            Some(_) => return Err(Refusal::invalid("limit", "parameter_invalid_integer")),
        };
        Ok(Self {
            from: form.instant("created[gte]")?.unwrap_or(Timestamp::MIN),
            to: form.instant("created[lte]")?.unwrap_or(Timestamp::MAX),
            limit,
            older_than: form.text("starting_after"),
            newer_than: form.text("ending_before"),
        })
    }

    /// That part of all, which come oldest first and are shown newest first.
    pub(super) fn of<T>(
        &self,
        all: &[T],
        about: impl Fn(&T) -> (&str, Timestamp),
        show: impl Fn(&T) -> Value,
    ) -> Result<Value, Refusal> {
        let place = |name: &Option<String>| {
            let Some(name) = name else { return Ok(None) };
            let place = all.iter().position(|item| about(item).0 == name);
            place.map(Some).ok_or_else(|| Refusal::missing("object", name))
        };
        let below = place(&self.older_than)?.unwrap_or(all.len());
        let above = place(&self.newer_than)?.map_or(0, |place| place + 1);
        let fits = |item: &&T| {
            let second = about(item).1.as_second();
            second >= self.from.as_second() && second <= self.to.as_second()
        };
        let part = all.get(above..below).unwrap_or_default();
        let (shown, more): (Vec<&T>, bool) = if self.newer_than.is_some() {
            let mut part: Vec<&T> = part.iter().filter(fits).take(self.limit + 1).collect();
            let more = part.len() > self.limit;
            part.truncate(self.limit);
            part.reverse();
            (part, more)
        } else {
            let mut part: Vec<&T> = part.iter().rev().filter(fits).take(self.limit + 1).collect();
            let more = part.len() > self.limit;
            part.truncate(self.limit);
            (part, more)
        };
        let data: Vec<Value> = shown.into_iter().map(show).collect();
        Ok(json!({ "object": "list", "data": data, "has_more": more }))
    }
}
