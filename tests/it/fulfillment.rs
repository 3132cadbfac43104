use serde_json::json;

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
