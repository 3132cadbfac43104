//! Gift cards and store credit: issued, corrected, disabled, and looked up by their code.
//!
//! - Trigger: HTTP `/v1/gift-cards`, `/v1/gift-card-balance`.
//! - Reads: gift cards and their ledgers.
//! - Writes: the same, by hand; what is bought with them is written with its order.
//! - Emits: nothing.
//! - On failure: a change is one transaction, and its entry in the ledger has an id that follows
//!   from the call; the same call again finds it done.

use app::caller::Caller;
use app::extract::{Body, IdempotencyKey, Parameters, Path};
use app::{App, Function, Problem, ProblemCode, Role, Trigger, Uses, gift_cards, page};
use axum::Json;
use axum::extract::State;
use domain::credit::Credit;
use domain::id::CreditId;
use http::StatusCode;
use serde::Deserialize;
use store::credits::{self, Change};
use store::receipts;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::wire::{
    GiftCardAdjustIn, GiftCardBalanceOut, GiftCardCodeIn, GiftCardDisableIn, GiftCardEntryOut,
    GiftCardIn, GiftCardLedgerOut, GiftCardOut, GiftCardsOut, NewGiftCardOut,
};

/// What is sent, and what is answered.
mod wire;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "gift-cards",
        trigger: Trigger::Http(
            OpenApiRouter::new()
                .routes(routes!(list_gift_cards, post_gift_card))
                .routes(routes!(get_gift_card))
                .routes(routes!(adjust_gift_card))
                .routes(routes!(disable_gift_card))
                .routes(routes!(post_gift_card_balance)),
        ),
        uses: Uses { postgres: Some(Role::App), key_value: true, ..Uses::default() },
    }
}

const PAGE: i64 = 100;
const PAGE_MAX: i64 = 1_000;

/// Which page of gift cards.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct GiftCardsPage {
    /// What ended the page before, as `next` gave it.
    before: Option<String>,
    /// Gift cards of a page, 1 to 1,000; 100 unless given.
    limit: Option<i64>,
}

/// Which page of a ledger.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LedgerPage {
    /// What ended the page before, as `next` gave it.
    before: Option<i32>,
    /// Entries of a page, 1 to 1,000; 100 unless given.
    limit: Option<i64>,
}

/// List gift cards and store credit
///
/// The newest first.
#[utoipa::path(
    get, path = "/v1/gift-cards", tag = "gift cards",
    params(GiftCardsPage),
    responses((status = 200, description = "Gift cards", body = GiftCardsOut))
)]
async fn list_gift_cards(
    State(app): State<App>,
    caller: Caller,
    Parameters(wanted): Parameters<GiftCardsPage>,
) -> Result<Json<GiftCardsOut>, Problem> {
    let limit = wanted.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let before = wanted.before.as_deref().map(page::instant_and_id).transpose()?;
    let found = credits::list(&app.db, caller.tenant.number, before, limit).await?;
    let next = page::next(&found, limit, |it| format!("{}/{}", it.created_at, it.id));
    Ok(Json(GiftCardsOut { gift_cards: found.into_iter().map(Into::into).collect(), next }))
}

/// Issue a gift card or store credit
///
/// Whoever has its code may spend it, part by part. Store credit is the same for one customer
/// alone: name the e-mail address, and only a checkout with that address may spend it. The code is
/// kept nowhere: it is shown to this call, and again to the same call with the same
/// `Idempotency-Key`, and to nobody else.
#[utoipa::path(
    post, path = "/v1/gift-cards", tag = "gift cards",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Required: one for each card"),
    ),
    request_body = GiftCardIn,
    responses(
        (status = 201, description = "Issued, and its code", body = NewGiftCardOut),
        (status = 422, description = "A field is not valid, or the key came with another card"),
    )
)]
async fn post_gift_card(
    State(app): State<App>,
    caller: Caller,
    key: IdempotencyKey,
    Body(wanted): Body<GiftCardIn>,
) -> Result<(StatusCode, Json<NewGiftCardOut>), Problem> {
    let (tenant, call) = (caller.tenant.number, key.required()?);
    let (code, version) = gift_cards::new_code(&app, tenant, &call)?;
    let id = CreditId(receipts::digest(&[b"gift-card", call.as_bytes()]));
    let now = (caller.tenant.currency, app.clock.now());
    let credit = wanted.checked(id, (&code, version), now)?;
    let hash = gift_cards::code_hash(&app, tenant, (&code, version))?;
    let issued = credits::issue(&app.db, tenant, &credit, hash, &caller.actor()).await;
    let (credit, code) = match issued {
        Ok(()) => (credit, code),
        Err(error) if matches!(error.constraint(), Some("credit_pkey" | "credit_code")) => {
            let known = find(&app, &caller, id).await?;
            if !is_same(&known, &credit) {
                return Err(Problem::other_body());
            }
            let code = gift_cards::code_again(&app, tenant, (&call, known.code_key))?;
            (known, code)
        }
        Err(error) => return Err(error.into()),
    };
    let shown = NewGiftCardOut { code: code.to_string(), gift_card: credit.into() };
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Read a gift card with its ledger
///
/// The newest entry first. All entries add up to the balance.
#[utoipa::path(
    get, path = "/v1/gift-cards/{id}", tag = "gift cards",
    params(("id" = Uuid, Path, description = "The gift card"), LedgerPage),
    responses(
        (status = 200, description = "The gift card", body = GiftCardLedgerOut),
        (status = 404, description = "No such gift card"),
    )
)]
async fn get_gift_card(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Parameters(wanted): Parameters<LedgerPage>,
) -> Result<Json<GiftCardLedgerOut>, Problem> {
    let credit = find(&app, &caller, CreditId(id)).await?;
    let limit = wanted.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let of = (caller.tenant.number, credit.id);
    let found = credits::entries(&app.db, of, wanted.before, limit).await?;
    let next = page::next(&found, limit, |entry| entry.number);
    let entries = found.into_iter().map(GiftCardEntryOut::from).collect();
    Ok(Json(GiftCardLedgerOut { gift_card: credit.into(), entries, next }))
}

