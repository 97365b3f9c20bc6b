use std::time::Duration;

/// Why Slack did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlackError {
    /// It wants a pause first; nothing was done.
    #[error("Slack wants a pause of {} s before the next `{method}`", after.as_secs())]
    Limited {
        /// The method.
        method: &'static str,
        /// How long.
        after: Duration,
    },
    /// It never left: nothing can have happened.
    #[error("Slack cannot be reached")]
    Unreached,
    /// It left, and no whole answer came back: it may have happened.
    #[error("Slack did not answer `{0}` in time or broke off")]
    Lost(&'static str),
    /// The answer is not one of Slack's: it may have happened.
    #[error("Slack answered `{method}` with HTTP {status}")]
    Status {
        /// The method.
        method: &'static str,
        /// The HTTP status.
        status: u16,
    },
    /// It says no.
    #[error("Slack refused `{method}`: {code}{}", detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default())]
    Refused {
        /// The method.
        method: &'static str,
        /// Slack's word for it, such as `channel_not_found`.
        code: String,
        /// What it says beside that, such as the scope that is missing.
        detail: Option<String>,
    },
    /// An address that we do not send to: not ours to speak to, or in the clear.
    #[error("`{0}` is no address that this is sent to")]
    Address(String),
}

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was done, and the same call works later.
    Passing,
    /// It may have been done: look before doing it again.
    Doubtful,
    /// Our token is not accepted, or not for this: a person must set it right.
    Credentials,
    /// Where it should go is not there, or not for us.
    Gone,
    /// Slack will never take it like this.
    Wrong,
}

impl SlackError {
    /// What to do about it.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Limited { .. } | Self::Unreached => Fault::Passing,
            Self::Lost(_) | Self::Status { .. } => Fault::Doubtful,
            Self::Refused { code, .. } => fault_of(code),
            Self::Address(_) => Fault::Wrong,
        }
    }

    /// Slack's word for it, if it said one.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } => code,
            Self::Limited { .. } => "ratelimited",
            Self::Unreached | Self::Lost(_) | Self::Status { .. } | Self::Address(_) => "",
        }
    }
}

fn fault_of(code: &str) -> Fault {
    match code {
        "ratelimited" | "rate_limited" | "service_unavailable" | "team_added_to_org" | "accesslimited" => {
            Fault::Passing
        }
        "internal_error" | "fatal_error" | "request_timeout" => Fault::Doubtful,
        "invalid_auth"
        | "not_authed"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "missing_scope"
        | "not_allowed_token_type"
        | "no_permission"
        | "access_denied"
        | "org_login_required"
        | "ekm_access_denied"
        | "two_factor_setup_required"
        | "invalid_app_token" => Fault::Credentials,
        "channel_not_found"
        | "not_in_channel"
        | "is_archived"
        | "is_inactive"
        | "user_not_found"
        | "user_not_in_channel"
        | "message_not_found"
        | "cant_update_message"
        | "thread_not_found"
        | "cannot_reply_to_message"
        | "restricted_action"
        | "restricted_action_read_only_channel"
        | "restricted_action_thread_only_channel"
        | "restricted_action_non_threadable_channel"
        | "restricted_action_thread_locked"
        | "edit_window_closed"
        | "cannot_dm_bot"
        | "user_disabled"
        | "messages_tab_disabled"
        | "team_not_found"
        | "team_access_not_granted" => Fault::Gone,
        _ => Fault::Wrong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_to_do_about_it() {
        let refused = |code: &str| {
            let error = SlackError::Refused { method: "chat.postMessage", code: code.into(), detail: None };
            error.fault()
        };
        assert_eq!(refused("token_revoked"), Fault::Credentials);
        assert_eq!(refused("not_in_channel"), Fault::Gone);
        assert_eq!(refused("fatal_error"), Fault::Doubtful);
        assert_eq!(refused("invalid_blocks"), Fault::Wrong);
        assert_eq!(refused("something_new"), Fault::Wrong);
        assert_eq!(SlackError::Lost("chat.postMessage").fault(), Fault::Doubtful);
        assert_eq!(SlackError::Unreached.fault(), Fault::Passing);
        let error = SlackError::Refused {
            method: "usergroups.list",
            code: "missing_scope".into(),
            detail: Some("needs usergroups:read".into()),
        };
        insta::assert_snapshot!(error, @"Slack refused `usergroups.list`: missing_scope (needs usergroups:read)");
    }
}
