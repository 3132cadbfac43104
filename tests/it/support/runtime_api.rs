//! The Lambda service as a function sees it: hands out events, takes answers.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use app::Clock;
use serde_json::Value;

use crate::peer::{self, Answer};

/// One step of a function in the order in which the service saw it.
#[derive(Clone, Debug)]
pub struct Step {
    /// When.
    pub at: Instant,
    /// What.
    pub what: What,
}

/// What a function did.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// It asked for the next event: the first time, its initialization was over.
    Asked,
    /// It answered the event of this number, from 0.
    Answered(usize, Value),
    /// It failed on the event of this number.
    Failed(usize, Value),
    /// It failed before it asked for an event.
    FailedToStart(Value),
}

const TIMEOUT: Duration = Duration::from_secs(29);

/// Serves these events, one after the other, each with 29 seconds time; then it lets the function
/// wait. Answers the address for `AWS_LAMBDA_RUNTIME_API`, and the function's steps.
pub fn serve(events: Vec<Value>) -> (SocketAddr, Receiver<Step>) {
    let events = Mutex::new(events.into_iter().enumerate().collect::<VecDeque<_>>());
    let (steps, seen) = mpsc::channel();
    let address = peer::listen(move |asked| {
        let note = |what| drop(steps.send(Step { at: Instant::now(), what }));
        let body = serde_json::from_slice(&asked.body).unwrap_or_default();
        let Some(rest) = asked.path.strip_prefix("/2018-06-01/runtime/invocation/") else {
            note(What::FailedToStart(body));
            return Answer::new(202, "");
        };
        let Some((number, kind)) = rest.split_once('/') else {
            note(What::Asked);
            let next = events.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            return next.map_or_else(wait_for_ever, event);
        };
        let number = number.parse().expect("the function repeats the number of its event");
        let what = if kind == "error" { What::Failed } else { What::Answered };
        note(what(number, body));
        Answer::new(202, "")
    });
    (address, seen)
}

/// The environment that Lambda gives a function, but for the configuration of its own.
#[must_use]
pub fn environment(address: SocketAddr) -> [(&'static str, String); 4] {
    [
        ("AWS_LAMBDA_RUNTIME_API", address.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", "function".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
    ]
}

fn event((number, event): (usize, Value)) -> Answer {
    let deadline = Clock::System.after(TIMEOUT).as_millisecond();
    let headers = vec![
        ("lambda-runtime-aws-request-id", number.to_string()),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:1:function:f".into()),
    ];
    Answer { headers, ..Answer::new(200, event.to_string()) }
}

fn wait_for_ever() -> Answer {
    loop {
        thread::park();
    }
}
