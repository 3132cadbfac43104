//! A function that does nothing: what every start is measured against.

use lambda_runtime::{Error, LambdaEvent, Runtime};
use serde_json::Value;
use tower::service_fn;

fn main() -> Result<(), Error> {
    let answer = |event: LambdaEvent<Value>| async move { Ok::<_, Error>(event.payload) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(Runtime::new(service_fn(answer)).run())
}
