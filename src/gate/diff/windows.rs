use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Time;

use crate::gate::freeze::{Freeze, Window};

/// Whether one freeze stops everything, at every moment, that the other stops.
pub(super) fn covers(wide: &Freeze, narrow: &Freeze) -> bool {
    contains_all(wide.env.as_ref(), narrow.env.as_ref())
        && wide.exempt.is_subset(&narrow.exempt)
        && window_covers(&wide.window, &narrow.window)
}

/// Whether it is over for good.
pub(super) fn over(freeze: &Freeze, now: Timestamp) -> bool {
    match &freeze.window {
        Window::Once { to, .. } => *to <= now,
        Window::Weekly { .. } => false,
    }
}

/// Whether the first set of names holds the second; `None` is all there are.
pub(super) fn contains_all<T: Ord>(wide: Option<&BTreeSet<T>>, narrow: Option<&BTreeSet<T>>) -> bool {
    match (wide, narrow) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => narrow.is_subset(wide),
    }
}

/// A window that returns each week is compared with its like alone: on other clocks, or once, it counts as another.
fn window_covers(wide: &Window, narrow: &Window) -> bool {
    match (wide, narrow) {
        (Window::Once { from, to }, Window::Once { from: start, to: end }) => from <= start && end <= to,
        (
            Window::Weekly { days, from, to, zone },
            Window::Weekly { days: fewer, from: start, to: end, zone: other },
        ) => {
            zone == other
                && fewer.iter().all(|day| days.contains(day))
                && from <= start
                && until(*start, *end) <= until(*from, *to)
        }
        (Window::Once { .. }, Window::Weekly { .. }) | (Window::Weekly { .. }, Window::Once { .. }) => false,
    }
}

/// The end in order with ends on the next day.
fn until(from: Time, to: Time) -> (bool, Time) {
    (to <= from, to)
}
