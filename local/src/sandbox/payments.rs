use serde_json::{Value, json};

use super::Action;
use super::book::Entry;
use super::card::{self, Behavior, Decline, TestCard};
use super::disputes;
use super::form::Form;
use super::name;
use super::object::{Failure, Payment, Status};
use super::refusal::Refusal;
use super::work::{Work, later};

const REFUSED_ACTION: Decline = Decline {
    code: "payment_intent_authentication_failure",
    decline_code: None,
    message: "The provided PaymentMethod has failed authentication.",
};

/// May be given when a payment is made or confirmed, and changes nothing here.
const IGNORED: [&str; 6] = [
    "automatic_payment_methods[enabled]",
    "automatic_payment_methods[allow_redirects]",
    "confirmation_method",
    "payment_method_types[]",
    "payment_method_types[0]",
    "receipt_email",
];

pub(super) fn create(work: &mut Work<'_>, form: &mut Form) -> Result<Value, Refusal> {
    let amount = form.amount("amount")?.ok_or_else(|| Refusal::missing_parameter("amount"))?;
    let currency = form.required("currency")?;
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Err(Refusal::invalid("currency", "parameter_invalid"));
    }
    let captures = ["automatic", "automatic_async", "manual"];
    let capture_method = form.choice("capture_method", &captures)?.unwrap_or("automatic_async");
    let confirm = form.choice("confirm", &["true", "false"])? == Some("true");
    let metadata = form.metadata()?;
    let (description, return_url) = (form.text("description"), form.text("return_url"));
    let method = method(work, form)?;
    form.ignore(&IGNORED);
    form.end()?;
    let id = name("pi_");
    let status =
        if method.is_some() { Status::RequiresConfirmation } else { Status::RequiresPaymentMethod };
    let mut payment = Payment {
        client_secret: name(&format!("{id}_secret_")),
        id,
        status,
        amount,
        amount_capturable: 0,
        amount_received: 0,
        currency,
        capture_method: capture_method.to_owned(),
        metadata,
        description,
        return_url,
        payment_method: None,
        card: None,
        charge: None,
        failure: None,
        cancellation_reason: None,
        created: work.now,
        canceled: None,
        turns: None,
        refunds: vec![],
        disputes: vec![],
    };
    take(&mut payment, method);
    work.tell("payment_intent.created", &payment.to_json());
    let paid = if confirm { pay(work, &mut payment) } else { Ok(()) };
    work.keep_payment(&payment);
    paid.map(|()| work.shown(&payment))
}

pub(super) fn update(
    work: &mut Work<'_>,
    mut payment: Payment,
    form: &mut Form,
) -> Result<Value, Refusal> {
    let (amount, metadata) = (form.amount("amount")?, form.metadata()?);
    let description = form.text("description");
    form.end()?;
    if amount.is_some() && !is_open(&payment) {
        return Err(Refusal::state(&payment, "amount"));
    }
    payment.amount = amount.unwrap_or(payment.amount);
    payment.description = description.or(payment.description);
    payment.metadata.extend(metadata);
    work.keep_payment(&payment);
    Ok(work.shown(&payment))
}

pub(super) fn confirm(
    work: &mut Work<'_>,
    mut payment: Payment,
    form: &mut Form,
) -> Result<Value, Refusal> {
    let method = method(work, form)?;
    payment.return_url = form.text("return_url").or(payment.return_url);
    form.ignore(&IGNORED);
    form.ignore(&["client_secret", "key", "use_stripe_sdk"]);
    form.end()?;
    if !is_open(&payment) {
        return Err(Refusal::state(&payment, "confirmation"));
    }
    take(&mut payment, method);
    if payment.card.is_none() {
        return Err(Refusal::missing_parameter("payment_method"));
    }
    let paid = pay(work, &mut payment);
    work.keep_payment(&payment);
    paid.map(|()| work.shown(&payment))
}

