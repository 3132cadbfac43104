use std::net::SocketAddr;
use std::time::Instant;

use app::Role;
use domain::access::Scope;
use tests::World;
use tests::connection::Connection;
use tokio::net::TcpListener;

use crate::latency::Latency;
use crate::query::pgbench;
use crate::table::Table;

const NOW: &str = "2026-11-21T11:30:00Z";
const CALLS: usize = 300;

/// What the cheapest search could be: a page of the products that have a word just so, by the
/// index, unranked, uncounted and in no order. The owner asks: row-level security would keep others
/// from the index. (pgbench takes a colon for a variable of its own.)
const EXACT_PAGE: &str = "select w.* from product_search s
     join whole_product w on w.tenant = s.tenant and w.id = s.product
     where s.tenant = 1 and s.document @@ cast(
         format('%L & %L', '1' || chr(58) || 'shirt', '1' || chr(58) || 'linen') as tsquery)
     limit 50";

/// What is asked for.
const ASKED: [(&str, &str); 7] = [
    ("two words", "q=linen+shirt"),
    ("a common word", "q=shirt"),
    ("a word with facets", "q=shirt&attribute.color=red&attribute.color=blue&attribute.size=M"),
    ("words, facets and prices", "q=linen+shirt&attribute.color=red&price_to=15000&sort=price"),
    ("facets", "category=shirts&attribute.color=red"),
    ("half a word", "q=linen+shi"),
    ("nothing", ""),
];

/// Mistyped, with what was meant: a letter too few, one too many, another one, and two that
/// changed places, in a short word and in a long one, alone and beside a word that is right.
const MISTYPED: [(&str, &str); 50] = [
    ("shrt", "shirt"),
    ("shiirt", "shirt"),
    ("shift", "shirt"),
    ("shrit", "shirt"),
    ("linen+shrt", "shirt"),
    ("swaeter", "sweater"),
    ("sweter", "sweater"),
    ("sweatter", "sweater"),
    ("sweatar", "sweater"),
    ("silk+swater", "sweater"),
    ("jaket", "jacket"),
    ("jackett", "jacket"),
    ("jackit", "jacket"),
    ("jakcet", "jacket"),
    ("leather+jacet", "jacket"),
    ("bots", "boots"),
    ("boosts", "boots"),
    ("bootz", "boots"),
    ("boost", "boots"),
    ("leathr+boots", "boots"),
    ("ketle", "kettle"),
    ("kettele", "kettle"),
    ("kettel", "kettle"),
    ("kittle", "kettle"),
    ("stel+kettle", "kettle"),
    ("headphons", "headphones"),
    ("hedphones", "headphones"),
    ("headpphones", "headphones"),
    ("haedphones", "headphones"),
    ("headfones", "headphones"),
    ("keybord", "keyboard"),
    ("keybaord", "keyboard"),
    ("keyboardd", "keyboard"),
    ("keyboart", "keyboard"),
    ("woden+keyboard", "keyboard"),
    ("tothbrush", "toothbrush"),
    ("toothbrsh", "toothbrush"),
    ("toothbrussh", "toothbrush"),
    ("tootbhrush", "toothbrush"),
    ("bambo+toothbrush", "toothbrush"),
    ("blankt", "blanket"),
    ("blanklet", "blanket"),
    ("blamket", "blanket"),
    ("balnket", "blanket"),
    ("woolen+blanket", "blanket"),
    ("bakpack", "backpack"),
    ("backpck", "backpack"),
    ("backpcak", "backpack"),
    ("notebok", "notebook"),
    ("candel", "candle"),
];

/// Searches 100,000 products, each search through the whole of HTTP, beside a page of exact
/// matches in the same database.
pub(crate) async fn run() -> Table {
    let mut table = Table::default();
    let world = World::at(NOW).await.with_tenant("Europe/Berlin").await;
    for statement in include_str!("search/fill.sql").split_terminator(";\n") {
        world.sql(statement).await;
    }
    world.sql("vacuum analyze").await;
    let key = world.key(&[Scope::CatalogRead]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has an address");
    let measure = async {
        let bare = pgbench(&world, EXACT_PAGE, Role::Owner);
        let against = |ours: &Latency| match &bare {
            Some(Latency { p50, .. }) => {
                format!("{:.2} (exact page: p50 {p50:.2} ms)", ours.p50 / p50)
            }
            None => "pgbench is not on the PATH".to_owned(),
        };
        for (name, query) in ASKED {
            let (ours, _found) = ask(address, &key, &[query.to_owned()]).await;
            table.row(
                &format!("search by {name}"),
                format!("{ours:.2}"),
                against(&ours),
                "p99 <= 30 ms",
            );
        }
        let typed: Vec<String> = MISTYPED.iter().map(|(typed, _)| format!("q={typed}")).collect();
        let (ours, found) = ask(address, &key, &typed).await;
        table.row("search by mistyped words", format!("{ours:.2}"), against(&ours), "p99 <= 30 ms");
        let meant = MISTYPED.iter().zip(&found);
        let hits = meant.filter(|((_, meant), found)| found.contains(*meant)).count();
        let share = format!("{hits} of {}", MISTYPED.len());
        table.row("mistyped words that find what was meant", share, String::new(), "all");
    };
    let server = async { axum::serve(listener, world.host().router()).await };
    tokio::select! {
        () = measure => {}
        _ = server => unreachable!("the server runs until the work is done"),
    }
    table
}

/// Asks again and again through one connection. How long it took, and of each query the title of
/// the first product, in small letters.
async fn ask(address: SocketAddr, key: &str, queries: &[String]) -> (Latency, Vec<String>) {
    let mut connection = Connection::open(address).await.expect("it listens");
    let (mut latencies, mut found) = (Vec::new(), Vec::new());
    for (call, query) in queries.iter().cycle().take(CALLS + queries.len()).enumerate() {
        let started = Instant::now();
        let answer = connection.get(&format!("/v1/products?{query}"), key).await;
        let (status, answer) = answer.expect("an answer");
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
        if call >= queries.len() {
            latencies.push(started.elapsed().as_secs_f64() * 1e3);
            continue;
        }
        let answer: serde_json::Value = serde_json::from_slice(&answer).expect("JSON");
        let title = answer["products"][0]["title"].as_str().unwrap_or_default();
        found.push(title.to_lowercase());
    }
    (Latency::of(latencies), found)
}
