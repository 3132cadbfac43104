use axum::body::Body;
use domain::access::Scope;
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use tests::shop::product;
use tests::{Answer, World};

const NOW: &str = "2026-11-27T12:00:00Z";
const TITLES: [&str; 12] = [
    "Linen shirt",
    "Cotton T-shirt",
    "Woollen sweater",
    "Waterproof rain jacket",
    "Leather hiking boots",
    "Stainless steel kettle",
    "Porcelain coffee cup",
    "Wireless headphones",
    "Mechanical keyboard",
    "Crème brûlée torch",
    "Bamboo toothbrush",
    "Ceramic flower vase",
];

/// Half a word, other cases, plurals, words without their marks and in another order; then a
/// letter too few, one too many, another one, and two that changed places; then two such words.
const TYPED: [(&str, &str); 12] = [
    ("Linen shirt", "linen LINEN lin shirt+linen lnen linnen lienn linwn lienn+shirt"),
    ("Cotton T-shirt", "cott t-shirt tshirt T-SHIRT coton cottton cottom octton"),
    ("Woollen sweater", "sweaters wollen swater sweatter swaeter woolen+swetaer"),
    ("Waterproof rain jacket", "jackets jaket waterprof jackett rian+jacket watreproof+jakcet"),
    ("Leather hiking boots", "boot lether leathar hikking leahter lether+boost hikign+boots"),
    ("Stainless steel kettle", "kettl stainles kettel steal setel kettle+stele stianless+steel"),
    ("Porcelain coffee cup", "porcelan cofee porcelein coffe porcelian coffee+cups"),
    ("Wireless headphones", "headphons wirless hedphones wireles haedphones wierless"),
    ("Mechanical keyboard", "keyboards mechanicl keybord mecanical keybaord"),
    ("Crème brûlée torch", "creme+brulee cr%C3%A8me brule torhc trch creme+brulle"),
    ("Bamboo toothbrush", "bambo toothbrsh bambuo tootbrush bmaboo"),
    ("Ceramic flower vase", "cermic flowr ceramik caremic flwer+vase vases"),
];

/// A shop with a product of each title, the key of its keeper and that of a visitor.
async fn shop() -> (World, String, String) {
    let world = World::at(NOW).await.with_tenant("Europe/Berlin").await;
    let keeper = world.key(&[Scope::CatalogRead, Scope::CatalogWrite]).await;
    let visitor = world.key(&[Scope::CatalogRead]).await;
    for (index, title) in TITLES.iter().enumerate() {
        let color = ["red", "green", "blue"][index % 3];
        let category = ["clothes", "house"][usize::from(index > 4)];
        put(&world, &keeper, title, |wanted| {
            wanted["categories"] = json!([category]);
            wanted["attributes"] = json!({ "color": color, "organic": index % 2 == 0 });
            wanted["variants"][0]["prices"][0]["amount_minor"] = json!(1_000 * (index + 1));
        })
        .await;
    }
    (world, keeper, visitor)
}

async fn put(world: &World, key: &str, title: &str, differ: impl FnOnce(&mut Value)) -> String {
    let slug: String = title.chars().filter(char::is_ascii_alphabetic).collect();
    let (id, mut wanted) = product(&slug.to_lowercase(), &["one"]);
    wanted["title"] = json!(title);
    wanted["description"] = json!("");
    differ(&mut wanted);
    world.put(&format!("/v1/products/{id}"), key, &wanted).await.expect(200);
    id.to_string()
}

async fn find(world: &World, key: &str, query: &str) -> Value {
    world.get(&format!("/v1/products?{query}"), key).await.expect(200).json
}

