//! The harness: what it runs, what it finds, and that what it measures is what runs.

mod batch;
mod byzantine;
mod command_line;
mod commands;
mod hostile;
mod matrix;
mod model;
mod record;
mod resume;
mod theatre;
