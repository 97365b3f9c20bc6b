//! The app as a whole.

mod playground;
