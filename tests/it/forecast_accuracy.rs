//! Our Theta against an established implementation, on series of the M3 competition.

use flate2::read::GzDecoder;
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use takings_forecast::Model;

/// The two differ in how they find the weight and first level of the smoothing.
const TOLERANCE: f64 = 0.03;

#[test]
fn theta_is_as_accurate_as_the_reference_on_m3() {
    let reference: Value = serde_json::from_str(&read("forecast-reference.json")).unwrap();
    for (set, seasons) in [("m3/quarterly", &[4][..]), ("m3/yearly", &[])] {
        let expected = &reference["results"][set]["models"]["StdTheta"];
        let (smape, mase) = accuracy(set, seasons);
        for (name, actual) in [("smape", smape), ("mase", mase)] {
            let expected = expected[name].as_f64().unwrap();
            let off = (actual / expected - 1.0).abs();
            assert!(off < TOLERANCE, "{set}: {name} is {actual}, the reference has {expected}");
        }
    }
}

/// Mean sMAPE (in percent, 0 to 200) and MASE of Theta over a set, as the M4 competition has them.
fn accuracy(set: &str, seasons: &[usize]) -> (f64, f64) {
    let season = seasons.first().copied().unwrap_or(1);
    let (histories, futures) = (series(set, "train"), series(set, "test"));
    assert_eq!(histories.len(), futures.len(), "{set}");
    let (mut smape, mut mase) = (0.0, 0.0);
    for (history, future) in histories.iter().zip(&futures) {
        let forecast = Model::Theta.predict(history, seasons, future.len()).unwrap();
        let changes = history.iter().zip(&history[season..]).map(|(a, b)| (a - b).abs());
        let scale = changes.sum::<f64>() / (history.len() - season) as f64;
        for (mean, actual) in forecast.iter().zip(future) {
            let error = (mean - actual).abs() / future.len() as f64;
            smape += 200.0 * error / (mean.abs() + actual.abs());
            mase += error / scale;
        }
    }
    let count = histories.len() as f64;
    (smape / count, mase / count)
}

/// Rows of `id,value,value,...` below a heading, without the ids.
fn series(set: &str, half: &str) -> Vec<Vec<f64>> {
    let row = |line: &str| line.split(',').skip(1).map(|value| value.parse().unwrap()).collect();
    read(&format!("{set}-{half}.csv.gz")).lines().skip(1).map(row).collect()
}

fn read(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name);
    let bytes = fs::read(&path)
        .unwrap_or_else(|error| panic!("this test needs {}: {error}", path.display()));
    let mut text = String::new();
    let decoded = if name.ends_with(".gz") {
        GzDecoder::new(&bytes[..]).read_to_string(&mut text)
    } else {
        bytes.as_slice().read_to_string(&mut text)
    };
    decoded.unwrap_or_else(|error| panic!("{} is not text: {error}", path.display()));
    text
}
