use domain::order::{Capture, RefundState};
use domain::payment::Fact;
use local::sandbox::{Action, DisputeStep, RefundWay, Settings};
use providers::stripe::{PaymentState, StripeError};
use tests::gateway::{Gateway, euros, new_payment, new_refund};

/// When answers are late, lost or wrong.
mod faults;
/// The same key twice.
mod keys;
/// Lists, and what is found in them.
mod lists;
/// The sandbox itself.
mod sandbox;
/// Webhooks on their way.
mod webhooks;

fn code(error: &StripeError) -> &str {
    match error {
        StripeError::Refused { code, .. } => code,
        other => panic!("not refused, but {other:?}"),
    }
}

#[tokio::test]
async fn a_payment_is_made_paid_and_looked_at() {
    let gateway = Gateway::start().await;
    let new = new_payment(3600, Capture::Automatic);
    let made = gateway.stripe.create_payment(&new, "create").await.unwrap();
    assert_eq!((made.state, made.amount), (PaymentState::RequiresPaymentMethod, euros(3600)));
    assert_eq!(made.subject, Some(new.subject));
    assert_eq!(made.fact(), None);
    let secret = made.client_secret.as_ref().unwrap().reveal();
    assert!(secret.starts_with(&format!("{}_secret_", made.reference)), "{secret}");

    let paid = gateway.stripe.confirm(&made.reference, "pm_card_visa", "pay").await.unwrap();
    assert_eq!((paid.state, paid.received), (PaymentState::Succeeded, euros(3600)));
    let looked_at = gateway.stripe.retrieve_payment(&made.reference).await.unwrap();
    assert_eq!(looked_at, paid);

    let notices = gateway.notices();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert_eq!(notices[0].reference, made.reference);
    assert_eq!(notices[0].subject, Some(new.subject));
    assert_eq!(Some(&notices[0].fact), paid.fact().as_ref(), "a look says what the notice says");
}

#[tokio::test]
async fn a_card_that_is_declined_leaves_room_for_another() {
    let gateway = Gateway::start().await;
    let payment = gateway.payment(Capture::Automatic).await;
    let id = &payment.reference;
    for (card, why) in [
        ("pm_card_visa_chargeDeclined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds"),
    ] {
        let error = gateway.stripe.confirm(id, card, card).await.unwrap_err();
        let StripeError::Refused { code, decline_code, message } = &error else {
            panic!("{error:?}")
        };
        assert_eq!((code.as_str(), decline_code.as_deref()), ("card_declined", Some(why)));
        assert_eq!(message, "Your card was declined.");
        let failed = gateway.stripe.retrieve_payment(id).await.unwrap();
        assert_eq!(failed.state, PaymentState::RequiresPaymentMethod);
        assert_eq!(failed.fact(), Some(Fact::AttemptFailed { code: why.to_owned() }));
        assert_eq!(gateway.notices()[0].fact, failed.fact().unwrap());
    }
    let paid = gateway.stripe.confirm(id, "pm_card_visa", "third").await.unwrap();
    assert_eq!((paid.state, paid.failure), (PaymentState::Succeeded, None));
}

#[tokio::test]
async fn a_bank_may_ask_the_customer_and_believe_him_or_not() {
    let gateway = Gateway::start().await;
    for card in ["pm_card_threeDSecure2Required", "pm_card_authenticationRequiredOnSetup"] {
        let asked = gateway.paid(Capture::Automatic, card).await;
        assert_eq!(asked.fact(), Some(Fact::ActionRequired));
        gateway.sandbox.authenticate(&asked.reference, Action::Fails).unwrap();
        let failed = gateway.stripe.retrieve_payment(&asked.reference).await.unwrap();
        let code = "payment_intent_authentication_failure".to_owned();
        assert_eq!(failed.fact(), Some(Fact::AttemptFailed { code }));

        let id = &asked.reference;
        gateway.stripe.confirm(id, card, &format!("again {id}")).await.unwrap();
        gateway.sandbox.authenticate(id, Action::Succeeds).unwrap();
        let paid = gateway.stripe.retrieve_payment(id).await.unwrap();
        assert_eq!(paid.fact(), Some(Fact::Captured { amount: euros(3600) }));
        assert!(gateway.sandbox.authenticate(id, Action::Succeeds).is_err(), "nothing was asked");
        let facts: Vec<Fact> = gateway.notices().into_iter().map(|it| it.fact).collect();
        let [Fact::ActionRequired, Fact::AttemptFailed { .. }, Fact::ActionRequired, last] =
            &facts[..]
        else {
            panic!("{facts:?}")
        };
        assert_eq!(*last, Fact::Captured { amount: euros(3600) });
    }
}

