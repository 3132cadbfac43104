use super::*;

fn authorized() -> Order {
    after(open_order(Capture::Manual), heard(Fact::Authorized { amount: euros(3600) }))
}

fn capture(amount_minor: Option<i64>) -> Command {
    Command::Capture { payment: PAYMENT, amount_minor }
}

const VOID: Command = Command::Void { payment: PAYMENT };

#[test]
fn money_is_asked_for_once_and_within_what_is_authorized() {
    let order = authorized();
    let none_of = |wanted_minor, available_minor| {
        Err(Rejected::NotCapturable { wanted_minor, available_minor })
    };
    assert_eq!(decide(&order, capture(Some(0))), none_of(0, 3600));
    assert_eq!(decide(&order, capture(Some(3601))), none_of(3601, 3600));
    assert!(decide(&order, capture(Some(3600))).is_ok());
    let asked = after(order.clone(), capture(Some(1200)));
    assert_eq!(decide(&asked, capture(Some(1200))), Ok(vec![]));
    let available_minor = asked.payment(PAYMENT).unwrap().open_minor();
    assert_eq!(decide(&asked, capture(Some(1000))), none_of(1000, available_minor));
    let voided = after(order, VOID);
    assert_eq!(decide(&voided, capture(None)), none_of(3600, 0));
}

#[test]
fn a_payment_is_called_off_once_and_only_while_nothing_is_taken() {
    let order = authorized();
    let requested = vec![Event::PaymentVoidRequested { payment: PAYMENT }];
    assert_eq!(decide(&order, VOID), Ok(requested));
    let voiding = after(order.clone(), VOID);
    assert_eq!(decide(&voiding, VOID), Ok(vec![]));
    let voided = after(order.clone(), heard(Fact::Voided));
    assert_eq!(decide(&voided, VOID), Ok(vec![]));
    let asked = after(order, capture(Some(1200)));
    assert_eq!(decide(&asked, VOID), Err(Rejected::AlreadyCaptured));
    assert_eq!(decide(&paid(), VOID), Err(Rejected::AlreadyCaptured));
    let unpaid = after(open_order(Capture::Manual), VOID);
    let gone = decide(&unpaid, Command::Expire { now: at(9_999) }).unwrap();
    let again = Event::PaymentVoidRequested { payment: PAYMENT };
    assert!(!gone.contains(&again), "it is called off already: {gone:?}");
}

#[test]
fn a_payment_has_one_name() {
    let start =
        |reference: &str| Command::Start { payment: PAYMENT, reference: reference.to_owned() };
    let order = open_order(Capture::Automatic);
    assert_eq!(decide(&order, start("pi_1")), Ok(vec![]));
    assert_eq!(decide(&order, start("pi_2")), Err(Rejected::OtherReference(PAYMENT)));
}

#[test]
fn what_is_held_is_cleared_once_and_what_is_erased_is_gone_for_good() {
    assert_eq!(decide(&paid(), Command::ClearReview), Err(Rejected::NotUnderReview));
    let held = after(paid(), Command::Hold);
    assert_eq!(decide(&held, Command::Hold), Ok(vec![]));
    let cleared = after(held, Command::ClearReview);
    assert_eq!(cleared.review, None);
    let contact = cleared.terms.contact;
    let changed = vec![Event::ContactChanged { contact }];
    assert_eq!(decide(&cleared, Command::ChangeContact), Ok(changed));
    let erased = after(cleared, Command::Erase);
    assert_eq!(decide(&erased, Command::Erase), Ok(vec![]));
    assert_eq!(decide(&erased, Command::ChangeContact), Err(Rejected::Erased));
}

#[test]
fn an_order_has_lines_and_each_of_them_pieces() {
    for lines in [vec![], vec![line(1, 2), line(2, 0)]] {
        let opened = open(id(), terms(Capture::Automatic, lines), vec![], PAYMENT, None);
        assert_eq!(opened, Err(Rejected::Empty));
    }
}
