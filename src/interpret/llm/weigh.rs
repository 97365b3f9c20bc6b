use async_openai::types::chat::{
    ChatCompletionMessageToolCall, ChatCompletionMessageToolCalls, ChatCompletionRequestAssistantMessage,
    ChatCompletionRequestMessage, ChatCompletionRequestToolMessage, FunctionCall,
};
use serde_json::Value;

use super::answer::{Answer, Asked};
use super::request::Sent;
use super::thread::{clean, short};
use super::words::{AskClarification, Decline, Reply, Word};
use crate::catalog::{AdmitError, AdmitReason, Call, Catalog, Tool};
use crate::domain::{Interpretation, Origin, Proposal, Question, parse_strict};
use crate::redact::Redactor;

/// The most calls in one answer.
const MOST_CALLS: usize = 10;
/// The most characters that a model says to a person.
const MAX_SAID: usize = 1_500;
/// The most characters of a reason that something is not accepted.
const MAX_REASON: usize = 300;
/// The longest list of choices that a question names.
const MOST_CHOICES: usize = 12;

/// Judges answers of a model.
pub(super) struct Scales<'a> {
    pub catalog: &'a Catalog,
    /// The tools that were sent. No other can be called.
    pub sent: &'a [Sent<'a>],
    pub by: &'a Origin,
    pub redactor: &'a Redactor,
}

/// What came of an answer.
pub(super) enum Weighed {
    Done(Interpretation),
    /// It goes back to the model with what is wrong.
    Wrong(Wrong),
}

/// Why an answer is not accepted.
pub(super) struct Wrong {
    /// What the model is told, call by call.
    pub notes: Vec<String>,
    /// What the asker is asked when it cannot be put right.
    pub question: Question,
}

/// One call, judged.
enum Judged {
    Word(Word),
    Proposal(Proposal, Box<Call>),
    Missing(Question),
    Wrong { note: String, question: Question },
}