/// Change the balance of a gift card
///
/// By so much more or less, never below nothing.
#[utoipa::path(
    post, path = "/v1/gift-cards/{id}/adjustments", tag = "gift cards",
    params(
        ("id" = Uuid, Path, description = "The gift card"),
        ("Idempotency-Key" = Option<String>, Header, description = "Required: one for each call"),
    ),
    request_body = GiftCardAdjustIn,
    responses(
        (status = 200, description = "The gift card as it is now", body = GiftCardOut),
        (status = 404, description = "No such gift card"),
        (status = 409, description = "It is disabled"),
        (status = 422, description = "There is not so much left, or a field is not valid"),
    )
)]
async fn adjust_gift_card(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    key: IdempotencyKey,
    Body(wanted): Body<GiftCardAdjustIn>,
) -> Result<Json<GiftCardOut>, Problem> {
    let (tenant, call) = (caller.tenant.number, key.required()?);
    let (amount_minor, reason) = wanted.checked()?;
    let credit = find(&app, &caller, CreditId(id)).await?;
    let entry = receipts::digest(&[id.as_bytes(), call.as_bytes(), b"adjustment"]);
    if credits::find_entry(&app.db, tenant, entry).await?.is_none() {
        let (actor, at) = (caller.actor(), app.clock.now());
        let change = Change { id: entry, reason: &reason, actor: &actor, at };
        match credits::adjust(&app.db, (tenant, credit.id), amount_minor, &change).await {
            Err(error) if error.constraint() != Some("credit_entry_once") => {
                return Err(not_adjusted(error, &credit));
            }
            _ => {}
        }
    }
    let known = credits::find_entry(&app.db, tenant, entry).await?;
    if known.is_none_or(|known| known.amount_minor != amount_minor) {
        return Err(Problem::other_body());
    }
    Ok(Json(find(&app, &caller, credit.id).await?.into()))
}

/// Disable a gift card
///
/// For good: what is left is written off, and nothing of it can be spent. What an order gives back
/// later stands in its balance, for you to see.
#[utoipa::path(
    post, path = "/v1/gift-cards/{id}/disable", tag = "gift cards",
    params(("id" = Uuid, Path, description = "The gift card")),
    request_body = GiftCardDisableIn,
    responses(
        (status = 200, description = "The gift card as it is now", body = GiftCardOut),
        (status = 404, description = "No such gift card"),
    )
)]
async fn disable_gift_card(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(wanted): Body<GiftCardDisableIn>,
) -> Result<Json<GiftCardOut>, Problem> {
    let (reason, actor, at) = (wanted.checked()?, caller.actor(), app.clock.now());
    let entry = receipts::digest(&[id.as_bytes(), b"disabled"]);
    let change = Change { id: entry, reason: &reason, actor: &actor, at };
    credits::disable(&app.db, (caller.tenant.number, CreditId(id)), &change).await?;
    Ok(Json(find(&app, &caller, CreditId(id)).await?.into()))
}

/// Look up what is left of a gift card
///
/// By its code, which stands in the body so that no log has it. 120 codes a minute for an API key.
#[utoipa::path(
    post, path = "/v1/gift-card-balance", tag = "gift cards",
    request_body = GiftCardCodeIn,
    responses(
        (status = 200, description = "What is left", body = GiftCardBalanceOut),
        (status = 404, description = "No such gift card"),
        (status = 422, description = "It is no code"),
        (status = 429, description = "Too many codes were looked up this minute"),
    )
)]
async fn post_gift_card_balance(
    State(app): State<App>,
    caller: Caller,
    Body(wanted): Body<GiftCardCodeIn>,
) -> Result<Json<GiftCardBalanceOut>, Problem> {
    let credit = gift_cards::by_code(&app, &caller, &wanted.code).await?;
    Ok(Json(GiftCardBalanceOut::of(credit, app.clock.now())))
}

async fn find(app: &App, caller: &Caller, id: CreditId) -> Result<Credit, Problem> {
    let found = credits::find(&app.db, caller.tenant.number, id).await?;
    found.ok_or_else(|| Problem::not_found("gift card of that id"))
}

/// Whether what was issued is what is asked for.
fn is_same(known: &Credit, wanted: &Credit) -> bool {
    let asked = |it: &Credit| {
        (it.currency, it.issued_minor, it.expires_at, it.customer.clone(), it.note.clone())
    };
    asked(known) == asked(wanted)
}

fn not_adjusted(error: store::Error, credit: &Credit) -> Problem {
    if error.refusal().is_some() {
        let told = "the gift card is disabled; issue another";
        return Problem::new(ProblemCode::Conflict, told);
    }
    if error.constraint() != Some("credit_not_overspent") {
        return Problem::from(error);
    }
    let told = format!("{} is left of the gift card; take no more than that", credit.balance_minor);
    Problem::invalid("amount_minor", told)
}
