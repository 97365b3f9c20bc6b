//! Holds the floor plan of `src/lib.rs`.
