//! Temporary.
#[cfg(test)]
#[path = "../it"]
mod it {
    pub(crate) mod query;
}
#[cfg(test)]
use it::query;
fn main() {}
