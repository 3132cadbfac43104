use app::caller::Caller;
use app::extract::Parameters;
use app::{App, Problem};
use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::catalog::search::{Sort, words};
use domain::catalog::{self, limit};
use domain::tenant::Currency;
use http::HeaderMap;
use jiff::Timestamp;
use store::catalog::search::{self as products, Place, Search};

use crate::answer::{Reader, answer};
use crate::reader;
use crate::wire::ProductsOut;

const PAGE: i32 = 50;
const PAGE_MAX: i32 = 250;
/// Characters of a search.
const ASKED: usize = 200;

/// Find products
///
/// With `q` by words, which may be mistyped or half typed; with `category` and `attribute.<name>`
/// by facets, where one name given several times takes any of its values; with
/// `price_from` and `price_to` by what the cheapest variant costs now. The first page tells how
/// many products there are and which facets they have. Those that are published are found, and
/// with `catalog:write` all that are not archived; `state=archived` finds those.
#[utoipa::path(
    get, path = "/v1/products", tag = "catalog",
    params(
        ("q" = Option<String>, Query, description = "Up to 12 words in 200 characters"),
        ("category" = Option<String>, Query, description = "In one of these categories"),
        ("attribute.{name}" = Option<String>, Query, description =
            "With one of these values of an attribute or an option"),
        ("price_from" = Option<i64>, Query, description = "From this price, in minor units"),
        ("price_to" = Option<i64>, Query, description = "Up to this price, in minor units"),
        ("currency" = Option<String>, Query, description = "Of the prices; the tenant's if absent"),
        ("state" = Option<String>, Query, description = "`draft`, `published` or `archived`"),
        ("sort" = Option<String>, Query, description =
            "`relevance`, `newest`, `title`, `price` or `-price`; `relevance` unless given"),
        ("facets" = Option<bool>, Query, description = "`false` for no facets"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<i32>, Query, description = "Products of a page: 1 to 250, else 50"),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of an answer"),
    ),
    responses(
        (status = 200, description = "What was found", body = ProductsOut),
        (status = 304, description = "It is what the ETag says"),
        (status = 422, description = "A parameter is not valid"),
    )
)]
pub(crate) async fn list_products(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Parameters(asked): Parameters<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let reader = reader(&caller);
    let now = app.clock.now();
    let wanted = Asked::read(asked)?.search(caller.tenant.currency, reader, now)?;
    let sort = wanted.sort;
    let mut found = products::search(&app.db, caller.tenant.number, &wanted).await?;
    found.products = found.products.into_iter().map(|it| reader.sees(it, now)).collect();
    let next = found.next.take().map(|place| written(sort, &place));
    answer(&headers, reader, None, &ProductsOut::of(found, next, wanted.counts))
}

/// The parameters, one by one.
#[derive(Default)]
struct Asked {
    words: Vec<String>,
    facets: Vec<String>,
    price_from: Option<i64>,
    price_to: Option<i64>,
    currency: Option<Currency>,
    state: Option<catalog::State>,
    sort: Sort,
    no_facets: bool,
    after: Option<String>,
    limit: Option<i32>,
}

impl Asked {
    fn read(parameters: Vec<(String, String)>) -> Result<Self, Problem> {
        let mut asked = Self::default();
        for (name, value) in parameters {
            asked.take(&name, value)?;
        }
        if asked.facets.len() > limit::ASKED_FACETS {
            let most = limit::ASKED_FACETS;
            return Err(Problem::invalid("query", format!("filter by at most {most} values")));
        }
        Ok(asked)
    }

    fn take(&mut self, name: &str, value: String) -> Result<(), Problem> {
        match name {
            "q" if value.chars().count() > ASKED => {
                let detail = format!("a search has at most {ASKED} characters");
                return Err(Problem::invalid(name, detail));
            }
            "q" => {
                self.words = words(&value);
                self.words.dedup();
                self.words.truncate(limit::ASKED_WORDS);
            }
            "price_from" => self.price_from = Some(number(name, &value)?),
            "price_to" => self.price_to = Some(number(name, &value)?),
            "currency" => {
                let currency = Currency::try_from(value);
                self.currency =
                    Some(currency.map_err(|no| Problem::invalid(name, no.to_string()))?);
            }
            "state" => self.state = Some(state(&value)?),
            "sort" => {
                let sort = Sort::parse(&value);
                self.sort = sort.map_err(|no| Problem::invalid(name, no.to_string()))?;
            }
            "facets" => self.no_facets = value == "false",
            "after" => self.after = Some(value),
            "limit" => self.limit = Some(number(name, &value)?),
            _ if name == "category" || name.starts_with("attribute.") => {
                // The name is what facets are told apart by.
                if name.contains('=') {
                    return Err(Problem::invalid(name, "no attribute has a `=` in its name"));
                }
                self.facets.push(format!("{name}={value}"));
            }
            _ => {
                let detail = "there is no such parameter; filter by `category` and \
                              `attribute.<name>`";
                return Err(Problem::invalid(name, detail));
            }
        }
        Ok(())
    }

    fn search(self, own: Currency, reader: Reader, at: Timestamp) -> Result<Search, Problem> {
        use catalog::State::{Draft, Published};
        let states = match (reader, self.state) {
            (Reader::Visitor, _) => vec![Published],
            (Reader::Keeper, None) => vec![Draft, Published],
            (Reader::Keeper, Some(state)) => vec![state],
        };
        let sort = self.sort.among(&self.words);
        let after = self.after.as_deref().map(|text| place(sort, text)).transpose()?;
        Ok(Search {
            words: self.words,
            facets: self.facets,
            states,
            currency: self.currency.unwrap_or(own),
            price_from: self.price_from,
            price_to: self.price_to,
            sort,
            counts: after.is_none() && !self.no_facets,
            after,
            page: self.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX),
            at,
        })
    }
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_no_number| Problem::invalid(name, format!("`{text}` is no number")))
}

fn state(text: &str) -> Result<catalog::State, Problem> {
    let word = serde_json::Value::String(text.to_owned());
    serde_json::from_value(word).map_err(|error| {
        Problem::invalid("state", "a state is `draft`, `published` or `archived`").caused_by(error)
    })
}

/// A place as `next` tells it: opaque to clients, and good for the order that it was given in.
fn written(sort: Sort, place: &Place) -> String {
    let text = format!("{}\n{}\n{}", sort.as_str(), place.product, place.key);
    URL_SAFE_NO_PAD.encode(text)
}

fn place(sort: Sort, text: &str) -> Result<Place, Problem> {
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = text.splitn(3, '\n');
        let (of, product, key) = (parts.next()?, parts.next()?, parts.next()?);
        let sound = of == sort.as_str() && sort.has_key(key);
        sound.then_some(Place { key: key.to_owned(), product: product.parse().ok()? })
    };
    let detail = "send `next` of the page before, with everything else as it was";
    read().ok_or_else(|| Problem::invalid("after", detail))
}