#[tokio::test]
async fn authorized_money_is_taken_in_part_and_the_rest_is_let_go() {
    let gateway = Gateway::start().await;
    let authorized = gateway.paid(Capture::Manual, "pm_card_visa").await;
    let id = &authorized.reference;
    assert_eq!(authorized.fact(), Some(Fact::Authorized { amount: euros(3600) }));
    assert_eq!(authorized.received, euros(0));

    let too_much = gateway.stripe.capture(id, euros(3601), "too much").await.unwrap_err();
    assert_eq!(code(&too_much), "amount_too_large");
    let taken = gateway.stripe.capture(id, euros(2000), "capture").await.unwrap();
    assert_eq!(taken.state, PaymentState::Succeeded);
    assert_eq!((taken.received, taken.capturable), (euros(2000), euros(0)));
    let again = gateway.stripe.capture(id, euros(1600), "another").await.unwrap_err();
    assert_eq!(code(&again), "payment_intent_unexpected_state");

    let facts: Vec<Fact> = gateway.notices().into_iter().map(|it| it.fact).collect();
    let expected =
        [Fact::Authorized { amount: euros(3600) }, Fact::Captured { amount: euros(2000) }];
    assert_eq!(facts, expected);
}

#[tokio::test]
async fn a_payment_is_called_off_until_it_is_taken() {
    let gateway = Gateway::start().await;
    let waiting = gateway.payment(Capture::Automatic).await;
    let authorized = gateway.paid(Capture::Manual, "pm_card_visa").await;
    for payment in [&waiting, &authorized] {
        let id = &payment.reference;
        let ended = gateway.stripe.cancel(id, &format!("void {id}")).await.unwrap();
        assert_eq!((ended.fact(), ended.capturable), (Some(Fact::Voided), euros(0)));
        let late = gateway.stripe.confirm(id, "pm_card_visa", &format!("late {id}")).await;
        assert_eq!(code(&late.unwrap_err()), "payment_intent_unexpected_state");
    }
    let paid = gateway.paid(Capture::Automatic, "pm_card_visa").await;
    let refused = gateway.stripe.cancel(&paid.reference, "void").await.unwrap_err();
    assert_eq!(code(&refused), "payment_intent_unexpected_state");
    assert!(!refused.is_worth_another_try());
}

#[tokio::test]
async fn what_is_to_be_paid_changes_until_it_is_paid() {
    let gateway = Gateway::start().await;
    let payment = gateway.payment(Capture::Automatic).await;
    let id = &payment.reference;
    let changed = gateway.stripe.update_amount(id, euros(4200), "amount").await.unwrap();
    assert_eq!((changed.amount, changed.subject), (euros(4200), payment.subject));
    let paid = gateway.stripe.confirm(id, "pm_card_visa", "pay").await.unwrap();
    assert_eq!(paid.received, euros(4200));
    let late = gateway.stripe.update_amount(id, euros(1), "late").await.unwrap_err();
    assert_eq!(code(&late), "payment_intent_unexpected_state");
}

#[tokio::test]
async fn never_more_goes_back_than_came() {
    let gateway = Gateway::start().await;
    let unpaid = gateway.payment(Capture::Automatic).await;
    let early = gateway.stripe.refund(&new_refund(&unpaid, 1), "early").await.unwrap_err();
    assert_eq!(code(&early), "payment_intent_unexpected_state");

    let paid = gateway.paid(Capture::Automatic, "pm_card_visa").await;
    let first = new_refund(&paid, 1000);
    let refund = gateway.stripe.refund(&first, "first").await.unwrap();
    assert_eq!((refund.state, refund.refund), (RefundState::Succeeded, Some(first.refund)));
    assert_eq!(refund.payment.as_ref(), Some(&paid.reference));
    assert_eq!(gateway.stripe.retrieve_refund(&refund.reference).await.unwrap(), refund);

    let too_much = gateway.stripe.refund(&new_refund(&paid, 2601), "too much").await.unwrap_err();
    assert_eq!(code(&too_much), "amount_too_large");
    gateway.stripe.refund(&new_refund(&paid, 2600), "rest").await.unwrap();
    let nothing_left = gateway.stripe.refund(&new_refund(&paid, 1), "more").await.unwrap_err();
    assert_eq!(code(&nothing_left), "charge_already_refunded");

    let refunds = gateway.stripe.refunds_of(&paid.reference, None).await.unwrap();
    let amounts: Vec<_> = refunds.items.iter().map(|it| it.amount).collect();
    assert_eq!(amounts, [euros(2600), euros(1000)], "the newest first");
    let told = gateway.notices().into_iter().find(|it| matches!(it.fact, Fact::Refund { .. }));
    let told = told.unwrap();
    assert_eq!((told.fact, told.subject), (refund.fact(), paid.subject));
}

