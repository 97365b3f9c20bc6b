use schemars::{Schema, schema_for};

use super::prediction::Prediction;
use super::report::Report;

/// The JSON Schema of a line of a file of cases: `evals/schema/case.schema.json`. It is the definition of the format.
pub const CASE_SCHEMA: &str = include_str!("../../evals/schema/case.schema.json");

/// The JSON Schema of a line of a predictions file: `evals/schema/prediction.schema.json`.
pub fn prediction_schema() -> Schema {
    schema_for!(Prediction)
}

/// The JSON Schema of a report: `evals/schema/report.schema.json`.
pub fn report_schema() -> Schema {
    schema_for!(Report)
}
