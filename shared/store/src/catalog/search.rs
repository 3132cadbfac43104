use domain::catalog::search::{Entry, Offer, Sort, Term, Weight};
use domain::catalog::{Product, State};
use domain::id::{ProductId, TenantNumber};
use domain::tenant::Currency;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::{read_product, word};
use crate::statement::Statement;
use crate::{Db, Error, Flight, Parameter, one_row};

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Search {
    /// Words that the product has, the last of them perhaps half typed.
    pub words: Vec<String>,
    /// Such as `category=shirts`; those of one name are alternatives.
    pub facets: Vec<String>,
    /// In any of these states.
    pub states: Vec<State>,
    /// Of prices.
    pub currency: Currency,
    /// The cheapest variant costs at least this, in minor units.
    pub price_from: Option<i64>,
    /// The cheapest variant costs at most this, in minor units.
    pub price_to: Option<i64>,
    /// In which order.
    pub sort: Sort,
    /// Where the page before ended.
    pub after: Option<Place>,
    /// Products of a page.
    pub page: i32,
    /// Whether facets are counted.
    pub counts: bool,
    /// When prices are looked at.
    pub at: Timestamp,
}

/// A place in an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What products are ordered by.
    pub key: String,
    /// The product there.
    pub product: ProductId,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Products of the page, in order.
    pub products: Vec<Product>,
    /// Where the next page begins; none after the last.
    pub next: Option<Place>,
    /// How many products there are on all pages, or at least.
    pub total: i32,
    /// Whether there are exactly so many; else the counts are of so many of them.
    pub is_complete: bool,
    /// Facets by name, with the number of products that have them.
    pub facets: Vec<(String, i32)>,
}

/// Finds products by words, facets and prices.
///
/// # Errors
/// What Postgres answers.
pub async fn search(db: &Db, tenant: TenantNumber, wanted: &Search) -> Result<Found, Error> {
    let states: Vec<&str> = wanted.states.iter().copied().map(word).collect();
    let (key, product) = match &wanted.after {
        Some(place) => (Some(place.key.as_str()), Some(place.product.0)),
        None => (None, None),
    };
    let sql = include_str!("search.sql");
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&wanted.words, Type::TEXT_ARRAY),
        (&wanted.facets, Type::TEXT_ARRAY),
        (&states, Type::TEXT_ARRAY),
        (&wanted.currency.code(), Type::TEXT),
        (&wanted.price_from, Type::INT8),
        (&wanted.price_to, Type::INT8),
        (&wanted.sort.as_str(), Type::TEXT),
        (&key, Type::TEXT),
        (&product, Type::UUID),
        (&wanted.page, Type::INT4),
        (&wanted.counts, Type::BOOL),
        (&wanted.at, Type::TIMESTAMPTZ),
    ];
    let mut answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    found(answers.remove(0))
}

fn found(rows: Vec<Row>) -> Result<Found, Error> {
    let listed = rows.iter().filter(|row| row.get::<_, Option<uuid::Uuid>>(6).is_some());
    let products: Vec<Product> =
        listed.map(|row| read_product(row, 6)).collect::<Result<_, _>>()?;
    // The facets stand in the first row alone.
    let first = one_row(rows.into_iter().take(1).collect(), "search")?;
    let facets: Option<Vec<String>> = first.get(4);
    let counts: Option<Vec<i32>> = first.get(5);
    let last = first.get::<_, bool>(2).then(|| products.last().map(|product| product.id)).flatten();
    Ok(Found {
        next: last.zip(first.get(3)).map(|(product, key)| Place { key, product }),
        total: first.get(0),
        is_complete: first.get(1),
        facets: facets.unwrap_or_default().into_iter().zip(counts.unwrap_or_default()).collect(),
        products,
    })
}

/// What makes a product findable, after the product itself was written.
pub(super) fn index(tenant: TenantNumber, product: &Product) -> [Statement; 5] {
    let entry = Entry::of(product);
    let of = |sql| Statement::new(sql).with(tenant.0, Type::INT4);
    let words: Vec<String> = entry.words().into_iter().map(str::to_owned).collect();
    let document: Vec<String> = entry.terms.iter().map(|term| lexeme(tenant, term)).collect();
    [
        of(include_str!("remove_offers.sql")).with(product.id.0, Type::UUID),
        put_offers(of(include_str!("put_offers.sql")).with(product.id.0, Type::UUID), entry.offers),
        of(include_str!("learn_words.sql")).with(words, Type::TEXT_ARRAY),
        recount(tenant, product.id, (product.state == State::Published).then_some(&entry.facets)),
        of(include_str!("index.sql"))
            .with(product.id.0, Type::UUID)
            .with(entry.title_key, Type::TEXT)
            .with(entry.facets, Type::TEXT_ARRAY)
            .with(document.join(" "), Type::TEXT),
    ]
}

/// What takes a product out of the shop, after the product itself was archived.
pub(super) fn hide(tenant: TenantNumber, product: ProductId) -> [Statement; 2] {
    let hide = Statement::new(include_str!("hide.sql"));
    [recount(tenant, product, None), hide.with(tenant.0, Type::INT4).with(product.0, Type::UUID)]
}

/// Counts the facets of a product that is published, or no more, in place of those it had.
fn recount(tenant: TenantNumber, product: ProductId, facets: Option<&Vec<String>>) -> Statement {
    // The empty one counts the product itself.
    let counted = facets.map_or_else(Vec::new, |facets| {
        std::iter::once(String::new()).chain(facets.iter().cloned()).collect()
    });
    Statement::new(include_str!("recount.sql"))
        .with(tenant.0, Type::INT4)
        .with(product.0, Type::UUID)
        .with(counted, Type::TEXT_ARRAY)
}

fn put_offers(statement: Statement, offers: Vec<Offer>) -> Statement {
    let currencies: Vec<String> =
        offers.iter().map(|offer| offer.currency.code().to_owned()).collect();
    let instants = |of: fn(&Offer) -> Option<Timestamp>| offers.iter().map(of).collect::<Vec<_>>();
    let amounts = |of: fn(&Offer) -> i64| offers.iter().map(of).collect::<Vec<_>>();
    statement
        .with(currencies, Type::TEXT_ARRAY)
        .with(instants(|offer| offer.starts_at), Type::TIMESTAMPTZ_ARRAY)
        .with(instants(|offer| offer.ends_at), Type::TIMESTAMPTZ_ARRAY)
        .with(amounts(|offer| offer.low_minor), Type::INT8_ARRAY)
        .with(amounts(|offer| offer.high_minor), Type::INT8_ARRAY)
}

/// A word as a `tsvector` is written. It has letters and digits only, so that nothing is escaped.
fn lexeme(tenant: TenantNumber, term: &Term) -> String {
    let weight = match term.weight {
        Weight::Name => 'A',
        Weight::Kind => 'B',
        Weight::Trait => 'C',
        Weight::Text => 'D',
    };
    format!("'{tenant}:{}':{}{weight}", term.word, term.position)
}
