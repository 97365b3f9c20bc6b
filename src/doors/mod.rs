//! Floor 7: the live doors of the chat platforms. What comes in is verified, written down and acknowledged; the work
//! goes on behind.
//!
//! INVARIANT: nothing here decides what may happen. A delivery becomes an `Inbound` and passes the same gate as
//! everything else; and between a delivery and its acknowledgement there is one write of our own, no call to anybody.

pub mod slack;
