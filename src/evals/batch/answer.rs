use serde_json::Value;

/// One line of a batch's output, as any server writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchAnswer {
    /// Which request it answers.
    pub custom_id: String,
    /// What came.
    pub outcome: Outcome,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The body of an answer, as JSON.
    Body(String),
    /// None, and why: nobody knows what the model would have said.
    Failed(String),
}

impl BatchAnswer {
    /// Reads a line. The answer stands under `response.body`, or under `response` itself, as one server writes it.
    ///
    /// # Errors
    /// What is no such line.
    pub fn read(line: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let custom_id = value.get("custom_id").and_then(Value::as_str).ok_or("it has no `custom_id`")?;
        let present = |key: &str| value.get(key).filter(|value| !value.is_null());
        let outcome = match (present("error"), present("response")) {
            (Some(error), _) => Outcome::Failed(said(error)),
            (None, None) => Outcome::Failed("it has neither a response nor an error".to_owned()),
            (None, Some(response)) => of_response(response),
        };
        Ok(Self { custom_id: custom_id.to_owned(), outcome })
    }
}

fn of_response(response: &Value) -> Outcome {
    let status = response.get("status_code").and_then(Value::as_u64);
    let body = response.get("body").filter(|body| !body.is_null());
    if let Some(status) = status.filter(|status| *status >= 400) {
        let why = body.and_then(|body| body.get("error")).map(said).unwrap_or_default();
        return Outcome::Failed(format!("status {status} {why}").trim_end().to_owned());
    }
    match (body, response.get("choices")) {
        (Some(body), _) => Outcome::Body(body.to_string()),
        (None, Some(_)) => Outcome::Body(response.to_string()),
        (None, None) => Outcome::Failed("the response has no body".to_owned()),
    }
}

/// The short words of an error: what servers write in full may repeat the message or the key.
fn said(error: &Value) -> String {
    let word = |key: &str| error.get(key).and_then(Value::as_str);
    let text = word("code").or_else(|| word("type")).or_else(|| word("message")).unwrap_or("an error");
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_line_is_read() {
        for (line, outcome) in [
            (
                r#"{"id":"b","custom_id":"t0.a","response":{"status_code":200,"request_id":"r","body":{"choices":[]}},"error":null}"#,
                Outcome::Body(r#"{"choices":[]}"#.to_owned()),
            ),
            (
                r#"{"custom_id":"t0.a","response":{"status_code":200,"body":{"choices":[]}}}"#,
                Outcome::Body(r#"{"choices":[]}"#.to_owned()),
            ),
            (
                r#"{"custom_id":"t0.a","response":{"id":"c","choices":[]},"error":null}"#,
                Outcome::Body(r#"{"choices":[],"id":"c"}"#.to_owned()),
            ),
            (
                r#"{"custom_id":"t0.a","response":null,"error":{"code":"batch_expired","message":"m"}}"#,
                Outcome::Failed("batch_expired".to_owned()),
            ),
            (
                r#"{"custom_id":"t0.a","response":{"status_code":429,"body":{"error":{"type":"rate_limit"}}},"error":null}"#,
                Outcome::Failed("status 429 rate_limit".to_owned()),
            ),
            (
                r#"{"custom_id":"t0.a","response":{"status_code":500}}"#,
                Outcome::Failed("status 500".to_owned()),
            ),
            (r#"{"custom_id":"t0.a"}"#, Outcome::Failed("it has neither a response nor an error".to_owned())),
        ] {
            let read = BatchAnswer::read(line).unwrap();
            assert_eq!((read.custom_id.as_str(), &read.outcome), ("t0.a", &outcome), "{line}");
        }
        assert!(BatchAnswer::read("{}").is_err());
        assert!(BatchAnswer::read("x").is_err());
    }
}
