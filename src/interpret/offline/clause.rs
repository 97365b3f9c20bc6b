use super::announce::{announce, inverted, names_words, points_on, report_is_open, speaks};
use super::mood::mood;
use super::opening::is_other;
use super::scan::{Item, Kind};
use super::vocabulary::Vocabulary;

/// A clause: what stands between two marks or joining words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clause {
    pub joiner: Joiner,
    pub items: Vec<Item>,
    pub mood: Mood,
    /// The first item that is no polite or joining word.
    pub start: usize,
}

/// What stands before a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Joiner {
    Comma,
    Colon,
    /// A reason follows.
    Because,
    And,
    Or,
    So,
    But,
    Then,
    /// A sentence begins.
    Start,
}

/// What the writer does with a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// Orders, asks for, or just names something: "deploy ...", "can you ...", "checkout logs".
    Request,
    /// Says that something is so.
    Statement,
    /// Says that it is not to be done.
    Negated,
    /// Asks about it.
    Question,
    /// Tells what somebody said.
    Reported,
    /// Imagines it.
    Unreal,
    /// Makes it depend on a time or a condition.
    Conditional,
    /// Talks to somebody else.
    Elsewhere,
    /// Says that the writer was mistaken; what follows replaces what was said.
    Correction,
}

/// A sentence: its clauses and how it ends.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sentence {
    pub clauses: Vec<Clause>,
    pub question: bool,
}

/// Splits a message and decides the mood of each clause.
pub(super) fn sentences(items: &[Item], text: &str, bot: &str, vocabulary: &Vocabulary) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    let mut current: Vec<Item> = Vec::new();
    let mut end = 0;
    for item in items {
        let broken = text.get(end..item.span.start).is_some_and(|gap| gap.contains('\n'));
        if broken {
            sentences.extend(sentence(std::mem::take(&mut current), false, bot, vocabulary));
        }
        end = item.span.end;
        let short = matches!(current.as_slice(), [.., last] if matches!(last.word.as_str(), "e.g" | "i.e"));
        let ends =
            !short && item.kind == Kind::Mark && matches!(item.word.as_str(), "." | "!" | "?" | ";" | "…");
        if ends {
            sentences.extend(sentence(std::mem::take(&mut current), item.is("?"), bot, vocabulary));
        } else {
            current.push(item.clone());
        }
    }
    sentences.extend(sentence(current, false, bot, vocabulary));
    announce(&mut sentences, text);
    sentences
}

fn sentence(items: Vec<Item>, question: bool, bot: &str, vocabulary: &Vocabulary) -> Option<Sentence> {
    let mut clauses: Vec<Clause> = Vec::new();
    let mut announced = false;
    for (joiner, items) in split(items) {
        let (mood, start) = mood(&items, bot, vocabulary);
        let mood = if joiner == Joiner::Because { Mood::Statement } else { mood };
        // "tom, roll back checkout" is for tom.
        if let [last] = clauses.as_mut_slice()
            && joiner == Joiner::Comma
            && matches!(last.items.get(last.start..), Some([item]) if is_other(item, bot))
        {
            last.mood = Mood::Elsewhere;
        }
        // "bob: deploy checkout" is what bob said, or what bob is to do.
        if let Some(last) =
            clauses.last_mut().filter(|last| joiner == Joiner::Colon && speaks(last, vocabulary))
        {
            last.mood = Mood::Reported;
            announced = true;
        }
        // What was announced goes on to the end of the sentence, pleas in it included.
        let mood = if announced && mood == Mood::Request { Mood::Reported } else { mood };
        // "if I scaled it, would that need an approval?"
        let mood = if question && mood == Mood::Conditional { Mood::Question } else { mood };
        let mood = carried_over(clauses.last(), joiner, mood, &items);
        clauses.push(Clause { joiner, items, mood, start });
    }
    (!clauses.is_empty()).then_some(Sentence { clauses, question })
}

