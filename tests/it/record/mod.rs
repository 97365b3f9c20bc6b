//! The record as people meet it: what leaves the database and when, what a restored backup may do, and the commands.

mod commands;
mod figures;
mod leaving;
mod object_store;
mod restored;
mod verifier;