#[tokio::test]
async fn a_refund_may_take_its_time_and_fail_after_it_succeeded() {
    let gateway = Gateway::start().await;
    let settings = Settings { refund_delay_ms: 0, ..Settings::default() };
    let late = Settings { refunds: RefundWay::Pends, ..settings };
    let never = Settings { refunds: RefundWay::FailsLate, ..settings };
    for (settings, card, states) in [
        (late, "pm_card_visa", [RefundState::Pending, RefundState::Succeeded]),
        (never, "pm_card_visa", [RefundState::Succeeded, RefundState::Failed]),
        (settings, "pm_card_pendingRefund", [RefundState::Pending, RefundState::Succeeded]),
        (settings, "pm_card_refundFail", [RefundState::Succeeded, RefundState::Failed]),
    ] {
        gateway.sandbox.set(settings).unwrap();
        let paid = gateway.paid(Capture::Automatic, card).await;
        let key = format!("refund {}", paid.reference);
        let refund = gateway.stripe.refund(&new_refund(&paid, 3600), &key).await.unwrap();
        assert_eq!(refund.state, states[0], "{card}");
        gateway.sandbox.turn_due().unwrap();
        let refund = gateway.stripe.retrieve_refund(&refund.reference).await.unwrap();
        assert_eq!(refund.state, states[1], "{card}");
        let told = gateway.notices().pop().unwrap();
        assert_eq!(told.fact, refund.fact(), "{card}");
    }
}

#[tokio::test]
async fn what_a_bank_takes_back_is_told_and_cannot_be_refunded() {
    let gateway = Gateway::start().await;
    let paid = gateway.paid(Capture::Automatic, "pm_card_createDispute").await;
    let refused = gateway.stripe.refund(&new_refund(&paid, 1), "refund").await.unwrap_err();
    assert_eq!(code(&refused), "charge_disputed");

    let other = gateway.paid(Capture::Automatic, "pm_card_visa").await;
    let _ = gateway.notices();
    let dispute = gateway.sandbox.dispute(&other.reference, Some(500), "general").unwrap();
    let id = dispute["id"].as_str().unwrap();
    gateway.sandbox.settle_dispute(id, DisputeStep::Reviewed).unwrap();
    gateway.sandbox.settle_dispute(id, DisputeStep::Won).unwrap();
    assert!(gateway.sandbox.settle_dispute(id, DisputeStep::Lost).is_err(), "it is closed");
    let notices = gateway.notices();
    assert!(notices.iter().all(|it| it.reference == other.reference && it.subject.is_none()));
    let seen: Vec<(bool, bool)> = notices
        .iter()
        .filter_map(|it| match it.fact {
            Fact::Dispute { is_withdrawn, is_reinstated, .. } => {
                Some((is_withdrawn, is_reinstated))
            }
            _ => None,
        })
        .collect();
    let (other, withdrawn, reinstated) = ((false, false), (true, false), (false, true));
    assert_eq!(seen, [other, withdrawn, other, reinstated, other]);
}

#[tokio::test]
async fn a_bank_may_take_its_time_or_warn() {
    let gateway = Gateway::start().await;
    gateway.sandbox.set(Settings { processing_ms: 0, ..Settings::default() }).unwrap();
    let processed = gateway.paid(Capture::Automatic, "pm_usBankAccount_success").await;
    assert_eq!(processed.fact(), Some(Fact::Processing));
    gateway.sandbox.turn_due().unwrap();
    let paid = gateway.stripe.retrieve_payment(&processed.reference).await.unwrap();
    assert_eq!(paid.state, PaymentState::Succeeded);
    let _ = gateway.notices();
    let warned = gateway.paid(Capture::Automatic, "pm_card_createIssuerFraudRecord").await;
    let last = gateway.notices().pop().unwrap();
    assert_eq!((last.fact, last.reference), (Fact::FraudWarning, warned.reference));
}
