use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

use app::Clock;
use app::port::{KeyValue, PortError, Record};
use async_trait::async_trait;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder as Update;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use jiff::Timestamp;

use crate::client::Client;

/// Records in a DynamoDB table: `key` (its partition key), `value`, `version`, and `expires_at`
/// in seconds, by which DynamoDB removes them days later. Until then they are expired by the
/// clock, which every condition asks. A counter's `value` is a number.
pub struct DynamoKeyValue {
    client: Client,
    dynamo: OnceLock<aws_sdk_dynamodb::Client>,
    table: String,
    clock: Clock,
}

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(2);
/// A counter that comes, expires or goes between two requests is looked at again.
const ADD_TRIES: u32 = 5;

/// The record is there and has not expired.
const LIVE: &str = "attribute_exists(#key) and (attribute_not_exists(#expires_at) \
                    or #expires_at > :now)";
/// There is no record, or an expired one.
const ABSENT: &str = "attribute_not_exists(#key) or #expires_at <= :now";
/// The record is there, has not expired, and nobody changed it.
const UNCHANGED: &str = "#version = :expected and (attribute_not_exists(#expires_at) \
                         or #expires_at > :now)";

impl DynamoKeyValue {
    /// Records in `table`, expired by `clock`.
    #[must_use]
    pub fn new(client: Client, table: String, clock: Clock) -> Self {
        Self { client, dynamo: OnceLock::new(), table, clock }
    }

    fn dynamo(&self) -> &aws_sdk_dynamodb::Client {
        let config = || self.client.sdk(ATTEMPT);
        self.dynamo.get_or_init(|| aws_sdk_dynamodb::Client::new(&config()))
    }

    fn update(&self, key: &str) -> Update {
        self.dynamo()
            .update_item()
            .table_name(&self.table)
            .key("key", AttributeValue::S(key.to_owned()))
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
    }

    /// Writes a record anew, whatever was there.
    fn set(&self, key: &str, value: AttributeValue, expires_at: Option<Timestamp>) -> Update {
        let update = self
            .update(key)
            .expression_attribute_names("#value", "value")
            .expression_attribute_names("#expires_at", "expires_at")
            .expression_attribute_values(":value", value);
        match expires_at {
            Some(at) => update
                .update_expression(
                    "set #value = :value, #expires_at = :expires_at add #version :one",
                )
                .expression_attribute_values(":expires_at", number(seconds(at))),
            None => {
                update.update_expression("set #value = :value remove #expires_at add #version :one")
            }
        }
    }

    fn now(&self) -> AttributeValue {
        number(self.clock.now().as_second())
    }

    /// Adds to a counter that is there and has not expired.
    async fn add_to(&self, key: &str, amount: i64) -> Result<Option<i64>, PortError> {
        let answer = self
            .update(key)
            .expression_attribute_names("#key", "key")
            .expression_attribute_names("#value", "value")
            .expression_attribute_names("#expires_at", "expires_at")
            .update_expression("add #value :amount, #version :one")
            .condition_expression(LIVE)
            .expression_attribute_values(":amount", number(amount))
            .expression_attribute_values(":now", self.now())
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await;
        let Some(answer) = unless_refused(answer, "a counter could not be raised")? else {
            return Ok(None);
        };
        let sum = answer.attributes().and_then(|all| all.get("value")?.as_n().ok()?.parse().ok());
        sum.map(Some).ok_or_else(|| PortError::new("DynamoDB did not answer a counter's sum"))
    }

    /// Starts a counter that is not there or has expired.
    async fn start(
        &self,
        key: &str,
        amount: i64,
        expires_at: Option<Timestamp>,
    ) -> Result<bool, PortError> {
        let answer = self
            .set(key, number(amount), expires_at)
            .expression_attribute_names("#key", "key")
            .condition_expression(ABSENT)
            .expression_attribute_values(":now", self.now())
            .send()
            .await;
        Ok(unless_refused(answer, "a counter could not be started")?.is_some())
    }
}

#[async_trait]
impl KeyValue for DynamoKeyValue {
    async fn get(&self, key: &str) -> Result<Option<Record>, PortError> {
        let answer = self
            .dynamo()
            .get_item()
            .table_name(&self.table)
            .key("key", AttributeValue::S(key.to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| PortError::caused_by("a record could not be read", error))?;
        let Some(item) = answer.item else { return Ok(None) };
        let now = self.clock.now().as_second();
        let expired = integer(&item, "expires_at").is_some_and(|at| at <= now);
        if expired {
            return Ok(None);
        }
        let value = item.get("value").and_then(|value| value.as_s().or_else(|_| value.as_n()).ok());
        match (value, integer(&item, "version")) {
            (Some(value), Some(version)) => Ok(Some(Record { value: value.clone(), version })),
            _ => Err(PortError::new(format!("the record `{key}` is incomplete"))),
        }
    }

    async fn put(
        &self,
        key: &str,
        value: &str,
        expires_at: Option<Timestamp>,
    ) -> Result<(), PortError> {
        let written = self.set(key, AttributeValue::S(value.to_owned()), expires_at).send().await;
        written.map(drop).map_err(|error| PortError::caused_by(NOT_WRITTEN, error))
    }

    async fn put_if_absent(
        &self,
        key: &str,
        value: &str,
        expires_at: Option<Timestamp>,
    ) -> Result<bool, PortError> {
        let answer = self
            .set(key, AttributeValue::S(value.to_owned()), expires_at)
            .expression_attribute_names("#key", "key")
            .condition_expression(ABSENT)
            .expression_attribute_values(":now", self.now())
            .send()
            .await;
        Ok(unless_refused(answer, NOT_WRITTEN)?.is_some())
    }

    async fn compare_and_set(
        &self,
        key: &str,
        version: i64,
        value: &str,
        expires_at: Option<Timestamp>,
    ) -> Result<bool, PortError> {
        let answer = self
            .set(key, AttributeValue::S(value.to_owned()), expires_at)
            .condition_expression(UNCHANGED)
            .expression_attribute_values(":expected", number(version))
            .expression_attribute_values(":now", self.now())
            .send()
            .await;
        Ok(unless_refused(answer, NOT_WRITTEN)?.is_some())
    }

    async fn add(
        &self,
        key: &str,
        amount: i64,
        expires_at: Option<Timestamp>,
    ) -> Result<i64, PortError> {
        for _ in 0..ADD_TRIES {
            if let Some(sum) = self.add_to(key, amount).await? {
                return Ok(sum);
            }
            if self.start(key, amount, expires_at).await? {
                return Ok(amount);
            }
        }
        Err(PortError::new(format!("the counter `{key}` came and went {ADD_TRIES} times")))
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        let key = AttributeValue::S(key.to_owned());
        let deletion = self.dynamo().delete_item().table_name(&self.table).key("key", key);
        let deleted = deletion.send().await;
        deleted.map(drop).map_err(|error| PortError::caused_by("a record was not removed", error))
    }
}

const NOT_WRITTEN: &str = "a record could not be written";

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// The first whole second at which nothing of the last is left.
fn seconds(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}

fn integer(item: &HashMap<String, AttributeValue>, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// `None` when the condition did not hold.
fn unless_refused<T>(
    answer: Result<T, SdkError<UpdateItemError>>,
    what: &'static str,
) -> Result<Option<T>, PortError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(None),
            _ => Err(PortError::caused_by(what, error)),
        },
    }
}
