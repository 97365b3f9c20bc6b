//! Slack, over HTTP and over sockets, against a Slack of our own.

mod delivery;
mod doors;
mod limits;
mod peers;
mod sockets;
mod stories;
mod windows;
