use std::collections::BTreeMap;

use domain::calendar::{Calendar, Grain, Zone};
use jiff::Timestamp;
use tests::World;

type Row = (i64, f64, f64, f64, Timestamp);

/// Adds all points up by hand, in the zone of each tenant, and compares with the rollups.
pub(crate) async fn assert_rollups_equal_points(world: &World) {
    let points = world
        .sql(
            "select p.series, p.at, p.value, t.zone, m.finest
             from point p
             join tenant t using (tenant)
             join series s on s.id = p.series
             join metric m on m.id = s.metric",
        )
        .await;
    for (grain, table) in [(Grain::Hour, "roll_hour"), (Grain::Day, "roll_day")] {
        let mut expected: BTreeMap<(i32, Timestamp), Row> = BTreeMap::new();
        for point in &points {
            if grain == Grain::Hour && point.get::<_, String>(4) == "day" {
                continue;
            }
            let zone = Zone::parse(point.get::<_, &str>(3)).unwrap();
            let calendar = Calendar { zone, ..Calendar::default() };
            let (at, value): (Timestamp, f64) = (point.get(1), point.get(2));
            let bucket = calendar.bucket_of(at, grain).start;
            let row = expected.entry((point.get(0), bucket)).or_insert((
                0,
                0.0,
                f64::INFINITY,
                f64::NEG_INFINITY,
                Timestamp::MIN,
            ));
            *row = (row.0 + 1, row.1 + value, row.2.min(value), row.3.max(value), row.4.max(at));
        }
        let stored = world
            .sql(&format!("select series, bucket, n, sum, min, max, last_at from {table}"))
            .await;
        let stored: BTreeMap<(i32, Timestamp), Row> = stored
            .iter()
            .map(|row| {
                (
                    (row.get(0), row.get(1)),
                    (row.get(2), row.get(3), row.get(4), row.get(5), row.get(6)),
                )
            })
            .collect();
        assert_eq!(stored, expected, "{table}");
    }
}