impl Scales<'_> {
    /// An open question wins over everything, a refusal over calls: nothing is done in part.
    pub(super) fn weigh(&self, answer: &Answer) -> Weighed {
        if answer.calls.is_empty() {
            return Weighed::Done(self.in_words(answer));
        }
        if answer.calls.len() > MOST_CALLS {
            let count = answer.calls.len();
            let text = format!("That would be {count} steps at once. Please ask for at most {MOST_CALLS}.");
            return Weighed::Done(Interpretation::Clarify(ask(text)));
        }
        let judged: Vec<Judged> = answer.calls.iter().map(|call| self.judge(call)).collect();
        let notes = judged.iter().map(note).collect();
        let mut sorted = Sorted::default();
        judged.into_iter().for_each(|judged| sorted.take(judged));
        if let Some(asked) = sorted.asked {
            return Weighed::Done(Interpretation::Clarify(self.question(&asked)));
        }
        if let Some(declined) = sorted.declined {
            let reason = self.said(&declined.reason).unwrap_or_else(|| "I cannot do that.".to_owned());
            return Weighed::Done(Interpretation::Refuse(reason));
        }
        if let Some(question) = sorted.wrong {
            return Weighed::Wrong(Wrong { notes, question });
        }
        Weighed::Done(self.settled(sorted))
    }

    /// Why an answer breaks the schemas it was sent, whether or not something can be made of it.
    pub(super) fn invalid(&self, answer: &Answer) -> Option<String> {
        if answer.calls.is_empty() && looks_like_code(&answer.text) {
            return Some("A call is written as text.".to_owned());
        }
        answer.calls.iter().find_map(|call| match self.judge(call) {
            Judged::Word(_) | Judged::Proposal(..) => None,
            Judged::Missing(question) => Some(question.text),
            Judged::Wrong { note, .. } => Some(note),
        })
    }

    fn settled(&self, sorted: Sorted) -> Interpretation {
        let calls = sorted.proposals;
        if let Some(question) = sorted.missing {
            return Interpretation::Clarify(question);
        }
        if sorted.nothing && !calls.is_empty() {
            let text = "I am not sure whether you want me to do something. Please say what.";
            return Interpretation::Clarify(ask(text.to_owned()));
        }
        if !calls.is_empty() {
            return Interpretation::Calls(calls.into_iter().map(|(proposal, _)| proposal).collect());
        }
        match sorted.reply.and_then(|reply| self.said(&reply.text)) {
            Some(text) => Interpretation::Answer(text),
            None => Interpretation::Nothing,
        }
    }

    /// An answer without calls. A call that is written as text is none: nobody can tell it from a quotation.
    fn in_words(&self, answer: &Answer) -> Interpretation {
        if let Some(reason) = answer.refusal.as_deref().and_then(|reason| self.said(reason)) {
            return Interpretation::Refuse(reason);
        }
        if looks_like_code(&answer.text) {
            let text = "The language model answered in a form that I do not act on. Please say it again, or type the \
                        exact command.";
            return Interpretation::Answer(text.to_owned());
        }
        self.said(&answer.text).map_or(Interpretation::Nothing, Interpretation::Answer)
    }

    fn judge(&self, call: &Asked) -> Judged {
        let arguments = match &call.arguments {
            Ok(arguments) => arguments,
            Err(error) => {
                return self.wrong(&format!("The arguments cannot be read: {error}."), unclear(None));
            }
        };
        match Word::parse(&call.name, arguments) {
            Some(Ok(word)) => return Judged::Word(word),
            Some(Err(error)) => return self.wrong(&format!("Not accepted: {error}."), unclear(None)),
            None => {}
        }
        let Some(Sent { tool, .. }) = self.sent.iter().find(|sent| sent.name == call.name) else {
            return self.wrong(&format!("There is no tool `{}`.", call.name), unclear(None));
        };
        let proposal = Proposal {
            tool: tool.name().to_owned(),
            args: without_nulls(arguments.clone()),
            origin: self.by.clone(),
        };
        match self.catalog.admit(&proposal) {
            Ok(call) => Judged::Proposal(proposal, Box::new(call)),
            // Asked, and not sent back: a model that is told what is missing makes it up.
            Err(error) if error.reason == AdmitReason::MissingArgument => {
                Judged::Missing(self.about(&error, tool))
            }
            Err(error) => self.wrong(&format!("Not accepted: {}.", error.sentence), self.about(&error, tool)),
        }
    }

    fn wrong(&self, note: &str, question: Question) -> Judged {
        Judged::Wrong { note: short(&clean(note, self.redactor), MAX_REASON), question }
    }

    /// What a model says, fit for a person to read. `None` when it says nothing.
    fn said(&self, text: &str) -> Option<String> {
        let text = clean(text, self.redactor);
        Some(short(text.trim(), MAX_SAID)).filter(|text| !text.is_empty())
    }

    fn question(&self, asked: &AskClarification) -> Question {
        let text = self.said(&asked.question).unwrap_or_else(|| "What exactly do you mean?".to_owned());
        let mut missing: Vec<String> = Vec::new();
        for name in &asked.missing {
            let name = name.rsplit_once('.').map_or(name.as_str(), |(_tool, argument)| argument);
            let known = self.sent.iter().any(|sent| sent.tool.param(name).is_some());
            if known && !missing.iter().any(|earlier| earlier == name) {
                missing.push(name.to_owned());
            }
        }
        let choices = self.choices(&missing);
        Question { text, missing, choices }
    }

    /// The names there are to choose from, when one thing is missing and they are few.
    fn choices(&self, missing: &[String]) -> Vec<String> {
        let [name] = missing else { return Vec::new() };
        let names =
            self.sent.iter().filter_map(|sent| sent.tool.param(name)).find_map(|param| param.names.as_ref());
        let names = names.map(|names| names.canonical().to_vec()).unwrap_or_default();
        if names.len() <= MOST_CHOICES { names } else { Vec::new() }
    }

    /// The question that a mistake in the arguments comes to: about what the asker may have said, not about what the
    /// model made up.
    fn about(&self, error: &AdmitError, tool: &Tool) -> Question {
        match error.reason {
            AdmitReason::MissingArgument
            | AdmitReason::UnknownName
            | AdmitReason::NotAllowed
            | AdmitReason::HiddenCharacter
            | AdmitReason::TooLarge => {}
            AdmitReason::UnknownTool
            | AdmitReason::NotAnObject
            | AdmitReason::UnknownArgument
            | AdmitReason::WrongType
            | AdmitReason::BrokenTool => return unclear(Some(tool)),
        }
        let reason = short(&clean(&error.sentence, self.redactor).replace('\n', " "), MAX_REASON);
        let end = if reason.ends_with(['?', '…']) { "" } else { "." };
        let argument = error.path.trim_start_matches('/');
        let missing = match (error.missing.as_ref(), tool.param(argument)) {
            ([], Some(param)) => vec![param.name.clone()],
            (missing, _) => missing.to_vec(),
        };
        let choices = if error.suggestions.is_empty() { &error.choices } else { &error.suggestions };
        Question {
            text: format!("I cannot make a command of that yet: {reason}{end}"),
            missing,
            choices: choices.clone(),
        }
    }
}

