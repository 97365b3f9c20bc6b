//! The words of English that are the same whatever the tools are.

use std::collections::HashSet;
use std::sync::LazyLock;

type Set = LazyLock<HashSet<&'static str>>;

macro_rules! sets {
    ($($(#[$doc:meta])* $name:ident, $function:ident = $words:literal;)*) => {$(
        static $name: Set = LazyLock::new(|| $words.split_ascii_whitespace().collect());
        $(#[$doc])*
        pub(super) fn $function(word: &str) -> bool {
            $name.contains(word)
        }
    )*};
}

sets! {
    /// Words that hold a sentence together and name no action and no thing.
    FUNCTION, is_function = "a an the this that these those it its 's i i'd i'm i've i'll you your u we we'd we've we'll
        our us me my he she they them their his her is are was were be been being am do does did has have had having
        can could would will shall should may might must to of in on at onto into for from with without by as than and
        or but so if then there here please pls plz thanks thx thank cheers ok okay hey hi hello morning good great
        kindly just now right again also too very really some any anything something someone somebody anybody anyone
        everybody everyone all both each every other others one ones what which who whom whose when where why how
        whether not no yes yeah yep nope well only still yet already up down over under out off about after before while
        because since until till per via not let's lets ll re ve 4 2 asap immediately quickly urgently finally first
        next last past previous recent current currently same another more less such own else ever even much many few
        lot whole like between around roughly approximately somewhere anywhere everywhere somehow wanna gonna gotta am pm sure know knows";
    /// Verbs that say that something is wanted and hardly what.
    LIGHT, is_light = "do make get put have want need give take bring set let go see show tell run start use try
        move change apply perform trigger kick look check find open add handle switch turn please would like love
        proceed carry adjust modify send place pull push point initiate launch begin care needs wants";
    /// Polite and joining words before what is said.
    FILLER, is_filler = "please pls plz ok okay hey hi hello morning afternoon evening good great well so then now and
        but also just quickly first next finally yes yeah yep yup sure agreed alright right thanks thx thank cheers
        kindly emergency urgent again instead once more too hm hmm ouch oh ah um no nope still actually really simply
        therefore hence asap btw team folks everyone everybody all there bot and/or meanwhile afterwards secondly
        lastly additionally plus immediately";
    /// Verbs by which somebody reports what somebody said or thinks.
    SPEECH, is_speech = "say says said saying write writes wrote written tell tells told ask asks asked think thinks
        thought suggest suggests suggested want wants wanted propose proposes proposed recommend recommends recommended
        claim claims claimed mention mentions mentioned believe believes believed reckon reckons insist insists
        insisted demand demands demanded advise advises advised order ordered request requests requested expect expects
        plan plans planned decide decides decided announce announced reports reported wonder wonders wondered heard
        hear read reads discussed";
    /// What makes an action depend on a time or a condition, when it stands with the action.
    LATER, is_later = "if when whenever unless once until till tomorrow tonight later weekday weekdays weekend daily
        hourly nightly weekly monthly automatically monday tuesday wednesday thursday friday saturday sunday midnight
        noon schedule scheduled pretend simulate eventually someday";
    /// What begins a question that is not an order in the form of one.
    ASKS, is_asking = "what what's which who whose when where why how is are was were does do did has have had should
        shall am isn't aren't wasn't doesn't didn't hasn't haven't shouldn't whos whats hows";
    /// Negations of an action.
    NEGATION, is_negation = "don't dont not never nobody no stop avoid without shouldn't mustn't won't can't cannot
        couldn't wouldn't doesn't isn't neither nor ain't needn't didn't haven't hasn't aren't wasn't refuse leave skip
        except none";
    /// Imaginings.
    UNREAL, is_unreal = "imagine suppose supposing hypothetically maybe perhaps possibly assuming assume wish
        theoretically could've would've should've wouldn't";
    /// Pronouns that point at what was named before.
    POINTS, is_pointing = "it its it's that this them they those there these same here";
    /// Pronouns that can be the subject of a sentence.
    SUBJECT, is_subject = "i we he she they you somebody someone nobody everybody everyone anybody people i've we've i'm
        we're they've he's she's i'll we'll they'll i'd we'd who";
    /// Verbs that end a subject: what follows is a statement.
    COPULA, is_copula = "is are was were has had have been be seems seem looks look became becomes did does crashes
        crashed failed fails went goes works worked runs keeps kept isn't aren't wasn't can could should may might shall will would must
        came comes got gets
        's 're broke broken happened happens caused causes";
    /// What people say to each other.
    SMALL, is_small_talk = "haha hah lol nice cool wow congrats congratulations awesome amazing perfect welcome bye work job
        one done day weekend cheers sorry weather lunch coffee super excellent brilliant np";
    /// Marks of a correction.
    CORRECTS, is_correcting = "sorry oops oop correction er erm uh uhm ehm actually rather whoops scratch mean meant";
    /// Words that turn a verb's meaning and have little of their own.
    PARTICLES, is_particle = "back out off away down up over on around forward again apart along";
    /// Verbs of looking: they order nothing to be changed.
    LOOKING, is_looking = "see show tell look check find read know";
    /// What a quotation or a note is announced by: "from the docs: ...".
    LABELS, is_label = "quote quoted quoting ticket docs doc documentation wiki page mail email e-mail letter note notes
        example todo todos reminder subject usage history transcript excerpt snippet citation manual guide suggestion
        proposal instructions fwd fw forwarded forwarding handbook book article blog advisory bulletin memo test demo joke
        drill exercise command phrase wording syntax plan idea option vote agenda draft template step text line output annotation summary e.g eg i.e ie";
    /// What ends a report of something done.
    ENDED, is_ended = "done finished completed complete succeeded successful failed worked aborted";
    /// Assistants and machines that people talk to, other than this one.
    ASSISTANTS, is_assistant = "siri alexa cortana bixby google copilot chatgpt gpt claude gemini grok perplexity jarvis
        jenkins hubot slackbot dependabot renovate gitlab github argocd";
    /// Calling it off.
    CANCELS, is_cancelling = "cancel forget nevermind nvm abort stop drop leave skip nothing";
    /// Words that accept.
    ACCEPTS, is_accepting = "yes yeah yep yup ok okay sure correct right confirm confirmed go please do it exactly
        absolutely y ack";
}

/// Whether a word says nothing at the end of a report: "he said that", "she wrote earlier".
pub(super) fn is_content_free(word: &str) -> bool {
    matches!(
        word,
        "that"
            | "this"
            | "for"
            | "as"
            | "follows"
            | "following"
            | "the"
            | "earlier"
            | "me"
            | "us"
            | "to"
            | "just"
            | "already"
            | "here"
            | "today"
            | "yesterday"
            | ","
    )
}

/// The bare form that the forms of a word share, well enough to compare by: deploy, deploys, deployed, deployment.
pub(super) fn stem(word: &str) -> String {
    let word = irregular(word);
    let mut stem = word.to_owned();
    let strip = |stem: &mut String, suffix: &str, least: usize| {
        let kept = stem.strip_suffix(suffix).filter(|rest| rest.chars().count() >= least).map(str::to_owned);
        let done = kept.is_some();
        if let Some(kept) = kept {
            *stem = kept;
        }
        done
    };
    if stem.ends_with("ies") && strip(&mut stem, "ies", 3) {
        stem.push('y');
    } else if !stem.ends_with("ss") && !stem.ends_with("us") && !stem.ends_with("is") {
        strip(&mut stem, "s", 3);
    }
    let _ = strip(&mut stem, "ing", 3)
        || strip(&mut stem, "ed", 3)
        || strip(&mut stem, "ment", 4)
        || strip(&mut stem, "ation", 4) && {
            stem.push_str("at");
            true
        }
        || strip(&mut stem, "ion", 4);
    strip(&mut stem, "e", 3);
    let mut last = stem.chars().rev();
    if let (Some(one), Some(two)) = (last.next(), last.next())
        && one == two
    {
        stem.pop();
    }
    stem
}

fn irregular(word: &str) -> &str {
    match word {
        "ran" | "running" => "run",
        "undid" | "undone" | "undoing" => "undo",
        "took" | "taken" => "take",
        "brought" => "bring",
        "shown" => "show",
        "went" | "gone" => "go",
        "wrote" | "written" => "write",
        "ack'd" | "acked" | "acks" | "acking" => "ack",
        _ => word,
    }
}

/// Whether a verb is in the past: what was done is not to be done.
pub(super) fn is_past(word: &str) -> bool {
    (word.len() > 4 && word.ends_with("ed") && !word.ends_with("eed"))
        || matches!(
            word,
            "ran" | "undid" | "undone" | "took" | "brought" | "went" | "gone" | "wrote" | "shipped"
        )
}
