use app::Problem;
use app::hooks::Courier;
use domain::id::{HookDeliveryId, HookId};
use domain::order::Topic;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::hooks::{Change, Delivery, Hook, NewDelivery};
use utoipa::ToSchema;
use uuid::Uuid;

/// An endpoint that is to be told of events.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HookIn {
    /// Where it is: `https`, on port 443 or 8443, at most 2,000 characters. No other endpoint of
    /// the shop has it.
    #[schema(example = "https://shop.example/hooks")]
    url: String,
    /// Of what it is told; of everything unless given.
    #[serde(default)]
    #[schema(example = json!(["order.placed", "refund.succeeded"]))]
    events: Vec<String>,
}

/// What is to change of an endpoint. What is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HookChange {
    /// Where it is.
    url: Option<String>,
    /// Of what it is told; of everything when empty.
    events: Option<Vec<String>>,
    /// Whether it is told. One that is enabled again is told of what happens from then on.
    enabled: Option<bool>,
}

/// An endpoint, without its secrets.
#[derive(Serialize, ToSchema)]
pub(crate) struct HookOut {
    id: Uuid,
    url: String,
    /// Of what it is told; of everything when empty.
    events: Vec<&'static str>,
    enabled: bool,
    /// Why it was disabled, unless by you: `gone` when it answered 410, `failing` when it took
    /// nothing for 120 hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_reason: Option<String>,
    /// Since when it took nothing. Not there when it took the last thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    failing_since: Option<Timestamp>,
    #[schema(value_type = String)]
    created_at: Timestamp,
}

/// All endpoints.
#[derive(Serialize, ToSchema)]
pub(crate) struct HooksOut {
    pub(crate) hooks: Vec<HookOut>,
}

/// A secret that is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct HookSecretOut {
    #[serde(flatten)]
    pub(crate) hook: HookOut,
    /// What signs from now on: the HMAC-SHA256 of `webhook-id.webhook-timestamp.body` under the
    /// bytes that stand in base64 after `whsec_`.
    pub(crate) secret: String,
}

/// One event on its way to an endpoint.
#[derive(Serialize, ToSchema)]
pub(crate) struct HookDeliveryOut {
    id: Uuid,
    /// What it is told of.
    event: String,
    /// The `webhook-id` of every try.
    webhook_id: String,
    /// `pending`, `succeeded` or `failed`.
    state: &'static str,
    /// How often it was tried.
    attempts: i32,
    /// The status of the last answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_status: Option<i16>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    next_try_at: Option<Timestamp>,
    #[schema(value_type = String)]
    created_at: Timestamp,
}

/// A page of deliveries, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct HookDeliveriesOut {
    pub(crate) deliveries: Vec<HookDeliveryOut>,
    /// What the next page is `before`. Not there on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<Uuid>,
}

/// What is on its way now.
#[derive(Serialize, ToSchema)]
pub(crate) struct HookSentOut {
    /// The delivery, as it is listed.
    pub(crate) delivery: Uuid,
}

const URL_CHARS: usize = 2_000;

impl HookIn {
    pub(crate) fn checked(self, courier: &Courier, now: Timestamp) -> Result<Hook, Problem> {
        Ok(Hook {
            id: HookId(Uuid::now_v7()),
            url: url(self.url, courier)?,
            topics: topics(&self.events)?,
            enabled: true,
            enabled_at: now,
            disabled_reason: None,
            failing_since: None,
            created_at: now,
        })
    }
}

impl HookChange {
    pub(crate) fn checked(self, courier: &Courier) -> Result<Change, Problem> {
        Ok(Change {
            url: self.url.map(|text| url(text, courier)).transpose()?,
            topics: self.events.as_deref().map(topics).transpose()?,
            enabled: self.enabled,
        })
    }
}

impl From<Hook> for HookOut {
    fn from(hook: Hook) -> Self {
        Self {
            id: hook.id.0,
            url: hook.url,
            events: hook.topics.into_iter().map(Topic::as_str).collect(),
            enabled: hook.enabled,
            disabled_reason: hook.disabled_reason,
            failing_since: hook.failing_since,
            created_at: hook.created_at,
        }
    }
}

impl From<Delivery> for HookDeliveryOut {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id.0,
            event: delivery.topic,
            webhook_id: delivery.message,
            state: delivery.state.as_str(),
            attempts: delivery.attempts,
            last_status: delivery.last_status,
            detail: delivery.detail,
            next_try_at: delivery.next_try_at,
            created_at: delivery.created_at,
        }
    }
}

/// An event that nothing has caused.
pub(crate) fn test(hook: HookId, now: Timestamp) -> NewDelivery {
    const TYPE: &str = "test";
    let id = HookDeliveryId(Uuid::now_v7());
    NewDelivery {
        id,
        hook,
        version: None,
        topic: TYPE,
        message: format!("evt_{}", id.0.simple()),
        body: json!({ "type": TYPE, "timestamp": now, "data": {} }).to_string(),
    }
}

fn url(text: String, courier: &Courier) -> Result<String, Problem> {
    if text.chars().count() > URL_CHARS {
        return Err(Problem::invalid("url", format!("a URL has at most {URL_CHARS} characters")));
    }
    match courier.check(&text) {
        Ok(()) => Ok(text),
        Err(fault) => Err(Problem::invalid("url", fault.to_string())),
    }
}

fn topics(names: &[String]) -> Result<Vec<Topic>, Problem> {
    let topic = |name: &String| {
        Topic::parse(name).ok_or_else(|| {
            let known = Topic::ALL.map(Topic::as_str).join(", ");
            Problem::invalid("events", format!("there is no event `{name}`; there are: {known}"))
        })
    };
    let mut topics: Vec<Topic> = vec![];
    for name in names {
        let topic = topic(name)?;
        if !topics.contains(&topic) {
            topics.push(topic);
        }
    }
    Ok(topics)
}
