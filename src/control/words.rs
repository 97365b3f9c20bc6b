use crate::domain::Action;

/// What words at the command line are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// A message.
    Text,
    /// A press on the card of a request that waits, as a button or reaction would be in a chat.
    Press {
        /// Which.
        action: Action,
        /// The words after it.
        note: Option<String>,
    },
}

pub(super) fn meant(text: &str) -> Meant {
    let (first, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
    let action = match first.to_lowercase().as_str() {
        "✅" | "approve" => Action::Approve,
        "❌" | "deny" => Action::Deny,
        "confirm" => Action::Confirm,
        "withdraw" => Action::Withdraw,
        "retract" => Action::Retract,
        _ => return Meant::Text,
    };
    Meant::Press { action, note: Some(rest.trim().to_owned()).filter(|note| !note.is_empty()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presses_are_told_from_messages() {
        assert_eq!(meant("✅"), Meant::Press { action: Action::Approve, note: None });
        assert_eq!(
            meant("deny too late in the day"),
            Meant::Press { action: Action::Deny, note: Some("too late in the day".to_owned()) }
        );
        assert_eq!(meant("/deploy order-service v2.4.1 staging"), Meant::Text);
        assert_eq!(meant("please approve"), Meant::Text);
    }
}
