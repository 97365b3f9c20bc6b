//! The harness: what it runs, what it finds, and that what it measures is what runs.

mod byzantine;
mod hostile;
mod matrix;
mod theatre;
