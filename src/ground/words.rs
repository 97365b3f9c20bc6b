use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// A text in which everything that the writer did not say themselves is blank. Offsets are those of the original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnWords {
    /// The text, with a space for each byte that is not the writer's own.
    pub text: String,
    /// What stood between quotation marks in the writer's own sentences, without the marks. It carries no argument
    /// but a free text, because `title "disk full"` is how people write one.
    pub quotes: Vec<Range<usize>>,
}

/// From here on a text is somebody else's.
static FORWARDED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let marks = [
        r"-{2,}\s*(forwarded|original) message\b.*",
        r"(begin )?forwarded (message|from)\b.*:.*",
        r"on .{3,80} wrote:\s*",
        r"(from|subject): .*",
        r"(>>>|&gt;&gt;&gt;).*",
    ];
    Regex::new(&format!(r"(?im)^[ \t]*({})$", marks.join("|"))).ok()
});

/// Lines that a machine wrote: dated or levelled log lines, alerts, shell prompts.
static MACHINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let marks = [
        r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d",
        r"\[?\d\d:\d\d:\d\d\b",
        r"\[(firing|resolved|info|warn|warning|error|debug|fatal|trace)\b",
        r"(level|ts|time)=\S+ ",
        r"[$#%] \S",
        // a line of a chat: "[14:02] tom: ..."
        r"\[?\d{1,2}:\d\d(:\d\d)?( ?[ap]m)?\]?\s+\S+:",
    ];
    Regex::new(&format!(r"(?i)^\s*({})", marks.join("|"))).ok()
});

/// Links, with the title that they carry: it is the page's, not the writer's.
static LINK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let scheme = r"[a-z][a-z0-9+.-]*://";
    Regex::new(&format!(r"(?i)<{scheme}[^>\n]*>|\[[^\]\n]*\]\({scheme}[^)\s]*\)|<?\b{scheme}\S+")).ok()
});

static FENCE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"`{3,}|~{3,}").ok());

const QUOTES: [(char, &[char]); 7] = [
    ('"', &['"', '”']),
    ('“', &['”', '“', '"']),
    ('„', &['“', '”', '"']),
    ('«', &['»']),
    ('»', &['«']),
    ('「', &['」']),
    ('『', &['』']),
];

/// Blanks what the writer quotes, pastes or forwards: fenced and inline code, quoted lines, text in quotation marks,
/// forwarded mail, lines of machines, links. One word in inline code stays: it is how people mark a name.
pub fn own_words(text: &str) -> OwnWords {
    let mut foreign = Foreign { text, blank: vec![false; text.len()] };
    foreign.fences();
    if let Some(found) = FORWARDED.as_ref().and_then(|mark| mark.find(text)) {
        foreign.cut(found.start()..text.len());
    }
    foreign.lines();
    foreign.matches(&LINK);
    let quotes = foreign.quotes();
    OwnWords { text: foreign.blanked(), quotes }
}

struct Foreign<'a> {
    text: &'a str,
    blank: Vec<bool>,
}

