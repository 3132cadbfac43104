use serde_json::{Value, json};

use crate::orders::desk::Desk;

#[tokio::test]
async fn f08_a_parcel_leaves_the_stock_arrives_and_a_part_of_it_comes_back() {
    let desk = Desk::with_stock(2).await;
    let order = desk.sold(2).await;
    let line = desk.read(&order).await["lines"][0]["id"].clone();
    let one = json!({ "lines": [{ "line": line, "quantity": 1 }] });
    // The last pieces are its own, and always there for it.
    let packed = desk.act_with_key(&order, "fulfillments", "first", &one).await.expect(200).json;
    let again = desk.act_with_key(&order, "fulfillments", "first", &one).await.expect(200).json;
    assert_eq!(packed["id"], again["id"]);
    let rest = desk.act_with_key(&order, "fulfillments", "rest", &json!({})).await.expect(200).json;
    let rest_again = desk.act_with_key(&order, "fulfillments", "rest", &json!({})).await;
    assert_eq!(rest_again.expect(200).json, rest);
    desk.act_with_key(&order, "fulfillments", "more", &json!({})).await.expect(422);
    let carried = json!({ "carrier": "DHL", "tracking_number": "0034" });
    for parcel in [&packed, &rest] {
        let id = parcel["id"].as_str().unwrap();
        for _ in 0..3 {
            let sent = desk.act(&order, &format!("fulfillments/{id}/ship"), &carried).await;
            assert_eq!(sent.expect(200).json["state"], "shipped");
        }
    }
    let world = &desk.till.shop.world;
    assert_eq!(world.count("select sum(on_hand + allocated)::bigint from stock").await, 2);
    desk.act(&order, "cancel", &json!({ "reason": "late" })).await.expect(409);
    let id = packed["id"].as_str().unwrap();
    desk.act(&order, &format!("fulfillments/{id}/deliver"), &json!({})).await.expect(200);
    let told = desk.read(&order).await;
    assert_eq!(told["fulfillment_status"], "shipped");
    assert_eq!(told["fulfillments"][0]["tracking_number"], "0034");

    let wanted = json!({ "lines": [{ "line": line, "quantity": 1 }], "reason": "too small" });
    let back = desk.act_with_key(&order, "returns", "back", &wanted).await.expect(200).json;
    let id = back["returns"][0]["id"].as_str().unwrap().to_owned();
    let restock = &world.sql("select variant, location from stock where on_hand < 2").await[0];
    let restock = json!({ "restock": [{ "variant": restock.get::<_, uuid::Uuid>(0),
        "location": restock.get::<_, uuid::Uuid>(1), "quantity": 1 }] });
    let receive = format!("returns/{id}/receive");
    desk.act(&order, &receive, &restock).await.expect(409);
    let yes = json!({ "answer": "approve" });
    desk.act(&order, &format!("returns/{id}/answer"), &yes).await.expect(200);
    for _ in 0..2 {
        let here = desk.act(&order, &receive, &restock).await.expect(200).json;
        assert_eq!(here["fulfillment_status"], "part_returned");
    }
    assert_eq!(world.count("select sum(on_hand + allocated)::bigint from stock").await, 3);
}

#[tokio::test]
async fn f08_what_comes_back_is_exchanged_for_another_size_once_and_for_nothing() {
    let desk = Desk::with_stock(3).await;
    let world = &desk.till.shop.world;
    let order = desk.sold(2).await;
    let parcel = desk.act_with_key(&order, "fulfillments", "all", &json!({})).await.expect(200);
    let parcel = parcel.json["id"].as_str().unwrap().to_owned();
    desk.act(&order, &format!("fulfillments/{parcel}/ship"), &json!({})).await.expect(200);
    let sold = desk.read(&order).await;
    let wanted = json!({ "lines": [{ "line": sold["lines"][0]["id"], "quantity": 2 }],
                         "reason": "too small" });
    let back = desk.act_with_key(&order, "returns", "back", &wanted).await.expect(200).json;
    let id = back["returns"][0]["id"].as_str().unwrap().to_owned();
    let exchange = format!("returns/{id}/exchange");
    let other = &world.sql("select id from variant where sku = 'shirt-M'").await[0];
    let other = other.get::<_, uuid::Uuid>(0);
    let of = |quantity: u32| json!({ "lines": [{ "variant": other, "quantity": quantity }] });
    desk.act(&order, &exchange, &of(2)).await.expect(409);
    let yes = json!({ "answer": "approve" });
    desk.act(&order, &format!("returns/{id}/answer"), &yes).await.expect(200);

    let too_many = desk.act(&order, &exchange, &of(3)).await.expect(422).json;
    assert_eq!(too_many["field"], "lines", "{too_many}");
    let unknown = json!({ "lines": [{ "variant": order, "quantity": 1 }] });
    let unknown = desk.act(&order, &exchange, &unknown).await.expect(422).json;
    assert_eq!(unknown["field"], "lines[0].variant", "{unknown}");
    world
        .sql("update stock set on_hand = 1 where variant <> all (select variant from cart_line)")
        .await;
    let none = desk.act(&order, &exchange, &of(2)).await.expect(409).json;
    assert_eq!(none["code"], "out_of_stock", "{none}");
    world
        .sql("update stock set on_hand = 3 where variant <> all (select variant from cart_line)")
        .await;

    for _ in 0..2 {
        let told = desk.act(&order, &exchange, &of(2)).await.expect(200).json;
        let lines = told["lines"].as_array().unwrap();
        assert_eq!(lines.len(), 2, "{told}");
        assert_eq!((&lines[1]["sku"], &lines[1]["net_minor"]), (&json!("shirt-M"), &json!(0)));
        assert_eq!(lines[1]["replaces"], json!(id));
        assert_eq!(told["totals"], sold["totals"]);
    }
    desk.act(&order, &exchange, &of(1)).await.expect(409);
    assert_eq!(world.count("select sum(allocated)::bigint from stock").await, 2);
    let packed = desk.act_with_key(&order, "fulfillments", "rest", &json!({})).await.expect(200);
    let packed: &Value = &packed.json;
    assert_eq!(packed["lines"][0]["quantity"], 2, "{packed}");
    let parcel = packed["id"].as_str().unwrap();
    desk.act(&order, &format!("fulfillments/{parcel}/ship"), &json!({})).await.expect(200);
    let left = "select on_hand::bigint from stock s join variant v on v.id = s.variant
         where v.sku = 'shirt-M'";
    assert_eq!(world.count(left).await, 1);
    let made = desk.act(&order, "invoice", &json!({})).await.expect(200);
    let page = made.text();
    assert!(!page.contains("shirt-M") && !page.contains("replaces"), "{page}");
}
