use serde_json::Value;

use super::{Hands, failed};
use crate::catalog::Call;
use crate::domain::{Outcome, Output, PersonId, parse_span};
use crate::gate::Cleared;
use crate::store::{RequestFilter, RequestRow, RequestState};

/// How many requests are listed when nobody says.
const LINES: u32 = 20;

impl Hands {
    /// The newest requests that the call describes.
    pub(super) async fn audit(&self, cleared: &Cleared) -> Outcome {
        let call = cleared.call();
        let filter = match self.record_filter(call) {
            Ok(filter) => filter,
            Err(sentence) => return failed(sentence),
        };
        let wanted =
            call.args().get("lines").and_then(Value::as_u64).and_then(|lines| u32::try_from(lines).ok());
        let most = wanted.unwrap_or(LINES);
        let found = match self.store.requests(&filter, most).await {
            Ok(found) => found,
            Err(error) => return failed(error.to_string()),
        };
        let lines: Vec<String> = found.iter().map(line).collect();
        let text = match lines.len() {
            0 => "Nothing on the record fits that.".to_owned(),
            1 => "One request on the record.".to_owned(),
            many if u32::try_from(many) == Ok(most) => format!("The newest {many} requests on the record."),
            many => format!("{many} requests on the record."),
        };
        let code = (!lines.is_empty()).then(|| lines.join("\n"));
        Outcome::Done(Output { text, code, ..Output::default() })
    }

    fn record_filter(&self, call: &Call) -> Result<RequestFilter, String> {
        let text = |name: &str| call.args().get(name).and_then(Value::as_str).map(str::to_owned);
        let since = match text("last") {
            None => None,
            Some(last) => {
                let span = parse_span(&last).and_then(|span| self.clock.now().checked_sub(span).ok());
                Some(span.ok_or_else(|| format!("`{last}` is too far back; write 12h or 2d"))?)
            }
        };
        let changes = call.args().get("changes") == Some(&Value::Bool(true));
        let tools = match text("command") {
            Some(command) => vec![command.trim_start_matches('/').replace(' ', ".")],
            None if changes => {
                let tools = self.catalog.tools().filter(|tool| tool.mutates());
                tools.map(|tool| tool.name().to_owned()).collect()
            }
            None => Vec::new(),
        };
        Ok(RequestFilter {
            states: text("result").and_then(|word| RequestState::parse(&word)).into_iter().collect(),
            asker: text("by").map(PersonId),
            tools,
            environment: text("environment"),
            incident: text("incident"),
            since,
            text: text("words"),
            ..RequestFilter::default()
        })
    }
}

fn line(row: &RequestRow) -> String {
    let who = row.asker.as_ref().map_or(row.sender.display.as_str(), |person| person.0.as_str());
    let what = row.command.as_deref().unwrap_or(&row.said).lines().next().unwrap_or_default();
    let what: String = what.chars().take(120).collect();
    let at = row.created_at.strftime("%Y-%m-%d %H:%M:%S UTC");
    format!("{at}  {:<10} {who:<10} {what}", row.state.as_str())
}