impl Foreign<'_> {
    fn cut(&mut self, range: Range<usize>) {
        self.blank.get_mut(range).into_iter().flatten().for_each(|byte| *byte = true);
    }

    fn is_cut(&self, at: usize) -> bool {
        self.blank.get(at).copied().unwrap_or(true)
    }

    /// A fence is closed by a run of the same mark that is at least as long: shorter ones are part of what it holds.
    fn fences(&mut self) {
        let found: Vec<Range<usize>> =
            FENCE.iter().flat_map(|fence| fence.find_iter(self.text)).map(|run| run.range()).collect();
        let mark = |run: &Range<usize>| self.text.as_bytes().get(run.start).copied();
        let mut runs = found.iter();
        let mut fenced = Vec::new();
        while let Some(open) = runs.next() {
            let closes = |run: &&Range<usize>| mark(run) == mark(open) && run.len() >= open.len();
            let close = runs.find(closes).map_or(self.text.len(), |close| close.end);
            fenced.push(open.start..close);
        }
        fenced.into_iter().for_each(|range| self.cut(range));
    }

    fn lines(&mut self) {
        let mut at = 0;
        for line in self.text.split_inclusive('\n') {
            let start = line.trim_start();
            let quoted = start.starts_with('>') || start.starts_with("&gt;") || start.starts_with('＞');
            if quoted || MACHINE.as_ref().is_some_and(|mark| mark.is_match(line)) {
                self.cut(at..at + line.len());
            }
            at += line.len();
        }
    }

    fn matches(&mut self, pattern: &LazyLock<Option<Regex>>) {
        let found: Vec<_> = pattern.iter().flat_map(|pattern| pattern.find_iter(self.text)).collect();
        found.into_iter().for_each(|found| self.cut(found.range()));
    }

    /// Text in quotation marks and in inline code. A mark that is never closed quotes the rest of its paragraph: better
    /// a question too many than somebody else's words taken for an order.
    fn quotes(&mut self) -> Vec<Range<usize>> {
        let mut quotes = Vec::new();
        let mut rest = 0;
        for (at, character) in self.text.char_indices() {
            if at < rest || self.is_cut(at) {
                continue;
            }
            let Some(closing) = self.closing(at, character) else { continue };
            let inner = at + character.len_utf8();
            let paragraph = self.text.get(inner..).and_then(|text| text.find("\n\n"));
            let limit = paragraph.map_or(self.text.len(), |length| inner + length);
            let (end, next) = self.close(inner..limit, closing).unwrap_or((limit, limit));
            let words = self.text.get(inner..end).unwrap_or_default();
            let marks_a_name = character == '`' && next > end && !words.contains(char::is_whitespace);
            if marks_a_name {
                self.cut(at..inner);
                self.cut(end..next);
            } else {
                self.cut(at..next);
                if character != '`' && next > end && !words.trim().is_empty() {
                    quotes.push(inner..end);
                }
            }
            rest = next;
        }
        quotes
    }

    /// The marks that would close a quotation which opens here.
    fn closing(&self, at: usize, character: char) -> Option<&'static [char]> {
        if character == '`' {
            return Some(&['`']);
        }
        let before = self.text.get(..at).and_then(|text| text.chars().next_back());
        let opens = before.is_none_or(|before| !before.is_alphanumeric());
        if matches!(character, '\'' | '‘') {
            // An apostrophe is no quotation mark: one that opens stands before a word and is closed after one.
            let inner = at + character.len_utf8();
            let follows = self.text.get(inner..)?.chars().next()?;
            let closing: &[char] = if character == '‘' { &['’'] } else { &['\''] };
            let closed = self
                .close(inner..self.text.len(), closing)
                .is_some_and(|(end, _)| self.text.get(inner..end).is_some_and(|words| !words.contains('\n')));
            return (opens && follows.is_alphanumeric() && closed).then_some(closing);
        }
        QUOTES.iter().find(|(open, _)| *open == character).map(|(_, closing)| *closing)
    }

    /// Where a quotation ends: before the mark, and after it.
    fn close(&self, inner: Range<usize>, closing: &[char]) -> Option<(usize, usize)> {
        let text = self.text.get(inner.clone())?;
        let apostrophe = closing.iter().any(|mark| matches!(mark, '\'' | '’'));
        text.char_indices().find_map(|(offset, character)| {
            let after = offset + character.len_utf8();
            let word_goes_on = text.get(after..).and_then(|rest| rest.chars().next());
            let inside = apostrophe && word_goes_on.is_some_and(char::is_alphanumeric);
            (closing.contains(&character) && !inside).then_some((inner.start + offset, inner.start + after))
        })
    }

    fn blanked(&self) -> String {
        let mut out = String::with_capacity(self.text.len());
        for (at, character) in self.text.char_indices() {
            match (self.is_cut(at), character) {
                (false, _) | (true, '\n') => out.push(character),
                (true, _) => out.extend(std::iter::repeat_n(' ', character.len_utf8())),
            }
        }
        out
    }
}
