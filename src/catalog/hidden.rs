/// The first character of `text` that people cannot see, or that changes how the rest is shown: control characters,
/// direction marks, zero-width and tag characters. The joiner inside an emoji is none of them.
pub fn hidden_character(text: &str) -> Option<char> {
    told_apart(text).find_map(|(character, hidden)| hidden.then_some(character))
}

/// The text without the characters that [`hidden_character`] finds, line breaks among them.
pub fn visible(text: &str) -> String {
    told_apart(text).filter_map(|(character, hidden)| (!hidden).then_some(character)).collect()
}

/// The text with the characters that [`hidden_character`] finds written out as `⟨U+202E⟩`, for people who have to see
/// what is there. Line breaks and tabs stay.
pub fn revealed(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (character, hidden) in told_apart(text) {
        if hidden && character != '\n' && character != '\t' {
            shown.push_str(&format!("⟨U+{:04X}⟩", u32::from(character)));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Each character, and whether it is hidden.
fn told_apart(text: &str) -> impl Iterator<Item = (char, bool)> {
    text.chars().scan(None, |before, character| {
        let joins_emoji = character == '\u{200D}' && before.is_some_and(is_pictograph);
        *before = Some(character);
        Some((character, is_hidden(character) && !joins_emoji))
    })
}

fn is_pictograph(character: char) -> bool {
    matches!(character, '\u{2190}'..='\u{2BFF}' | '\u{FE0F}' | '\u{1F000}'..='\u{1FAFF}')
}

/// Cc, the Default_Ignorable_Code_Points that have no business in an argument, and the line separators.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
                | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
                | '\u{1BCA0}'..='\u{1BCA3}' | '\u{E0000}'..='\u{E0FFF}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_found() {
        for (text, found) in [
            ("order\u{200B}s", Some('\u{200B}')),
            ("a\u{202E}b", Some('\u{202E}')),
            ("a\nb", Some('\n')),
            ("\u{E0041}", Some('\u{E0041}')),
            ("a\u{200D}b", Some('\u{200D}')),
            ("größer 注文 👩\u{200D}💻 ❤\u{FE0F}", None),
        ] {
            assert_eq!(hidden_character(text), found, "{text:?}");
            assert_eq!(visible(text) == text, found.is_none(), "{text:?}");
            assert_eq!(hidden_character(&visible(text)), None, "{text:?}");
        }
        assert_eq!(visible("pro\u{200B}d\u{202E}\r"), "prod");
        assert_eq!(revealed("pro\u{200B}d\n\u{202E}\u{1b}[1m"), "pro⟨U+200B⟩d\n⟨U+202E⟩⟨U+001B⟩[1m");
    }
}
