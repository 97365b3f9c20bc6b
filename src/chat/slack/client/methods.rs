//! The methods of the Web API that are called, all of them, and how each wants to be called.

/// A method of the Web API. Only this file makes one, so [`METHODS`] names them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Method {
    pub name: &'static str,
    pub body: Body,
    pub rate: Rate,
    pub again: Again,
}

/// How arguments travel. Methods that take no JSON ignore it in silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    Json,
    Form,
}

/// Slack's tiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rate {
    /// About once a second in each channel.
    PerChannel,
    /// 20 a minute.
    Tier2,
    /// 50 a minute.
    Tier3,
    /// 100 a minute.
    Tier4,
}

/// Whether a call whose outcome is not known may simply be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// It reads, or sets what is the same after a second time.
    Harmless,
    /// A second time would be seen, so who calls must look first.
    Seen,
}

macro_rules! methods {
    ($($constant:ident = $name:literal, $body:ident, $rate:ident, $again:ident;)*) => {
        $(pub(super) const $constant: Method =
            Method { name: $name, body: Body::$body, rate: Rate::$rate, again: Again::$again };)*

        /// The name of every method that is ever called.
        pub const METHODS: &[&str] = &[$($name),*];
    };
}

methods! {
    AUTH_TEST = "auth.test", Json, Tier4, Harmless;
    OPEN_SOCKET = "apps.connections.open", Json, Tier3, Harmless;
    POST = "chat.postMessage", Json, PerChannel, Seen;
    UPDATE = "chat.update", Json, Tier3, Harmless;
    WHISPER = "chat.postEphemeral", Json, Tier4, Seen;
    START_STREAM = "chat.startStream", Json, Tier2, Seen;
    APPEND_STREAM = "chat.appendStream", Json, Tier4, Harmless;
    STOP_STREAM = "chat.stopStream", Json, Tier2, Harmless;
    HISTORY = "conversations.history", Form, Tier3, Harmless;
    REPLIES = "conversations.replies", Form, Tier3, Harmless;
    INFO = "conversations.info", Form, Tier3, Harmless;
    CREATE = "conversations.create", Json, Tier2, Seen;
    INVITE = "conversations.invite", Json, Tier3, Harmless;
    TOPIC = "conversations.setTopic", Json, Tier2, Harmless;
    ARCHIVE = "conversations.archive", Json, Tier2, Harmless;
    UPLOAD_URL = "files.getUploadURLExternal", Form, Tier4, Harmless;
    COMPLETE_UPLOAD = "files.completeUploadExternal", Json, Tier4, Seen;
    USER_GROUPS = "usergroups.list", Form, Tier2, Harmless;
    USER = "users.info", Form, Tier4, Harmless;
    // A trigger opens one window, so a second time opens none.
    VIEWS_OPEN = "views.open", Json, Tier4, Harmless;
    VIEWS_PUBLISH = "views.publish", Json, Tier4, Harmless;
    SET_STATUS = "assistant.threads.setStatus", Json, Tier4, Harmless;
    SET_PROMPTS = "assistant.threads.setSuggestedPrompts", Json, Tier4, Harmless;
    SET_TITLE = "assistant.threads.setTitle", Json, Tier4, Harmless;
}