fn titles(found: &Value) -> Vec<&str> {
    let products = found["products"].as_array().unwrap().iter();
    products.map(|product| product["title"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_mistyped_word_finds_what_was_meant() {
    let (world, _, visitor) = shop().await;
    for (title, typed) in TYPED {
        for typed in typed.split(' ') {
            let found = find(&world, &visitor, &format!("q={typed}")).await;
            assert_eq!(titles(&found).first(), Some(&title), "{typed}: {:?}", titles(&found));
        }
    }
    for nothing in ["zeppelin", "%27%5C%22", "linen+zeppelin"] {
        let found = find(&world, &visitor, &format!("q={nothing}")).await;
        let expected = if nothing.starts_with('%') { TITLES.len() } else { 0 };
        assert_eq!(found["total"], expected, "{nothing}");
    }
}

#[tokio::test]
async fn a_title_says_more_than_a_description() {
    let (world, keeper, visitor) = shop().await;
    let long = |wanted: &mut Value| wanted["description"] = json!("Goes well with a linen shirt");
    put(&world, &keeper, "Silk tie", long).await;
    let found = find(&world, &visitor, "q=linen").await;
    assert_eq!(titles(&found), ["Linen shirt", "Silk tie"]);
}

#[tokio::test]
async fn facets_add_up_to_what_is_found() {
    let (world, _, visitor) = shop().await;
    let sum = |found: &Value, facet: &str| -> i64 {
        let values = found["facets"][facet].as_array().unwrap().iter();
        values.map(|value| value["products"].as_i64().unwrap()).sum()
    };
    for query in ["", "q=shirt", "category=house", "attribute.color=red", "price_from=3000"] {
        let found = find(&world, &visitor, query).await;
        let total = found["total"].as_i64().unwrap();
        assert_eq!(i64::try_from(titles(&found).len()).unwrap(), total, "{query}");
        for facet in ["category", "attribute.color", "attribute.organic", "attribute.size"] {
            assert_eq!(sum(&found, facet), total, "{facet} of {query}");
        }
    }
    let whole = find(&world, &visitor, "").await;
    let value = |value: &str, products: i64| json!({ "value": value, "products": products });
    assert_eq!(whole["facets"]["category"], json!([value("house", 7), value("clothes", 5)]));
}

#[tokio::test]
async fn values_of_one_facet_are_alternatives_and_facets_narrow_each_other() {
    let (world, _, visitor) = shop().await;
    let red_or_blue = "attribute.color=red&attribute.color=blue";
    assert_eq!(find(&world, &visitor, red_or_blue).await["total"], 8);
    let clothes = find(&world, &visitor, &format!("{red_or_blue}&category=clothes")).await;
    assert_eq!(clothes["total"], 3);
    assert_eq!(find(&world, &visitor, "attribute.color=pink").await["total"], 0);
    assert_eq!(find(&world, &visitor, "q=shirt&attribute.color=green").await["total"], 1);
}

#[tokio::test]
async fn every_order_shows_each_product_once_page_by_page() {
    let (world, _, visitor) = shop().await;
    for (sort, first) in [
        ("newest", None),
        ("title", Some("Bamboo toothbrush")),
        ("price", Some("Linen shirt")),
        ("-price", Some("Ceramic flower vase")),
        ("relevance", None),
    ] {
        let mut seen: Vec<String> = Vec::new();
        let mut after = String::new();
        loop {
            let query = format!("sort={sort}&limit=5{after}");
            let page = find(&world, &visitor, &query).await;
            seen.extend(titles(&page).into_iter().map(str::to_owned));
            assert_eq!(page.get("facets").is_some(), after.is_empty());
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert!(first.is_none_or(|first| first == seen[0]), "{sort}: {seen:?}");
        seen.sort();
        let mut all = TITLES.map(str::to_owned);
        all.sort();
        assert_eq!(seen, all, "{sort}");
    }
}

#[tokio::test]
async fn a_price_counts_while_its_time_is() {
    let (world, keeper, visitor) = shop().await;
    let priced = |wanted: &mut Value| {
        wanted["variants"][0]["prices"] = json!([
            { "amount_minor": 5_000, "currency": "EUR" },
            { "amount_minor": 6_000, "currency": "USD" },
            { "amount_minor": 300, "currency": "EUR", "starts_at": "2026-11-27T00:00:00Z",
              "ends_at": "2026-11-28T00:00:00Z" },
            { "amount_minor": 200, "currency": "EUR", "starts_at": "2026-12-24T00:00:00Z" },
        ]);
    };
    let id = put(&world, &keeper, "Friday lamp", priced).await;
    let cheap = find(&world, &visitor, "price_from=300&price_to=300").await;
    assert_eq!(titles(&cheap), ["Friday lamp"]);
    let cheapest = find(&world, &visitor, "sort=price&limit=1").await;
    assert_eq!(titles(&cheapest), ["Friday lamp"]);
    assert_eq!(find(&world, &visitor, "price_to=200").await["total"], 0);
    let in_dollars = find(&world, &visitor, "sort=price&currency=USD").await;
    assert_eq!((titles(&in_dollars), &in_dollars["total"]), (vec!["Friday lamp"], &json!(1)));
    // What is planned is seen by those who plan.
    let path = format!("/v1/products/{id}");
    for (key, count) in [(&visitor, 2), (&keeper, 4)] {
        let seen = world.get(&path, key).await.expect(200).json;
        let prices = seen["variants"][0]["prices"].as_array().unwrap();
        assert_eq!(prices.len(), count);
        assert!(prices.iter().any(|price| price["amount_minor"] == 300));
    }
    let later = world.with_setup(|setup| {
        setup.clock = app::Clock::Fixed("2026-11-28T00:00:00Z".parse().unwrap());
    });
    assert_eq!(find(&later, &visitor, "price_to=300").await["total"], 0);
    let seen = later.get(&path, &visitor).await.expect(200).json;
    assert_eq!(seen["variants"][0]["prices"][0]["amount_minor"], 5_000);
}

#[tokio::test]
async fn what_is_not_published_is_neither_found_nor_counted() {
    let (world, keeper, visitor) = shop().await;
    let id = put(&world, &keeper, "Paper lantern", |wanted| wanted["state"] = json!("draft")).await;
    let query = "q=lantern";
    assert_eq!(find(&world, &visitor, query).await["total"], 0);
    assert_eq!(find(&world, &visitor, &format!("{query}&state=draft")).await["total"], 0);
    assert_eq!(find(&world, &keeper, query).await["total"], 1);
    world.sql(&format!("update product set state = 'published' where id = '{id}'")).await;
    let mut wanted = world.get(&format!("/v1/products/{id}"), &keeper).await.expect(200).json;
    for field in ["id", "version"] {
        wanted.as_object_mut().unwrap().remove(field);
    }
    world.put(&format!("/v1/products/{id}"), &keeper, &wanted).await.expect(200);
    assert_eq!(find(&world, &visitor, query).await["total"], 1);
    counts_are_right(&world, 13).await;
    world.delete(&format!("/v1/products/{id}"), &keeper).await.expect(204);
    assert_eq!(find(&world, &visitor, query).await["total"], 0);
    assert_eq!(find(&world, &keeper, &format!("{query}&state=archived")).await["total"], 1);
    counts_are_right(&world, 12).await;
}

/// The counts that are kept are those of a count.
async fn counts_are_right(world: &World, products: i64) {
    let published = "select products::bigint from facet_count where facet = ''";
    assert_eq!(world.count(published).await, products);
    let wrong = "select count(*) from (
        select facet, products from facet_count where facet <> '' and products <> 0
        except
        select substr(facet, strpos(facet, ':') + 1), count(*)::int
        from product_search, unnest(facets) facet where state = 'published' group by facet
    ) wrong";
    assert_eq!(world.count(wrong).await, 0);
}

#[tokio::test]
async fn many_who_write_at_once_leave_the_counts_right() {
    let (world, keeper, _) = shop().await;
    let writes = (0..40).map(|index| {
        let (id, mut wanted) = product(&format!("at-once-{index}"), &["S", "M"]);
        wanted["attributes"] =
            json!({ "color": (["red", "blue"][index % 2]), "stripes": index % 5 });
        wanted["categories"] = json!(["clothes", "house"]);
        let (world, keeper) = (&world, &keeper);
        async move { world.put(&format!("/v1/products/{id}"), keeper, &wanted).await.expect(200) }
    });
    join_all(writes).await;
    counts_are_right(&world, 52).await;
}

#[tokio::test]
async fn no_shop_finds_what_another_sells() {
    let (world, _, _) = shop().await;
    let world = world.with_tenant("Europe/Paris").await;
    let scopes = [Scope::CatalogRead, Scope::CatalogWrite];
    let other = world.key_of(&world.tenants()[1], &scopes, 1_000).await;
    for query in ["", "q=linen", "q=lnen", "category=clothes", "sort=price", "price_from=1"] {
        let found = find(&world, &other, query).await;
        assert_eq!((&found["total"], &found["facets"]), (&json!(0), &json!({})), "{query}");
    }
    put(&world, &other, "Linen napkin", |_| {}).await;
    assert_eq!(titles(&find(&world, &other, "q=lnen").await), ["Linen napkin"]);
    assert_eq!(find(&world, &other, "").await["total"], 1);
}

#[tokio::test]
async fn more_than_can_be_counted_are_still_in_order() {
    let (world, _, visitor) = shop().await;
    for statement in [
        "insert into product (tenant, id, slug, title, state, created_at)
         select 1, gen_random_uuid(), 'n' || n, 'Nail ' || n, 'published', now()
         from generate_series(1, 5000) n",
        "insert into product_search
         select 1, id, state, slug, created_at, '{1:category=nails}', '''1:nail'':1A'
         from product where slug ~ '^n[0-9]'",
        "insert into product_price
         select 1, id, 'EUR', '-infinity', 'infinity', substr(slug, 2)::int, 9999
         from product where slug ~ '^n[0-9]'",
        "insert into search_word values (1, 'nail')",
        "insert into facet_count values (1, 'category=nails', 5000)",
        "update facet_count set products = products + 5000 where facet = ''",
        "analyze",
    ] {
        world.sql(statement).await;
    }
    let whole = find(&world, &visitor, "limit=1").await;
    assert_eq!((&whole["total"], &whole["total_is_exact"]), (&json!(5_012), &json!(true)));
    assert_eq!(whole["facets"]["category"][0], json!({ "value": "nails", "products": 5_000 }));
    for query in ["q=nail", "q=nial", "category=nails"] {
        let nails = find(&world, &visitor, &format!("{query}&limit=1")).await;
        assert_eq!((&nails["total"], &nails["total_is_exact"]), (&json!(3_000), &json!(false)));
        let mut seen = Vec::new();
        let mut after = String::new();
        for _ in 0..3 {
            let page = format!("{query}&sort=price&limit=2{after}");
            let page = find(&world, &visitor, &page).await;
            seen.extend(titles(&page).into_iter().map(str::to_owned));
            after = format!("&after={}", page["next"].as_str().unwrap());
        }
        let cheapest: Vec<String> = (1..=6).map(|number| format!("Nail {number}")).collect();
        assert_eq!(seen, cheapest, "{query}");
    }
}

#[tokio::test]
async fn an_answer_that_is_known_is_not_sent_again() {
    let (world, keeper, visitor) = shop().await;
    let first = world.get("/v1/products?q=linen", &visitor).await.expect(200);
    assert_eq!(first.header("cache-control"), "public, max-age=60");
    assert_eq!(first.header("vary"), "authorization");
    let again = |tag: String| {
        let request = tests::client::request(Method::GET, "/v1/products?q=linen", &visitor)
            .header("if-none-match", tag)
            .body(Body::empty());
        world.send(request.unwrap())
    };
    let known: Answer = again(first.header("etag").to_owned()).await.expect(304);
    assert!(known.body.is_empty());
    put(&world, &keeper, "Linen trousers", |_| {}).await;
    again(first.header("etag").to_owned()).await.expect(200);
}

#[tokio::test]
async fn a_search_that_means_nothing_is_refused_at_its_parameter() {
    let (world, _, visitor) = shop().await;
    let long = "a".repeat(201);
    let other_order = find(&world, &visitor, "sort=title&limit=1").await;
    let other_order = other_order["next"].as_str().unwrap();
    for (query, field) in [
        ("sort=size", "sort"),
        ("price_from=cheap", "price_from"),
        ("currency=euro", "currency"),
        ("limit=all", "limit"),
        ("state=sold", "state"),
        ("colour=red", "colour"),
        ("after=nowhere", "after"),
        (&format!("sort=price&after={other_order}"), "after"),
        (&format!("q={long}"), "q"),
        (&"category=a&".repeat(51), "query"),
    ] {
        let refused = world.get(&format!("/v1/products?{query}"), &visitor).await.expect(422);
        assert_eq!(refused.json["field"], field, "{query}");
    }
}
