/// The first character of `text` that people cannot see, or that changes how the rest is shown: control characters,
/// direction marks, zero-width and tag characters. The joiner inside an emoji is none of them.
pub fn hidden_character(text: &str) -> Option<char> {
    let mut before = None;
    for character in text.chars() {
        let joins_emoji = character == '\u{200D}' && before.is_some_and(is_pictograph);
        if is_hidden(character) && !joins_emoji {
            return Some(character);
        }
        before = Some(character);
    }
    None
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
        }
    }
}
