use std::time::Duration;

use app::caller::Caller;
use app::extract::{cart_token, cart_version};
use app::payments::{self, Secret, Started};
use app::{App, Problem, ProblemCode, relay, step};
use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::cart::{Cart, Hindrance, Quote};
use domain::id::{CartId, ContactId, OrderId, PaymentId, RefundId};
use domain::money::Money;
use domain::order::{Command, Event, Order, Pick, Terms, allocate, decide, evolve, open};
use domain::payment::STRIPE;
use futures_util::future::join;
use http::{HeaderMap, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use store::checkout::{self, Answer, Call, Contact, Opening};
use store::orders::{self, Act, Loaded, Writing};
use store::receipts;
use uuid::Uuid;

use crate::wire::{CheckoutIn, CheckoutOut};

/// A checkout that is asked for.
pub(crate) struct Asked {
    cart: CartId,
    token: String,
    key: String,
    /// The version of the cart that the customer saw.
    version: Option<i32>,
    contact: Contact,
    fingerprint: Vec<u8>,
    actor: String,
}

/// As long as Stripe's contract has it. (docs.stripe.com/api/idempotent_requests)
const KEY_KEPT: Duration = Duration::from_secs(24 * 3600);
/// Nobody else goes on with a call before this has passed: longer than it takes.
const LEASE: Duration = Duration::from_secs(30);
/// Others may take the stock, or change the cart, between our look and our writing.
const TRIES: u32 = 5;

impl Asked {
    pub(crate) fn read(
        caller: &Caller,
        (key, headers): (Option<String>, &HeaderMap),
        wanted: CheckoutIn,
    ) -> Result<Self, Problem> {
        let key = key.ok_or_else(|| {
            Problem::invalid("Idempotency-Key", "send one for each cart; a UUID is a good one")
        })?;
        let token = cart_token(headers)?.to_owned();
        let version = cart_version(headers)?;
        let text = serde_json::to_vec(&wanted).map_err(Problem::internal)?;
        let mut fingerprint = Sha256::new_with_prefix(text);
        fingerprint.update(&token);
        Ok(Self {
            cart: CartId(wanted.cart),
            token,
            key,
            version,
            contact: wanted.contact.named(ContactId(Uuid::now_v7()))?,
            fingerprint: fingerprint.finalize().to_vec(),
            actor: caller.actor(),
        })
    }

    fn act(&self, at: Timestamp) -> Act<'_> {
        Act::by(&self.actor, STRIPE, at)
    }
}

