//! What must hold when things go wrong: nothing twice, nothing lost, nothing off the record, and people hear of it.

mod back_end;
mod deliveries;
mod histories;
mod hostile;
mod parity;
mod process;
mod races;
mod record;
mod replicas;
mod restart;
mod start;
