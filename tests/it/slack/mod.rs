//! Slack, over HTTP and over sockets, against a Slack of our own.

mod delivery;
mod doors;
mod limits;
mod live;
mod peers;
mod set_up;
mod sockets;
mod standing;
mod stories;
mod windows;