/// From the cart to its payment: reads, decides, writes, and then asks the provider.
pub(crate) async fn check_out(
    app: &App,
    caller: &Caller,
    asked: &Asked,
) -> Result<Response, Problem> {
    let tenant = caller.tenant.number;
    let by = (asked.key.as_str(), asked.contact.email.as_str());
    let mut tries = 0;
    loop {
        tries += 1;
        let now = app.clock.now();
        let read = checkout::read(&app.db, tenant, asked.cart, by, now);
        // Whatever becomes of us, somebody looks after the order.
        let (found, announced) = join(read, relay::announce_order(app, tenant)).await;
        let found = found?;
        if let Some(call) = found.call {
            return go_on(app, caller, asked, call).await;
        }
        let cart = found.cart.filter(|cart| cart.is_of(&asked.token));
        let cart = cart.ok_or_else(no_such_cart)?;
        announced?;
        let (id, events) = opened(&cart, &found.offers, asked, now)?;
        if events.iter().any(|event| matches!(event, Event::PaymentRequested { .. })) {
            // Before anything is written that could not be paid.
            app.gateway()?;
        }
        let opening = Opening {
            key: &asked.key,
            fingerprint: &asked.fingerprint,
            cart_version: cart.version,
            contact: &asked.contact,
            lease_until: now + LEASE,
            expires_at: now + KEY_KEPT,
        };
        let act = asked.act(now);
        let opening = Some(&opening);
        let writing = Writing { opening, ..written(&act, id, (None, &events)) };
        step::reached("checkout.decided");
        match orders::write(&app.db, tenant, &writing).await {
            Ok(order) => {
                step::reached("checkout.opened");
                if order.is_placed() {
                    relay::followers(app, tenant).await;
                }
                return pay(app, caller, asked, order).await;
            }
            Err(error) if error.refusal() == Some("a discount is used up") => {
                // Not at another price than the customer saw.
                let told = "a discount was used up meanwhile; read the cart and ask again";
                return Err(Problem::new(ProblemCode::Conflict, told));
            }
            Err(error) if error.constraint() == Some("credit_not_overspent") => {
                // Nor for more money than that.
                let told = "the gift card was spent meanwhile; read the cart and ask again";
                return Err(Problem::new(ProblemCode::Conflict, told).at("gift_card"));
            }
            Err(error) if (error.is_overtaken() || error.refusal().is_some()) && tries < TRIES => {}
            Err(error) if error.constraint() == Some("stock_not_oversold") => {
                return Err(sold_out("others were faster; try again"));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The order that the cart becomes.
fn opened(
    cart: &Cart,
    offers: &[Pick],
    asked: &Asked,
    now: Timestamp,
) -> Result<(OrderId, Vec<Event>), Problem> {
    let conflict = |told: String| Problem::new(ProblemCode::Conflict, told);
    if let Some(order) = cart.order {
        let told = format!("the cart became order {order} under another Idempotency-Key");
        return Err(conflict(told));
    }
    if let Some(into) = cart.merged_into {
        return Err(conflict(format!("cart {into} took over what was in it; check that out")));
    }
    if cart.expires_at <= now {
        return Err(no_such_cart());
    }
    if asked.version.is_some_and(|version| version != cart.version) {
        return Err(conflict("the cart was changed; read it and ask again".to_owned()));
    }
    let quote = cart.quote().map_err(|error| Problem::invalid("cart", error.to_string()))?;
    if let Some(hindrance) = quote.hindrances.first() {
        return Err(hindered(*hindrance, &quote));
    }
    let terms = Terms {
        cart: cart.id,
        contact: asked.contact.id,
        currency: cart.currency,
        country: cart.country.clone(),
        channel: cart.channel.clone(),
        lines: cart.order_lines(&quote.priced),
        delivery: cart.delivered(&quote),
        discounts: quote.applied(),
        totals: quote.totals(),
        capture: cart.settings.capture,
        expires_at: now + SignedDuration::from_mins(cart.settings.payment_minutes.into()),
    };
    let due = Money { amount_minor: quote.due_minor(), currency: cart.currency };
    // Before anything is reserved for what nobody can pay. Nothing is not asked for.
    if due.amount_minor > 0 {
        due.to_provider().map_err(|error| Problem::invalid("cart", error.to_string()))?;
    }
    let picks = allocate(&terms.demand(), offers).map_err(|short| {
        let sku = |variant| cart.lines.iter().find(|line| line.variant == variant);
        let short = short.iter().filter_map(|it| sku(it.variant).map(|line| line.sku.as_str()));
        let short = short.collect::<Vec<_>>().join(", ");
        sold_out(&format!("there is not enough of {short}; take less of it"))
    })?;
    let id = OrderId(Uuid::now_v7());
    let events = open(id, terms, picks, PaymentId(Uuid::now_v7()), quote.spent());
    let events = events.map_err(Problem::internal)?;
    Ok((id, events))
}

/// The same key again: its answer, or where its call ended.
async fn go_on(app: &App, caller: &Caller, asked: &Asked, call: Call) -> Result<Response, Problem> {
    if call.fingerprint != asked.fingerprint {
        return Err(Problem::other_body());
    }
    if let Some(body) = call.answer {
        return Ok(created(body));
    }
    let under_way = |left: SignedDuration| {
        let told = "the call is under way; ask again with the same key";
        let seconds = u64::try_from(left.as_secs()).unwrap_or(0) + 1;
        Problem::new(ProblemCode::Conflict, told).retry_after(seconds)
    };
    let (tenant, now) = (caller.tenant.number, app.clock.now());
    if call.lease_until > now {
        return Err(under_way(call.lease_until.duration_since(now)));
    }
    match checkout::lease(&app.db, tenant, &asked.key, (now, now + LEASE)).await {
        Err(store::Error::Refused(_)) => return Err(under_way(SignedDuration::ZERO)),
        leased => leased?,
    }
    let order = orders::load(&app.db, tenant, call.order).await?;
    let order = order.ok_or_else(|| Problem::internal("a checkout without its order"))?;
    pay(app, caller, asked, order).await
}

/// Makes the payment, and keeps the answer.
async fn pay(app: &App, caller: &Caller, asked: &Asked, order: Order) -> Result<Response, Problem> {
    let started = payments::start(app, caller.tenant.number, &order).await?;
    step::reached("checkout.started");
    match started {
        Started::Made { payment, reference, secret } => {
            let start = Command::Start { payment, reference };
            finish(app, caller, asked, (order, start, secret)).await
        }
        Started::Refused => {
            let refund = RefundId(receipts::digest(&[order.id.0.as_bytes(), b"refund"]));
            let reason = "the provider does not take the payment".to_owned();
            let cancel = Command::Cancel { reason, refund };
            finish(app, caller, asked, (order, cancel, None)).await
        }
        Started::Open => {
            // Whoever asks again with the key goes on here, once the lease is over.
            let after = [(header::RETRY_AFTER, LEASE.as_secs().to_string())];
            Ok((StatusCode::ACCEPTED, after, Json(CheckoutOut::of(&order, None))).into_response())
        }
        // Nothing is left to pay, or its payment was heard of by now.
        Started::Nothing => {
            let secret = payments::secret(app, &order).await;
            keep(app, caller, asked, (&order, secret)).await
        }
    }
}

/// Writes down what the provider answered, and our answer with it; a notice may have come first.
async fn finish(
    app: &App,
    caller: &Caller,
    asked: &Asked,
    (order, command, payment): (Order, Command, Option<Secret>),
) -> Result<Response, Problem> {
    let (tenant, now) = (caller.tenant.number, app.clock.now());
    let act = asked.act(now);
    let events = decide(&order, command.clone()).map_err(Problem::internal)?;
    let after = events.iter().fold(order.clone(), evolve);
    if !events.is_empty() {
        let body = told(&after, payment.clone())?;
        let kept = Answer { key: &asked.key, body: &body };
        let answer = Some(&kept);
        let writing = Writing { answer, ..written(&act, order.id, (Some(&order), &events)) };
        match orders::write(&app.db, tenant, &writing).await {
            Ok(_order) => {
                step::reached("checkout.answered");
                return Ok(created(body));
            }
            Err(error) if error.is_conflict() || error.is_contended() => {}
            Err(error) => return Err(error.into()),
        }
    }
    let command = |_loaded: &Loaded| Ok(vec![command.clone()]);
    let committed = orders::commit(&app.db, tenant, order.id, &act, command).await;
    keep(app, caller, asked, (&committed.map_err(Problem::internal)?.order, payment)).await
}

/// Keeps the answer, which is given again to whoever asks again.
async fn keep(
    app: &App,
    caller: &Caller,
    asked: &Asked,
    (order, payment): (&Order, Option<Secret>),
) -> Result<Response, Problem> {
    let body = told(order, payment)?;
    let kept = Answer { key: &asked.key, body: &body };
    checkout::answer(&app.db, caller.tenant.number, &kept).await?;
    Ok(created(body))
}

fn told(order: &Order, payment: Option<Secret>) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(&CheckoutOut::of(order, payment)).map_err(Problem::internal)
}

fn created(body: Vec<u8>) -> Response {
    (StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn written<'a>(
    act: &'a Act<'a>,
    id: OrderId,
    (before, events): (Option<&'a Order>, &'a [Event]),
) -> Writing<'a> {
    Writing { id, before, events, act, opening: None, answer: None }
}

fn no_such_cart() -> Problem {
    Problem::not_found("cart of that id and token")
}

fn sold_out(told: &str) -> Problem {
    Problem::new(ProblemCode::OutOfStock, told)
}

fn hindered(hindrance: Hindrance, quote: &Quote) -> Problem {
    let told = match hindrance {
        Hindrance::CodeDoesNotApply => return does_not_apply(quote),
        Hindrance::CreditDoesNotApply => return pays_nothing(quote),
        Hindrance::Empty => "put something into the cart",
        Hindrance::NotForSale(_) => "something in it is not for sale any more; take it out",
        Hindrance::NoCountry => "say in which country it is to arrive",
        Hindrance::NoShipping => "choose one of the shipping options",
        Hindrance::ShippingDoesNotFit => "the chosen way does not fit the cart; choose another",
    };
    Problem::invalid("cart", told)
}

fn pays_nothing(quote: &Quote) -> Problem {
    let why = quote.credit.as_ref().and_then(|(_, pays)| pays.as_ref().err());
    let told = why.map(|why| format!("the gift card pays nothing: {why}; use another, or none"));
    Problem::invalid("gift_card", told.unwrap_or_default())
}

fn does_not_apply(quote: &Quote) -> Problem {
    let why = quote.reductions.iter().find_map(|reduction| {
        let (code, why) = (reduction.code.as_ref()?, reduction.off_minor.as_ref().err()?);
        Some(format!("code {code} takes nothing off: {why}; take it out of the cart"))
    });
    Problem::invalid("codes", why.unwrap_or_default())
}
