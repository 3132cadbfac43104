use serde_json::{Value, json};

use super::card::Decline;
use super::object::{Payment, Status};

/// No, and why, in the shape in which Stripe says it. (docs.stripe.com/api/errors)
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    kind: &'static str,
    code: Option<&'static str>,
    decline_code: Option<&'static str>,
    parameter: Option<String>,
    message: String,
    payment: Option<Value>,
    /// The request was understood and tried, so its answer is kept under its key.
    pub(super) was_tried: bool,
}

impl Refusal {
    fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            code: None,
            decline_code: None,
            parameter: None,
            message: message.into(),
            payment: None,
            was_tried: false,
        }
    }

    fn of(self, code: &'static str, parameter: &str) -> Self {
        let parameter = Some(parameter.to_owned()).filter(|name| !name.is_empty());
        Self { code: Some(code), parameter, ..self }
    }

    fn tried(self) -> Self {
        Self { was_tried: true, ..self }
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(401, "invalid_request_error", "Invalid API Key provided.")
    }

    pub(super) fn no_such_path(path: &str) -> Self {
        let message = format!("Unrecognized request URL ({path}).");
        Self::new(404, "invalid_request_error", message)
    }

    pub(super) fn missing(kind: &str, name: &str) -> Self {
        let message = format!("No such {kind}: '{name}'");
        Self::new(404, "invalid_request_error", message).of("resource_missing", "id")
    }

    pub(super) fn unknown_parameter(name: &str) -> Self {
        let message = format!("Received unknown parameter: {name}");
        Self::new(400, "invalid_request_error", message).of("parameter_unknown", name)
    }

    pub(super) fn missing_parameter(name: &str) -> Self {
        let message = format!("Missing required param: {name}.");
        Self::new(400, "invalid_request_error", message).of("parameter_missing", name)
    }

    pub(super) fn invalid(name: &str, code: &'static str) -> Self {
        let message = format!("Invalid value for {name}.");
        Self::new(400, "invalid_request_error", message).of(code, name)
    }

    /// The request cannot be done as things stand.
    pub(super) fn as_things_stand(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message).of(code, "").tried()
    }

    pub(super) fn state(payment: &Payment, wish: &str) -> Self {
        let Status::Canceled = payment.status else {
            let status = json!(payment.status);
            let status = status.as_str().unwrap_or_default();
            let message = format!(
                "This PaymentIntent's {wish} could not be done because it has a status of {status}."
            );
            return Self::as_things_stand("payment_intent_unexpected_state", message);
        };
        let message = format!("This PaymentIntent was canceled: its {wish} could not be done.");
        Self::as_things_stand("payment_intent_unexpected_state", message)
    }

    pub(super) fn declined(decline: Decline, payment: &Payment) -> Self {
        let refused = Self::new(402, "card_error", decline.message).of(decline.code, "").tried();
        let decline_code = decline.decline_code;
        Self { decline_code, payment: Some(payment.to_json()), ..refused }
    }

    pub(super) fn other_parameters(key: &str) -> Self {
        let message = format!(
            "Keys for idempotent requests can only be used with the same parameters they were \
             first used with. Try using a key other than '{key}' if you meant to execute a \
             different request."
        );
        Self::new(400, "idempotency_error", message)
    }

    pub(super) fn under_way() -> Self {
        let message = "There is currently another in-progress request using this key.";
        Self::new(409, "idempotency_error", message).of("idempotency_key_in_use", "")
    }

    pub(super) fn too_often() -> Self {
        Self::new(429, "invalid_request_error", "Too many requests in too short a time.")
            .of("rate_limit", "")
    }

    pub(super) fn broken() -> Self {
        Self::new(500, "api_error", "An unknown error occurred.")
    }

    pub(super) fn to_json(&self) -> Value {
        let mut error = json!({ "type": self.kind, "message": self.message });
        let members = [
            ("code", self.code.map(Value::from)),
            ("decline_code", self.decline_code.map(Value::from)),
            ("param", self.parameter.clone().map(Value::from)),
            ("payment_intent", self.payment.clone()),
        ];
        for (name, value) in members {
            if let Some(value) = value {
                error[name] = value;
            }
        }
        json!({ "error": error })
    }
}