fn split(items: Vec<Item>) -> Vec<(Joiner, Vec<Item>)> {
    let mut parts = Vec::new();
    let mut joiner = Joiner::Start;
    let mut current: Vec<Item> = Vec::new();
    let mut before_comma = false;
    let durations: Vec<bool> =
        items.iter().map(|item| matches!(item.kind, Kind::Duration(_) | Kind::Number(_))).collect();
    for (at, item) in items.into_iter().enumerate() {
        let since = item.is("since") && durations.get(at + 1) == Some(&true);
        // "anything but production" is one thing.
        let all_but = item.is("but")
            && current.last().is_some_and(|last| {
                matches!(
                    last.word.as_str(),
                    "anything" | "everything" | "anywhere" | "everywhere" | "all" | "any"
                )
            });
        let between = matches!(current.as_slice(), [.., word, number]
            if word.is("between") && matches!(number.kind, Kind::Number(_)));
        match separator(&item, before_comma || current.is_empty()).filter(|_| !between && !since && !all_but)
        {
            Some(next) if current.is_empty() => joiner = joiner.max(next),
            Some(next) => {
                parts.push((joiner, std::mem::take(&mut current)));
                joiner = next;
            }
            None => current.push(item.clone()),
        }
        before_comma = item.is(",");
    }
    if !current.is_empty() {
        parts.push((joiner, current));
    }
    parts
}

fn separator(item: &Item, after_comma: bool) -> Option<Joiner> {
    match (&item.kind, item.word.as_str()) {
        (Kind::Mark, ":") => Some(Joiner::Colon),
        (Kind::Mark, "&") => Some(Joiner::And),
        (Kind::Mark, "/" | "|") => Some(Joiner::Or),
        (Kind::Mark, "," | "-" | "–" | "—" | "(" | ")" | "*" | "•") => Some(Joiner::Comma),
        (Kind::Word, "and" | "plus") => Some(Joiner::And),
        (Kind::Word, "because" | "since") => Some(Joiner::Because),
        (Kind::Word, "or") => Some(Joiner::Or),
        (Kind::Word, "but") => Some(Joiner::But),
        (Kind::Word, "then") => Some(Joiner::Then),
        (Kind::Word, "so") if after_comma => Some(Joiner::So),
        _ => None,
    }
}

/// A negation, a question or a report goes on over what is joined to it.
fn carried_over(before: Option<&Clause>, joiner: Joiner, mood: Mood, items: &[Item]) -> Mood {
    let Some(before) = before else { return mood };
    let polite = items.iter().any(|item| item.is("please") || item.is("instead"));
    if mood != Mood::Request || polite {
        return mood;
    }
    let joined = matches!(joiner, Joiner::And | Joiner::Or);
    let colon = joiner == Joiner::Colon;
    match before.mood {
        // "don't deploy or roll back": both. "don't wait, deploy": only the first. "don't do this: deploy": what follows.
        Mood::Negated if joined || (colon && points_on(before)) => Mood::Negated,
        Mood::Unreal if joined || colon => Mood::Unreal,
        // "i was about to type: ..."
        Mood::Statement if colon && names_words(before) => Mood::Reported,
        Mood::Question if joined || colon => Mood::Question,
        // "should it fail again, roll back"
        Mood::Question if joiner == Joiner::Comma && inverted(before) => Mood::Conditional,
        // "when the tests are green, deploy": the condition belongs to what follows.
        Mood::Conditional if colon || matches!(joiner, Joiner::Comma | Joiner::Then | Joiner::And) => {
            Mood::Conditional
        }
        // "bob wrote: deploy ...", "he says, deploy": the report has no words of its own yet.
        Mood::Reported
            if joined || (report_is_open(before) && matches!(joiner, Joiner::Comma | Joiner::Colon)) =>
        {
            Mood::Reported
        }
        Mood::Elsewhere => Mood::Elsewhere,
        Mood::Request
        | Mood::Statement
        | Mood::Negated
        | Mood::Question
        | Mood::Reported
        | Mood::Unreal
        | Mood::Conditional
        | Mood::Correction => mood,
    }
}
