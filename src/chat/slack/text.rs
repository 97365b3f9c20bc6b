//! Text on its way to Slack: nobody is pinged by it, nothing is linked by it, and it fits.

/// A text as Slack's markup that shows it as it is, cut to `most` units with an ellipsis.
///
/// The three characters that begin a mention, a link or an entity are escaped; without them none can begin. Length is
/// counted in UTF-16 units, the strictest of the ways to count.
pub(super) fn escaped(text: &str, most: usize) -> String {
    fit(text, most, |character, out| match character {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        _ => out.push(character),
    })
}

/// A text for where Slack reads no markup, cut to `most` units with an ellipsis.
pub(super) fn cut(text: &str, most: usize) -> String {
    fit(text, most, |character, out| out.push(character))
}

/// Escaped text between backticks. A backtick inside would end it, so it becomes an apostrophe.
pub(super) fn code(text: &str, most: usize) -> String {
    let flat = text.replace('`', "'").replace('\n', " ");
    format!("`{}`", escaped(&flat, most.saturating_sub(2)))
}

fn fit(text: &str, most: usize, write: impl Fn(char, &mut String)) -> String {
    let mut out = String::with_capacity(text.len().min(most));
    let mut units = 0;
    // Where the text is cut if it does not fit: before the character for which there is no room beside the ellipsis.
    let mut cut_at = None;
    for character in text.chars() {
        let before = out.len();
        write(character, &mut out);
        let added: usize = out.get(before..).map_or(0, |added| added.encode_utf16().count());
        units += added;
        if units > most.saturating_sub(1) && cut_at.is_none() {
            cut_at = Some(before);
        }
        if units > most {
            out.truncate(cut_at.unwrap_or(before));
            out.push('…');
            return out;
        }
    }
    out
}

/// The beginning of a text that has at most `most` units as a JSON string, at the end of a line if there is one.
pub(super) fn beginning(text: &str, most: usize) -> &str {
    let mut size = 0;
    let mut end = 0;
    let mut last_line = None;
    for (at, character) in text.char_indices() {
        size += in_json(character);
        if size > most {
            let whole_lines = last_line.filter(|line| *line > 0).unwrap_or(end);
            return text.get(..whole_lines).unwrap_or_default();
        }
        end = at + character.len_utf8();
        if character == '\n' {
            last_line = Some(end);
        }
    }
    text
}

/// How much a character takes in JSON.
fn in_json(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        _ => character.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// How many units a text has, as Slack counts.
    fn units(text: &str) -> usize {
        text.encode_utf16().count()
    }

    #[test]
    fn nobody_is_pinged_and_nothing_is_linked() {
        assert_eq!(
            escaped("<!channel> <@U01> <https://x|y> &lt;!here&gt;", 100),
            "&lt;!channel&gt; &lt;@U01&gt; &lt;https://x|y&gt; &amp;lt;!here&amp;gt;"
        );
        assert_eq!(code("a`b <c>\nd", 40), "`a'b &lt;c&gt; d`");
    }

    #[test]
    fn an_entity_is_never_cut_in_two() {
        assert_eq!(escaped("ab&cd", 9), "ab&amp;cd");
        assert_eq!(escaped("ab&cd", 8), "ab&amp;…");
        assert_eq!(escaped("ab&cd", 7), "ab…");
        assert_eq!(escaped("ab", 2), "ab");
        assert_eq!(escaped("abc", 2), "a…");
        assert_eq!(cut("a🦀b", 4), "a🦀b");
        assert_eq!(cut("a🦀b", 3), "a…");
    }

    #[test]
    fn a_long_text_ends_with_a_line() {
        assert_eq!(beginning("one\ntwo\nthree", 10), "one\ntwo\n");
        assert_eq!(beginning("one two three", 7), "one two");
        assert_eq!(beginning("short", 7), "short");
        assert_eq!(beginning("\"\"\"\"", 4), "\"\"");
    }

    proptest! {
        #[test]
        fn whatever_the_text_it_fits_and_begins_nothing(text in any::<String>(), most in 1usize..200) {
            let shown = escaped(&text, most);
            prop_assert!(units(&shown) <= most, "{shown}");
            prop_assert!(!shown.contains(['<', '>']));
            prop_assert!(units(&cut(&text, most)) <= most);
            let json = serde_json::to_string(beginning(&text, most)).unwrap();
            prop_assert!(json.len() <= most + 2);
        }

        #[test]
        fn what_fits_is_not_changed(text in "[a-z🦀 ]{0,50}") {
            prop_assert_eq!(escaped(&text, units(&text).max(1)), text.clone());
        }
    }
}