pub(super) fn capture(
    work: &mut Work<'_>,
    mut payment: Payment,
    form: &mut Form,
) -> Result<Value, Refusal> {
    let amount = form.amount("amount_to_capture")?;
    payment.metadata.extend(form.metadata()?);
    form.end()?;
    if payment.status != Status::RequiresCapture {
        return Err(Refusal::state(&payment, "capture"));
    }
    let amount = amount.unwrap_or(payment.amount_capturable);
    if amount > payment.amount_capturable {
        let message = "The amount to capture is more than what is authorized.";
        return Err(Refusal::as_things_stand("amount_too_large", message));
    }
    payment.status = Status::Succeeded;
    payment.amount_received = amount;
    payment.amount_capturable = 0;
    work.tell("charge.captured", &payment.charge_json(0));
    work.tell("payment_intent.succeeded", &payment.to_json());
    work.keep_payment(&payment);
    Ok(work.shown(&payment))
}

pub(super) fn cancel(
    work: &mut Work<'_>,
    mut payment: Payment,
    form: &mut Form,
) -> Result<Value, Refusal> {
    let reasons = ["abandoned", "duplicate", "fraudulent", "requested_by_customer"];
    let reason = form.choice("cancellation_reason", &reasons)?;
    form.end()?;
    if !is_open(&payment) && payment.status != Status::RequiresCapture {
        return Err(Refusal::state(&payment, "cancellation"));
    }
    payment.status = Status::Canceled;
    payment.amount_capturable = 0;
    payment.cancellation_reason = reason.map(str::to_owned);
    payment.canceled = Some(work.now);
    work.tell("payment_intent.canceled", &payment.to_json());
    work.keep_payment(&payment);
    Ok(work.shown(&payment))
}

/// What the customer does when the bank asks.
pub(super) fn authenticate(
    work: &mut Work<'_>,
    mut payment: Payment,
    action: Action,
) -> Result<Value, Refusal> {
    if payment.status != Status::RequiresAction {
        return Err(Refusal::state(&payment, "authentication"));
    }
    let refused = match action {
        Action::Succeeds => {
            succeed(work, &mut payment);
            None
        }
        Action::Fails => Some(fail(work, &mut payment, REFUSED_ACTION)),
    };
    work.keep_payment(&payment);
    refused.map_or_else(|| Ok(work.shown(&payment)), Err)
}

/// The bank has taken its time.
pub(super) fn turn(work: &mut Work<'_>, mut payment: Payment) {
    payment.turns = None;
    succeed(work, &mut payment);
    work.keep_payment(&payment);
}

/// A card gets a name, under which it pays.
pub(super) fn create_method(work: &mut Work<'_>, form: &mut Form) -> Result<Value, Refusal> {
    form.choice("type", &["card"])?.ok_or_else(|| Refusal::missing_parameter("type"))?;
    let card = number(form, "card[number]")?;
    form.ignore(&["card[exp_month]", "card[exp_year]", "card[cvc]"]);
    form.end()?;
    let card = card.ok_or_else(|| Refusal::missing_parameter("card[number]"))?;
    let id = name("pm_");
    work.entries.push(Entry::Method { id: id.clone(), number: card.number.to_owned() });
    let last4 = &card.number[card.number.len() - 4..];
    let card = json!({ "brand": "visa", "last4": last4 });
    Ok(json!({ "id": id, "object": "payment_method", "type": "card", "card": card }))
}

fn is_open(payment: &Payment) -> bool {
    matches!(
        payment.status,
        Status::RequiresPaymentMethod | Status::RequiresConfirmation | Status::RequiresAction
    )
}

