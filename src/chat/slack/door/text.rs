//! Slack's markup as the words that were typed.

/// The text of a message without markup, and without the mentions of `us`: what was typed, as far as that can be told.
///
/// Links become the label that was typed, mentions `@U02`, channels `#name`. Quotes keep their `>` and code keeps its
/// backticks, because what stands in them is not the person's own.
pub(super) fn plain(text: &str, us: &[&str]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(&entities(before));
        let Some((inside, tail)) = after.split_once('>') else {
            out.push('<');
            rest = after;
            continue;
        };
        match inside.strip_prefix('@').map(|mention| label(mention).0) {
            Some(user) if us.contains(&user) => {
                // `<@U0> deploy` is `deploy`; in the middle of a sentence one space is enough.
                if out.is_empty() || out.ends_with(char::is_whitespace) {
                    rest = tail.strip_prefix(' ').unwrap_or(tail);
                    continue;
                }
            }
            Some(_) | None => out.push_str(&entities(&reference(inside))),
        }
        rest = tail;
    }
    out.push_str(&entities(rest));
    unadorned(out.trim())
}

/// Whether the text mentions one of `us`.
pub(super) fn mentions(text: &str, us: &[&str]) -> bool {
    text.split("<@").skip(1).any(|after| {
        let user = after.split('>').next().unwrap_or_default();
        us.contains(&label(user).0)
    })
}

/// `&amp;`, `&lt;` and `&gt;`, the only three that Slack writes.
pub(super) fn entities(text: &str) -> String {
    // The ampersand last: `&amp;lt;` is what `&lt;` was typed as.
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// What stands between angle brackets: a mention, a channel, a link, or something for everybody.
fn reference(inside: &str) -> String {
    let (target, shown) = label(inside);
    if let Some(user) = target.strip_prefix('@') {
        return format!("@{user}");
    }
    if target.starts_with('#') {
        return shown.map_or_else(|| target.to_owned(), |name| format!("#{name}"));
    }
    if let Some(special) = target.strip_prefix('!') {
        let word = special.split('^').next().unwrap_or_default();
        return shown.map_or_else(|| format!("@{word}"), str::to_owned);
    }
    // An address that Slack made a link of has what was typed as its label.
    shown.map_or_else(|| target.trim_start_matches("mailto:").to_owned(), str::to_owned)
}

fn label(inside: &str) -> (&str, Option<&str>) {
    match inside.split_once('|') {
        Some((target, shown)) => (target, Some(shown).filter(|shown| !shown.is_empty())),
        None => (inside, None),
    }
}

/// The text without the marks of bold, italic and struck words, outside of code: `*order-service*` names a service.
fn unadorned(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let cleaned: Vec<String> = parts
        .iter()
        .enumerate()
        .map(|(index, part)| if index % 2 == 0 { without_marks(part) } else { (*part).to_owned() })
        .collect();
    cleaned.join("`")
}

fn without_marks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(bare(word));
    }
    out
}

/// A word without the pair of marks around it. A mark on one side alone is a character like any other.
fn bare(word: &str) -> &str {
    let inside = ['*', '_', '~'].into_iter().find_map(|mark| {
        let inside = word.strip_prefix(mark)?.strip_suffix(mark)?;
        (!inside.is_empty() && !inside.starts_with(mark) && !inside.ends_with(mark)).then_some(inside)
    });
    inside.map_or(word, bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_what_was_typed() {
        for (sent, typed) in [
            ("<@U0BOT> deploy order-service", "deploy order-service"),
            ("<@U0BOT|countersign> deploy", "deploy"),
            ("please <@U0BOT> deploy", "please deploy"),
            ("deploy it, <@U0BOT>", "deploy it,"),
            ("ask <@U02> or <@W03|bob>", "ask @U02 or @W03"),
            ("go to <#C01|deployments> or <#C02>", "go to #deployments or #C02"),
            (
                "<!here> <!channel> <!subteam^S01|@leads> <!date^1^{date}|today>",
                "@here @channel @leads today",
            ),
            ("see <https://example.com/a?b=1&amp;c=2>", "see https://example.com/a?b=1&c=2"),
            ("run <http://order-service.io|order-service.io>", "run order-service.io"),
            (
                "mail <mailto:a@example.com|a@example.com> <mailto:b@example.com>",
                "mail a@example.com b@example.com",
            ),
            ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
            ("&amp;lt;", "&lt;"),
            ("&gt; deploy it\nno", "> deploy it\nno"),
            ("scale *order-service* to _6_ in *_production_*", "scale order-service to 6 in production"),
            ("my_own_service and *this", "my_own_service and *this"),
            ("`*order-service*` and ~old~", "`*order-service*` and old"),
            ("a < b", "a < b"),
            ("a <b", "a <b"),
            ("**", "**"),
            ("", ""),
            ("<@U0BOT>", ""),
        ] {
            assert_eq!(plain(sent, &["U0BOT"]), typed, "{sent}");
        }
    }

    #[test]
    fn only_our_own_mention_is_for_us() {
        assert!(mentions("hello <@U0BOT>", &["U0BOT"]));
        assert!(mentions("<@U0BOT|countersign> x", &["U0BOT"]));
        assert!(!mentions("hello <@U0BOTS> @U0BOT &lt;@U0BOT&gt;", &["U0BOT"]));
        assert!(!mentions("hello <@U0BOT>", &[]));
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_it(text in "[<>|@#!a-z&;*_`~ \n]{0,60}") {
            let _total = plain(&text, &["a"]);
        }
    }
}