/// The question when nothing better can be asked, with the command to type instead where it is known.
fn unclear(tool: Option<&Tool>) -> Question {
    let example = tool.map(|tool| format!(", as in `{}`", tool.manifest().slash.example)).unwrap_or_default();
    ask(format!(
        "I could not make a command of that. Please say it in other words, or type the exact command{example}."
    ))
}

/// The calls of one answer by what they are.
#[derive(Default)]
struct Sorted {
    asked: Option<AskClarification>,
    declined: Option<Decline>,
    reply: Option<Reply>,
    nothing: bool,
    proposals: Vec<(Proposal, Box<Call>)>,
    missing: Option<Question>,
    wrong: Option<Question>,
}

impl Sorted {
    /// The first of each kind counts. The same call twice is one: models repeat themselves, people do not ask for a
    /// thing twice in one message.
    fn take(&mut self, judged: Judged) {
        match judged {
            Judged::Word(Word::Ask(asked)) => self.asked = self.asked.take().or(Some(asked)),
            Judged::Word(Word::Decline(declined)) => self.declined = self.declined.take().or(Some(declined)),
            Judged::Word(Word::Reply(reply)) => self.reply = self.reply.take().or(Some(reply)),
            Judged::Word(Word::Nothing) => self.nothing = true,
            Judged::Proposal(proposal, call) => {
                let same = |earlier: &Call| earlier.tool() == call.tool() && earlier.args() == call.args();
                if !self.proposals.iter().any(|(_, earlier)| same(earlier)) {
                    self.proposals.push((proposal, call));
                }
            }
            Judged::Missing(question) => self.missing = self.missing.take().or(Some(question)),
            Judged::Wrong { question, .. } => self.wrong = self.wrong.take().or(Some(question)),
        }
    }
}

/// What the model is told about one of its calls.
fn note(judged: &Judged) -> String {
    let wrong = match judged {
        Judged::Word(_) | Judged::Proposal(..) => {
            return "Understood, not done yet. Send it again with the others.".to_owned();
        }
        Judged::Missing(question) => &question.text,
        Judged::Wrong { note, .. } => note,
    };
    format!("{wrong} Correct it only if the asker's own words say how. Otherwise call ask_clarification.")
}

/// The answer and what is wrong with it, for the next request.
pub(super) fn sent_back(answer: &Answer, notes: &[String]) -> Vec<ChatCompletionRequestMessage> {
    let calls = answer.calls.iter().map(|call| {
        let function = FunctionCall { name: call.name.clone(), arguments: call.raw.clone() };
        ChatCompletionMessageToolCalls::from(ChatCompletionMessageToolCall { id: call.id.clone(), function })
    });
    let said = ChatCompletionRequestAssistantMessage {
        tool_calls: Some(calls.collect()),
        ..ChatCompletionRequestAssistantMessage::default()
    };
    let notes = answer.calls.iter().zip(notes).map(|(call, note)| {
        ChatCompletionRequestToolMessage { content: note.as_str().into(), tool_call_id: call.id.clone() }
            .into()
    });
    [said.into()].into_iter().chain(notes).collect()
}

fn ask(text: String) -> Question {
    Question { text, missing: Vec::new(), choices: Vec::new() }
}

fn looks_like_code(text: &str) -> bool {
    let bare = text.trim().trim_start_matches("```json").trim_matches('`').trim();
    let json = parse_strict(bare).is_ok_and(|value| value.is_object() || value.is_array());
    json || text.contains("<tool_call") || text.contains("<|tool")
}

/// Null and left out are the same to us, and only one of them goes on.
fn without_nulls(arguments: Value) -> Value {
    match arguments {
        Value::Object(map) => Value::Object(map.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            other
        }
    }
}