/// The name and the card that the parameters give, by a name or by a number.
fn method(
    work: &Work<'_>,
    form: &mut Form,
) -> Result<Option<(String, &'static TestCard)>, Refusal> {
    form.ignore(&[
        "payment_method_data[type]",
        "payment_method_data[card][exp_month]",
        "payment_method_data[card][exp_year]",
        "payment_method_data[card][cvc]",
    ]);
    if let Some(card) = number(form, "payment_method_data[card][number]")? {
        return Ok(Some((name("pm_"), card)));
    }
    let Some(token) = form.text("payment_method") else { return Ok(None) };
    let named = work.book.methods.get(&token).and_then(|number| card::by_number(number));
    let card = card::by_token(&token).or(named);
    let card = card.ok_or_else(|| Refusal::missing("PaymentMethod", &token))?;
    Ok(Some((token, card)))
}

fn number(form: &mut Form, name: &str) -> Result<Option<&'static TestCard>, Refusal> {
    let Some(number) = form.text(name) else { return Ok(None) };
    let card = card::by_number(&number);
    card.map(Some).ok_or_else(|| Refusal::invalid(name, "incorrect_number"))
}

fn take(payment: &mut Payment, method: Option<(String, &'static TestCard)>) {
    if let Some((name, card)) = method {
        payment.payment_method = Some(name);
        payment.card = Some(card.number.to_owned());
    }
}

/// Asks the bank, which knows the card.
fn pay(work: &mut Work<'_>, payment: &mut Payment) -> Result<(), Refusal> {
    let card = payment.card.as_deref().and_then(card::by_number);
    let card = card.ok_or_else(|| Refusal::missing_parameter("payment_method"))?;
    payment.failure = None;
    match card.behavior {
        Behavior::Declines(decline) => return Err(fail(work, payment, decline)),
        Behavior::AsksForAction => {
            payment.status = Status::RequiresAction;
            work.tell("payment_intent.requires_action", &work.shown(payment));
        }
        Behavior::TakesItsTime => {
            payment.status = Status::Processing;
            payment.turns = Some(later(work.now, work.book.settings.processing_ms));
            work.tell("payment_intent.processing", &payment.to_json());
        }
        _ => succeed(work, payment),
    }
    Ok(())
}

fn fail(work: &mut Work<'_>, payment: &mut Payment, decline: Decline) -> Refusal {
    payment.status = Status::RequiresPaymentMethod;
    payment.payment_method = None;
    payment.card = None;
    payment.failure = Some(Failure {
        code: decline.code.to_owned(),
        decline_code: decline.decline_code.map(str::to_owned),
        message: decline.message.to_owned(),
    });
    work.tell("payment_intent.payment_failed", &payment.to_json());
    Refusal::declined(decline, payment)
}

fn succeed(work: &mut Work<'_>, payment: &mut Payment) {
    payment.charge = Some(name("ch_"));
    payment.failure = None;
    if payment.capture_method == "manual" {
        payment.status = Status::RequiresCapture;
        payment.amount_capturable = payment.amount;
        work.tell("charge.succeeded", &payment.charge_json(0));
        work.tell("payment_intent.amount_capturable_updated", &payment.to_json());
    } else {
        payment.status = Status::Succeeded;
        payment.amount_received = payment.amount;
        work.tell("charge.succeeded", &payment.charge_json(0));
        work.tell("payment_intent.succeeded", &payment.to_json());
    }
    let card = payment.card.as_deref().and_then(card::by_number);
    match card.map(|card| card.behavior) {
        Some(Behavior::PaysAndDisputes) => {
            let amount = payment.amount;
            disputes::begin(work, payment, amount, "fraudulent");
        }
        Some(Behavior::PaysAndWarns) => {
            let warning = json!({
                "id": name("issfr_"),
                "object": "radar.early_fraud_warning",
                "actionable": true,
                "charge": payment.charge,
                "created": work.now.as_second(),
                "fraud_type": "made_with_stolen_card",
                "livemode": false,
                "payment_intent": payment.id,
            });
            work.tell("radar.early_fraud_warning.created", &warning);
        }
        _ => {}
    }
}
