//! What every implementation of a port must do: the same clauses for Postgres and for AWS.
//!
//! The AWS side runs against an emulator. What that does not do as AWS does is left to the
//! Postgres side, and our part of it is checked in `ports/requests.rs`:
//! - it accepts the receipt of an earlier delivery (as SQS may for standard queues);
//! - it tells no dedupe ids apart by group;
//! - it forgets the dedupe id of a message that was acknowledged;
//! - it loses the order of a group after a visibility timeout, so order is checked without one;
//! - it cannot send dead letters back (`StartMessageMoveTask`);
//! - it never removes expired records, as DynamoDB does not for days.

use std::sync::Arc;

use app::port::KeyValue;
use app::{Clock, Role};
use jiff::Timestamp;
use tests::World;
use tests::moto::Moto;

mod key_value;
mod queue;
mod requests;

/// One test of each clause for each implementation of the queue.
macro_rules! queues {
    ($($clause:ident)*) => {
        mod on_postgres {
            $(#[tokio::test]
            async fn $clause() {
                let world = super::World::new().await;
                super::queue::$clause(&*world.app(super::Role::System).queue).await;
            })*
        }
        mod on_sqs {
            $(#[tokio::test]
            async fn $clause() {
                super::queue::$clause(&super::Moto::get().queue_port()).await;
            })*
        }
    };
}

queues! {
    what_was_sent_is_received_and_gone_once_acknowledged
    a_message_that_is_not_acknowledged_comes_again_as_the_next_attempt
    a_released_message_comes_again_at_once
    a_message_that_failed_too_often_is_a_dead_letter
    a_buried_message_is_a_dead_letter_and_frees_its_group
    a_delayed_message_comes_later
    a_repeated_message_is_dropped
    what_sqs_would_refuse_is_refused
    a_group_is_received_in_order
    two_receivers_never_hold_the_same_group
}

#[tokio::test]
async fn an_earlier_receipt_cannot_acknowledge() {
    let world = World::new().await;
    queue::an_earlier_receipt_cannot_acknowledge(&*world.app(Role::System).queue).await;
}

#[tokio::test]
async fn a_repeated_message_is_dropped_even_when_the_first_is_done() {
    let world = World::new().await;
    let app = world.app(Role::System);
    queue::a_repeated_message_is_dropped_even_when_the_first_is_done(&*app.queue).await;
}

#[tokio::test]
async fn ids_are_told_apart_by_group() {
    let world = World::new().await;
    queue::ids_are_told_apart_by_group(&*world.app(Role::System).queue).await;
}

#[tokio::test]
async fn dead_letters_are_sent_back() {
    let world = World::new().await;
    queue::dead_letters_are_sent_back(&*world.app(Role::System).queue).await;
}

#[tokio::test]
async fn a_group_keeps_its_order_when_a_message_comes_again() {
    let world = World::new().await;
    let app = world.app(Role::System);
    queue::a_group_keeps_its_order_when_a_message_comes_again(&*app.queue).await;
}

/// The same records at any instant.
type At<'a> = &'a dyn Fn(Timestamp) -> Arc<dyn KeyValue>;

/// One test of each clause for each implementation of the records.
macro_rules! records {
    ($($clause:ident)*) => {
        mod in_postgres {
            $(#[tokio::test]
            async fn $clause() {
                let world = super::World::new().await;
                let db = world.app(super::Role::System).db.clone();
                let at = |now| -> std::sync::Arc<dyn app::port::KeyValue> {
                    let clock = super::Clock::Fixed(now);
                    std::sync::Arc::new(app::port::PostgresKeyValue { db: db.clone(), clock })
                };
                super::key_value::$clause(&at).await;
            })*
        }
        mod in_dynamodb {
            $(#[tokio::test]
            async fn $clause() {
                let table = super::Moto::get().table();
                let at = |now| -> std::sync::Arc<dyn app::port::KeyValue> {
                    let clock = super::Clock::Fixed(now);
                    std::sync::Arc::new(super::Moto::get().key_value_port(&table, clock))
                };
                super::key_value::$clause(&at).await;
            })*
        }
    };
}

records! {
    a_record_is_put_replaced_and_removed
    one_of_twenty_puts_a_record_where_there_is_none
    no_update_is_lost_when_twenty_compare_and_set
    twenty_who_add_at_once_get_twenty_sums
    a_record_expires_by_the_clock_though_it_is_still_stored
    an_expired_record_is_no_hindrance_and_no_base
    an_expired_counter_starts_again_once
    a_counter_keeps_the_expiry_it_started_with
    a_counter_can_be_read_and_sink_below_zero
}
