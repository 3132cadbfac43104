//! What becomes of a payment is decided by the number of the card, as with Stripe's test cards.
//! (docs.stripe.com/testing)

/// A card for tests.
#[derive(Debug)]
pub(super) struct TestCard {
    pub(super) number: &'static str,
    /// Stripe's name for it, where a number would be out of place.
    pub(super) token: &'static str,
    pub(super) behavior: Behavior,
}

/// What a card does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behavior {
    /// It pays.
    Pays,
    /// It does not.
    Declines(Decline),
    /// The bank wants to be asked first.
    AsksForAction,
    /// The bank takes its time, and pays.
    TakesItsTime,
    /// It pays, and its owner disputes it.
    PaysAndDisputes,
    /// It pays, and the bank thinks that it was stolen.
    PaysAndWarns,
    /// It pays; what goes back arrives later.
    RefundsLate,
    /// It pays; what goes back comes again.
    RefundsNever,
}

/// Why a card does not pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decline {
    pub(super) code: &'static str,
    pub(super) decline_code: Option<&'static str>,
    pub(super) message: &'static str,
}

const DECLINED: &str = "Your card was declined.";

pub(super) const CARDS: [TestCard; 15] = [
    pays("4242424242424242", "pm_card_visa"),
    pays("5555555555554444", "pm_card_mastercard"),
    does("4000002500003155", "pm_card_authenticationRequiredOnSetup", Behavior::AsksForAction),
    does("4000002760003184", "pm_card_authenticationRequired", Behavior::AsksForAction),
    does("4000000000003220", "pm_card_threeDSecure2Required", Behavior::AsksForAction),
    declines("4000000000000002", "pm_card_visa_chargeDeclined", "generic_decline"),
    declines(
        "4000000000009995",
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        "insufficient_funds",
    ),
    declines("4000000000009987", "pm_card_visa_chargeDeclinedLostCard", "lost_card"),
    fails("4000000000000069", "pm_card_chargeDeclinedExpiredCard", "expired_card"),
    fails("4000000000000127", "pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc"),
    does("4000000000000259", "pm_card_createDispute", Behavior::PaysAndDisputes),
    does("4000000000005423", "pm_card_createIssuerFraudRecord", Behavior::PaysAndWarns),
    does("4000000000007726", "pm_card_pendingRefund", Behavior::RefundsLate),
    does("4000000000005126", "pm_card_refundFail", Behavior::RefundsNever),
    // No card, but the way to see a payment that is being processed.
    does("000123456789", "pm_usBankAccount_success", Behavior::TakesItsTime),
];

/// By its number, blanks and all.
pub(super) fn by_number(number: &str) -> Option<&'static TestCard> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    CARDS.iter().find(|card| card.number == digits)
}

pub(super) fn by_token(token: &str) -> Option<&'static TestCard> {
    CARDS.iter().find(|card| card.token == token)
}

const fn does(number: &'static str, token: &'static str, behavior: Behavior) -> TestCard {
    TestCard { number, token, behavior }
}

const fn pays(number: &'static str, token: &'static str) -> TestCard {
    does(number, token, Behavior::Pays)
}

const fn declines(number: &'static str, token: &'static str, reason: &'static str) -> TestCard {
    let decline = Decline { code: "card_declined", decline_code: Some(reason), message: DECLINED };
    does(number, token, Behavior::Declines(decline))
}

const fn fails(number: &'static str, token: &'static str, code: &'static str) -> TestCard {
    let decline = Decline { code, decline_code: None, message: DECLINED };
    does(number, token, Behavior::Declines(decline))
}
