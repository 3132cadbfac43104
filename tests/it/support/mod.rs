//! What every test stands on: a world with a real Postgres, requests, and peers.

/// Requests and what they are answered.
pub mod client;
/// Requests through a real connection.
pub mod connection;
/// Something that loses an answer of Postgres.
pub mod cutter;
/// Stripe on this machine.
pub mod gateway;
/// Functions as Lambda runs them.
pub mod lambda;
/// AWS on this machine.
pub mod moto;
/// A peer that tells what it was asked.
pub mod peer;
/// People who register, log in and belong to tenants.
pub mod people;
/// One Postgres for all tests of a process, and a database of its own for each.
pub mod postgres;
/// Something between a client and Postgres.
pub mod proxy;
/// The Lambda service as a function sees it.
pub mod runtime_api;
/// Things to sell.
pub mod shop;
/// Checkers and emulators written in Python.
pub mod tools;
/// A world for one test.
pub mod world;

pub use client::Answer;
pub use world::World;
