use domain::audit::Entry;
use serde_json::Value;

use crate::attempts::ClientAddress;
use crate::caller::Caller;

/// What a caller did to a tenant, for its log: the action and its subject, as it was and as it is.
/// No personal datum belongs in it but the address of the net that the call came from.
#[must_use]
pub fn entry(
    caller: &Caller,
    from: ClientAddress,
    (action, subject): (&'static str, &str),
    (before, after): (Value, Value),
) -> Entry {
    Entry {
        actor: caller.actor(),
        action,
        subject: subject.to_owned(),
        before,
        after,
        from: from.0.map(|address| address.to_string()),
    }
}
