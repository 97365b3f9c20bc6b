//! The form of `policy.toml`, for editors. Reading it is stricter: names must exist and examples must hold.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, schema_for};

/// The JSON Schema of a policy file, so that an editor completes it.
pub fn policy_schema() -> Schema {
    schema_for!(PolicyFile)
}

/// Who may do what, where, and who must agree. Rules have no order: all that match count, and the strictest wins.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "the fields are the schema; a policy is read key by key, to name each mistake's line"
)]
struct PolicyFile {
    /// The version of the format: 1.
    version: u32,
    /// What holds where a rule says nothing.
    defaults: Option<Defaults>,
    /// Roles, each with the roles it includes.
    roles: BTreeMap<String, Vec<String>>,
    /// People and the accounts that are theirs.
    person: Option<Vec<PersonForm>>,
    /// The channels in which the bot acts.
    channel: Option<Vec<ChannelForm>>,
    /// Chat groups whose members hold roles.
    group: Option<Vec<GroupForm>>,
    /// Teams of which whoever is on call holds roles.
    on_call: Option<Vec<OnCallForm>>,
    /// What locks do not stop.
    locks: Option<Locks>,
    /// The rules.
    rule: Option<Vec<RuleForm>>,
    /// Times in which nothing changes.
    freeze: Option<Vec<FreezeForm>>,
    /// How often things may start.
    limit: Option<Vec<LimitForm>>,
    /// The order of environments; left out, there is none.
    order: Option<OrderForm>,
    /// What may be done without in an emergency; left out, nothing.
    break_glass: Option<BreakGlassForm>,
    /// What must come out, checked at each load.
    example: Option<Vec<ExampleForm>>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the fields are the schema")]
struct Defaults {
    /// How long a request waits for people.
    expires_minutes: Option<u32>,
    /// How soon it must start after the last of them agreed.
    start_within_minutes: Option<u32>,
    /// How many minutes before the end those who can still agree are reminded.
    remind_minutes: Option<u32>,
    /// The most approvals that one person may give within an hour.
    approvals_per_hour: Option<u32>,
    /// The time zone of freezes, an IANA name.
    time_zone: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the fields are the schema")]
struct PersonForm {
    /// The name they go by.
    id: String,
    /// Their roles.
    roles: Option<Vec<String>>,
    /// Their accounts: `console:NAME`, `slack:TEAM/USER`, `discord:SERVER/USER`, `teams:TENANT/USER`, `mattermost:USER`.
    identities: Option<Vec<String>>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the fields are the schema")]
struct ChannelForm {
    /// The name that rules use, without `#`.
    name: String,
    /// `console`, `slack`, `discord`, `teams` or `mattermost`.
    platform: String,
    /// Team, tenant or server.
    workspace: Option<String>,
    /// The platform's own id of it.
    id: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the fields are the schema")]
struct GroupForm {
    /// `slack`, `discord`, `teams` or `mattermost`.
    platform: String,
    /// Team, tenant or server.
    workspace: Option<String>,
    /// The platform's own id of it, such as `S0615G0KT` in Slack.
    id: String,
    /// The roles that its members hold.
    roles: Vec<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the fields are the schema")]
struct OnCallForm {
    /// A team of the catalogue.
    team: String,
    /// The roles that whoever is on call for it holds.
    roles: Vec<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the fields are the schema")]
struct LimitForm {
    /// Its name in verdicts.
    id: String,
    /// The tools, or `["*"]`.
    tools: Vec<String>,
    /// The environments; left out for any.
    env: Option<Vec<String>>,
    /// What is counted together: `person`, `channel` or `tool`.
    per: String,
    /// The most starts.
    count: u32,
    /// Within so many minutes.
    minutes: u32,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the fields are the schema")]
struct OrderForm {
    /// First to last: what is to run in one must be live in the one before.
    environments: Vec<String>,
    /// The tools that must keep to it.
    tools: Vec<String>,
    /// The fact under `hold` in the tool that is the version to run, such as `release`.
    version: String,
    /// The fact under `hold` that is the version that runs, such as `service.version`.
    live: String,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the fields are the schema")]
struct BreakGlassForm {
    /// The roles, any of which the asker must hold beside those that the rules ask for.
    roles: Vec<String>,
    /// What is done without: `approvals`, `freezes`, `order`.
    bypass: Vec<String>,
    /// How long it lasts.
    expires_minutes: u32,
    /// The tools; left out for all.
    tools: Option<Vec<String>>,
    /// The environments; left out for any.
    env: Option<Vec<String>>,
    /// Who is told at once: roles and `#channels`.
    tell: Vec<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the fields are the schema")]
struct EscalateForm {
    /// Counted from when it began to wait.
    after_minutes: u32,
    /// A role or a `#channel`.
    to: String,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the fields are the schema")]
struct Locks {
    /// Tools that go on working.
    exempt: Vec<String>,
}

/// One rule. It matches by `tools`, `env`, `when`, `tags` and `effect`; all else is what it asks for.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the fields are the schema")]
struct RuleForm {
    /// Its name in verdicts.
    id: String,
    /// The tools; or `["*"]` for all, which asks for more and allows nothing by itself.
    tools: Vec<String>,
    /// The environments; left out for any, and for tools that have none.
    env: Option<Vec<String>>,
    /// `scale_up` or `scale_down`.
    when: Option<String>,
    /// Any of these tags.
    tags: Option<Vec<String>>,
    /// At least this effect: `read`, `write` or `destructive`.
    effect: Option<String>,
    /// The role that the asker must hold.
    ask: Option<String>,
    /// The channels it may be asked in.
    channels: Option<Vec<String>>,
    /// Whether the asker must confirm.
    confirm: Option<bool>,
    /// Who must agree, each line: `1 of team-lead`, `2 of dba or team-lead`, `1 of sre and 1 of security`.
    need: Option<Vec<String>>,
    /// Roles whose no ends it too; the no of whoever could agree always does.
    denied_by: Option<Vec<String>>,
    /// How sure we must be who agrees: `chat`; `type` for the target's name typed beside it; `console` for the web
    /// console only.
    verify: Option<String>,
    /// How long it waits.
    expires_minutes: Option<u32>,
    /// How soon it must start after the last of them agreed.
    start_within_minutes: Option<u32>,
    /// How many minutes before the end those who can still agree are reminded.
    remind_minutes: Option<u32>,
    /// Who is told when nobody has decided for a while.
    escalate: Option<EscalateForm>,
    /// Whether the asker must say why.
    reason: Option<bool>,
    /// Never, and this sentence says why.
    deny: Option<String>,
}

/// A time in which nothing changes: from one moment to another, or every week with `days`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the fields are the schema")]
struct FreezeForm {
    /// Its name in verdicts.
    id: String,
    /// Why.
    reason: String,
    /// The environments; left out for all.
    env: Option<Vec<String>>,
    /// The days of a weekly one, such as `fri`.
    days: Option<Vec<String>>,
    /// The beginning: a time stamp, or a time of day for a weekly one.
    from: String,
    /// The end.
    to: String,
    /// Its time zone, an IANA name.
    tz: Option<String>,
    /// Tools that go on working; left out for those that locks do not stop.
    exempt: Option<Vec<String>>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the fields are the schema")]
struct ExampleForm {
    /// The tool.
    tool: String,
    /// The environment.
    env: Option<String>,
    /// `scale_up` or `scale_down`.
    when: Option<String>,
    /// A person or a role.
    r#as: String,
    /// The channel.
    r#in: String,
    /// `allow`, `confirm`, `need 1 of team-lead`, `deny role` and the like.
    expect: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_policy_has_the_form_and_a_misspelt_key_has_not() {
        let schema = serde_json::to_value(policy_schema()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let mut policy: serde_json::Value = toml::from_str(crate::gate::DEMO_POLICY).unwrap();
        let errors: Vec<String> = validator.iter_errors(&policy).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        policy["rule"][0]["chanels"] = serde_json::json!(["x"]);
        assert!(!validator.is_valid(&policy));
    }
}
