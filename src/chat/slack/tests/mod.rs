mod cards;
mod door;
mod limits;
mod payloads;
mod windows;
