use serde::Deserialize;

/// Something goes wrong with requests, as it does with real providers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What.
    pub kind: FaultKind,
    /// With requests whose method and path hold this, such as `POST /v1/refunds`, or `/capture`;
    /// empty for all.
    #[serde(default)]
    pub on: String,
    /// With so many of them.
    #[serde(default = "once")]
    pub times: u32,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Nothing is done; the answer is 500, and is not kept under the key.
    ErrorBefore,
    /// It is done; the answer is lost on its way, and 500 comes instead. The same key gets the
    /// true answer.
    ErrorAfter,
    /// It is done, and Stripe breaks before it can say so: 500 is what it keeps under the key.
    ErrorKept,
    /// Nothing is done, and nothing is answered.
    HangBefore,
    /// It is done, and nothing is answered.
    HangAfter,
    /// Nothing is done; the answer is 429.
    RateLimit {
        /// What `Retry-After` says; without it there is none.
        #[serde(default)]
        retry_after_s: Option<u64>,
    },
}

/// What will go wrong.
#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// What goes wrong with this request, which counts.
    pub(super) fn next(&mut self, request: &str) -> Option<FaultKind> {
        self.0.retain(|fault| fault.times > 0);
        let fault = self.0.iter_mut().find(|fault| request.contains(&fault.on))?;
        fault.times -= 1;
        Some(fault.kind)
    }
}

fn once() -> u32 {
    1
}
