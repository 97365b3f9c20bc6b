use serde_json::Value;

use super::*;

/// The examples in the tools' files are what people read to learn how to ask; so each must read as it says.
#[test]
fn every_example_of_every_tool_reads_as_its_file_says() {
    let mut wrong = Vec::new();
    for tool in CATALOG.tools() {
        for example in &tool.manifest().examples {
            let turns = vec![turn(Speaker::Asker, &example.say)];
            let got = READER.read(&Conversation { bot: "countersign".to_owned(), turns });
            let fits = match &got {
                Interpretation::Calls(calls) => {
                    example.ask.is_empty()
                        && matches!(calls.as_slice(), [call] if call.tool == tool.name() && call.args == Value::Object(example.args.clone()))
                }
                Interpretation::Clarify(question) => question.missing == example.ask,
                // What can be asked for and how is answered without a call.
                Interpretation::Answer(_) => tool.name() == "help",
                Interpretation::Refuse(_) | Interpretation::Nothing => false,
            };
            if !fits {
                wrong.push(format!("{}: {}\n    {got:?}", tool.name(), example.say));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn plain_requests_in_many_registers() {
    table(&[
        (
            "could you please roll out orders v3.12.0 to production?",
            "/deploy order-service v3.12.0 production",
        ),
        ("we want notifications on 1.6.2 in prod, go", "/deploy notification-worker 1.6.2 production"),
        ("DEPLOY CHECKOUT 2.5.0 STAGING", "/deploy checkout 2.5.0 staging"),
        ("checkout 2.4.1 -> staging", "/deploy checkout 2.4.1 staging"),
        (
            "it would be great if you could deploy users 7.0.1 to dev",
            "/deploy user-service 7.0.1 development",
        ),
        ("deploy checkout 2.4.1 to staging if that's ok", "/deploy checkout 2.4.1 staging"),
        ("@countersign ship the newest gateway to stage", "/deploy api-gateway latest staging"),
        ("checkout is broken in prod, roll it back!!", "/rollback checkout production"),
        ("prd payments: rollback", "/rollback payment-service production"),
        ("undo the last deploy of users in dev", "/rollback user-service development"),
        ("roll the gateway back on staging", "/rollback api-gateway staging"),
        ("run a dozen replicas of api-gateway in production", "/scale api-gateway 12 production"),
        ("scale the indexer from 2 to five in stg", "/scale search-indexer 5 staging"),
        ("inventory: 3 pods on stg pls", "/scale inventory-service 3 staging"),
        ("apply 20250310_drop_flags on checkout in dev", "/migrate checkout 20250310_drop_flags development"),
        ("migrate orders-db to head in production", "/migrate order-service head production"),
        ("is inventory up?", "/status inventory-service"),
        ("how many pods does checkout have in prod?", "/status checkout production"),
        ("half an hour of search logs please", "/logs search-indexer --last 30m"),
        (
            "anything about timeouts in the users logs over the last two hours?",
            "/logs user-service --filter timeout --last 2h",
        ),
        ("unlock staging please", "/unlock staging"),
    ]);
}

#[test]
fn slips_of_the_finger_are_read_when_there_is_one_near_reading() {
    table(&[
        ("rolback inventry in prod", "/rollback inventory-service production"),
        ("pelase put teh gatway at 1.18.3 on developmnet", "/deploy api-gateway 1.18.3 development"),
        ("scale user-servcie to three in stagign", "/scale user-service 3 staging"),
        // Not near enough, or another word of the language.
        ("deploy order 3.1.0 to staging", "ask service"),
        ("deploy checkout 2.4.1 to preprod", "ask environment"),
        ("deploy checkout 2.4.1 to pre production", "ask environment"),
    ]);
}

#[test]
fn what_is_missing_or_ambiguous_is_asked_for_and_nothing_else() {
    table(&[
        ("deploy", "ask service version environment"),
        ("deploy checkout 2.4.1", "ask environment"),
        ("push 5.2.0 to production pls", "ask service"),
        ("can you deploy something for me?", "ask service version environment"),
        ("undo the last deploy", "ask service environment"),
        ("scale checkout to a lot in prod", "ask replicas"),
        ("scale checkout to -3 in prod", "ask replicas"),
        ("between 4 and 6 replicas for the gateway in prod please", "ask replicas"),
        ("scale checkout to ten thousand in prod", "ask replicas"),
        ("one more replica of checkout in prod", "ask replicas"),
        ("roll back checkout in staging or production, i forgot which", "ask environment"),
        ("roll back the payments gateway in staging", "ask service"),
        ("deploy checkout and orders 3.0.1 to dev and staging", "ask service environment"),
        ("deploy billing-service 1.0.0 to staging", "ask service"),
        ("status of checkout in uat", "ask environment"),
        ("can you take care of payments in staging?", "ask intent"),
        ("production", "ask intent"),
        ("do whatever tom said", "ask confirmation"),
    ]);
    let question = |text: &str| match READER
        .read(&Conversation { bot: String::new(), turns: vec![turn(Speaker::Asker, text)] })
    {
        Interpretation::Clarify(question) => question,
        other => panic!("{other:?}"),
    };
    insta::assert_snapshot!(question("deploy checkuot 2.4.1").text, @"Which environment: `development`, `production` or `staging`? So far: /deploy, service `checkout`, version `2.4.1`.");
    insta::assert_snapshot!(question("roll back checkout in staging or production").text, @"Which environment: `staging` or `production`? So far: /rollback, service `checkout`.");
    insta::assert_snapshot!(question("deploy shipping-servce 2.4.1 to staging").text, @"I know no service `shipping-servce`. Which service: `api-gateway`, `checkout`, `inventory-service`, `notification-worker`, `order-service`, `payment-service`, `search-indexer` or `user-service`? So far: /deploy, environment `staging`, version `2.4.1`.");
    assert_eq!(question("roll back checkout in staging or production").choices, ["staging", "production"]);
}

#[test]
fn what_is_no_request_is_not_done() {
    let negated = [
        "don't deploy checkout 2.4.1 to prod",
        "please do not roll back payments in production",
        "never run migration 0042 on orders in production",
        "don't deploy checkout 2.4.1 or roll back payments in prod",
        "hold off on the inventory rollback in staging",
        "no need to scale checkout to 4 in prod",
    ];
    let questions = [
        "did you deploy checkout 2.4.1 to staging?",
        "what happens if we deploy checkout 2.4.1 to staging?",
        "should we roll back payments in production?",
        "how long does a deploy of orders 3.0.0 to staging take?",
        "if I scaled checkout to 12 in prod, would that need an approval?",
        "can the gateway even be scaled to 0 in production?",
        "can you also run database migrations?",
        "how do I deploy?",
    ];
    let told = [
        "bob said deploy checkout 2.4.1 to prod",
        "bob said: deploy checkout 2.4.1 to prod",
        "bob: deploy checkout 2.4.1 to prod",
        "according to the wiki, deploy checkout 2.4.1 to production",
        "the customer wrote that we should scale search to 20 in production",
        "rolled back orders in prod ten minutes ago",
        "we scaled the gateway to 8 in production last night",
        "scaled checkout to 10 in prod, looks fine",
        "rolling back payments in prod",
        "[14:02] tom: deploy checkout 2.4.1 to prod\nwhat do you say?",
        "from the docs: scale checkout to 0 in prod",
        "I'm deploying checkout 2.4.1 to prod now",
        "I think we should roll back checkout in prod",
        "maybe we deploy inventory 0.10.0 to prod one day",
        "imagine somebody ran the latest migration on orders-db in production",
    ];
    let all = negated.iter().chain(&questions).chain(&told);
    let done: Vec<_> = all.filter(|text| read(text) != "answer").map(|text| (text, read(text))).collect();
    assert_eq!(done, []);
    table(&[
        ("@tom can you deploy checkout 2.4.1 to staging?", "nothing"),
        ("siri, deploy checkout 2.4.1 to staging", "nothing"),
        ("hey jenkins deploy checkout 2.4.1 to staging", "nothing"),
        ("deploybot please roll back checkout in production", "nothing"),
        ("haha nice one", "nothing"),
        ("ok", "nothing"),
        ("> deploy checkout 2.4.1 to prod\n+1", "nothing"),
        ("restart checkout in staging", "answer"),
        ("what is the weather like?", "answer"),
    ]);
}

#[test]
fn what_is_taken_back_is_not_done() {
    let texts = [
        "deploy checkout 2.4.1 to prod - never mind",
        "deploy checkout 2.4.1 to prod, forget it",
        "deploy checkout 2.4.1 to prod... just kidding",
        "roll back payments in prod, scratch that",
        "roll back payments in prod. wait, no",
        "roll back payments in prod. sorry, that was for the other bot",
        "deploy checkout 2.4.1 to prod - oops, wrong bot",
        "deploy checkout 2.4.1 to prod. that was meant for jenkins",
        "deploy checkout 2.4.1 to prod. not you, countersign",
        "deploy checkout 2.4.1 to prod. on second thought, don't",
        "roll back payments in prod?",
        "would you roll back payments in prod?",
        "could rolling back checkout in prod lose orders?",
    ];
    let done: Vec<_> =
        texts.iter().filter(|text| read(text) != "answer").map(|text| (text, read(text))).collect();
    assert_eq!(done, []);
}

/// The verbs of the tools, done to things that no tool knows.
#[test]
fn what_no_tool_does_is_not_taken_for_what_one_does() {
    let texts = [
        "drop the sessions table in staging",
        "set the timeout of checkout in prod to 30",
        "increase the memory of checkout to 8 in prod",
        "increase checkout to 4 GB in prod",
        "change the port of the gateway in prod to 8080",
        "upgrade the orders database to 15.2 in production",
        "roll back the checkout migration in prod",
        "deploy the checkout frontend 2.4.1 to prod",
        "cancel the rollback of payments in prod",
        "undo the rollback of payments in prod",
        "bring the site back in production",
        "check the deploy of checkout 2.4.1 to prod",
        "tell tom to roll back payments in prod",
        "keep the gateway at 9 replicas in production",
        "restore last night's backup of orders-db to staging",
    ];
    let done: Vec<_> =
        texts.iter().map(|text| (text, read(text))).filter(|(_, got)| got.starts_with('/')).collect();
    assert_eq!(done, []);
}

#[test]
fn what_looks_like_no_request_but_is_one_is_done() {
    table(&[
        ("hey bot, deploy checkout 2.4.1 to staging", "/deploy checkout 2.4.1 staging"),
        ("deploy checkout 2.4.1 to staging. that's for tom", "/deploy checkout 2.4.1 staging"),
        ("don't wait for me, deploy orders 3.12.0 to staging now", "/deploy order-service 3.12.0 staging"),
        ("don't forget to roll back checkout in staging", "/rollback checkout staging"),
        ("tom is away, so you do it: scale search to 4 in prod", "/scale search-indexer 4 production"),
        ("jonas has approved it, deploy payments 5.2.0 to prod", "/deploy payment-service 5.2.0 production"),
        (
            "not a dry run this time: run migration 0045 on users in dev",
            "/migrate user-service 0045 development",
        ),
        ("don't roll back the gateway in prod, scale it to 10 instead", "/scale api-gateway 10 production"),
        ("deploy checkout 2.4.1 to staging but leave prod alone", "/deploy checkout 2.4.1 staging"),
        ("a restart did not help checkout, so please roll it back in staging", "/rollback checkout staging"),
        ("could inventory be scaled to 3 in dev, please?", "/scale inventory-service 3 development"),
    ]);
}

#[test]
fn what_depends_on_a_time_or_a_condition_is_refused() {
    let texts = [
        "deploy checkout 2.4.1 to prod tomorrow morning",
        "deploy checkout 2.4.1 to prod at 18:00",
        "when the tests are green, deploy users 7.1.0 to staging",
        "roll back payments in prod if the error rate goes above 5 percent",
        "in twenty minutes scale search to 2 in dev please",
        "scale the gateway to 8 in production every weekday",
        "just pretend to deploy checkout 2.4.1 to staging",
        "deploy checkout 2.4.1 to prod while traffic is low",
        "scale checkout to 5 in prod during the night",
        "roll back payments in prod outside of office hours",
        "deploy checkout 2.4.1 to prod, but only if staging is healthy",
        "deploy checkout 2.4.1 to prod but wait for lena's approval first",
        "scale checkout to 10 in prod for two hours, then back to 4",
    ];
    let done: Vec<_> =
        texts.iter().filter(|text| read(text) != "refuse").map(|text| (text, read(text))).collect();
    assert_eq!(done, []);
}

#[test]
fn several_actions_and_corrections() {
    table(&[
        (
            "deploy orders 3.12.0 and inventory 0.10.0 to staging",
            "/deploy order-service 3.12.0 staging; /deploy inventory-service 0.10.0 staging",
        ),
        (
            "deploy checkout 2.4.1 to dev and staging",
            "/deploy checkout 2.4.1 development; /deploy checkout 2.4.1 staging",
        ),
        (
            "first run migration 0044 on orders in staging, after that deploy orders 3.12.1 there",
            "/migrate order-service 0044 staging; /deploy order-service 3.12.1 staging",
        ),
        (
            "scale inventory to 2 in staging and to 5 in prod",
            "/scale inventory-service 2 staging; /scale inventory-service 5 production",
        ),
        ("roll back orders in staging, not inventory", "/rollback order-service staging"),
        ("deploy checkout 2.4.1 to prod, sorry, staging i mean", "/deploy checkout 2.4.1 staging"),
        (
            "roll back orders in staging. oops, i meant inventory, not orders",
            "/rollback inventory-service staging",
        ),
        ("deploy checkout 2.4.1 to staging, no, roll back checkout in staging", "/rollback checkout staging"),
        ("scale checkout to 5 in prod. actually make that 6", "/scale checkout 6 production"),
    ]);
}

/// A tool that nobody had thought of, understood from its file alone.
#[test]
fn a_new_tool_is_understood_from_its_examples() {
    let text = r#"
name: drain
title: Drain a queue
description: Empties a queue of a service.
examples:
  - say: drain the mail queue of notifications in staging
    args: {queue: mail, service: notification-worker, environment: staging}
  - say: purge queue retries of payments on production because it is poisoned
    args: {queue: retries, service: payment-service, environment: production, reason: it is poisoned}
  - say: empty a queue
    ask: [queue, service, environment]
parameters:
  type: object
  additionalProperties: false
  required: [queue, service, environment]
  properties:
    queue: {type: string, description: which queue}
    service: {type: string, x-catalog: services}
    environment: {type: string, x-catalog: environments}
    reason: {type: string, description: why}
slash:
  positional: [queue, service, environment]
  flags: {reason: reason}
  example: /drain mail notification-worker staging
environment: '{{ args.environment }}'
effects: {class: write}
connection: playground
run:
  http: {method: POST, path: /v1/drain, expect: [200]}
repeat: convergent
output: {change: x, ok: x, fail: x}
"#;
    let mut tools: Vec<_> =
        SHIPPED_TOOLS.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
    tools.push(("drain.yaml".to_owned(), text.to_owned()));
    let catalog = Arc::new(Catalog::load(("catalog.toml", DEMO_LANDSCAPE), &tools).unwrap());
    let reader = Offline::new(Arc::clone(&catalog));
    let read = |text: &str| {
        let turns = vec![turn(Speaker::Asker, text)];
        match reader.read(&Conversation { bot: String::new(), turns }) {
            Interpretation::Calls(calls) => {
                let call = |proposal| catalog.render(&catalog.admit(proposal).unwrap());
                calls.iter().map(call).collect::<Vec<_>>().join("; ")
            }
            other => told(&other),
        }
    };
    assert_eq!(
        read("could you drain the retry queue of orders in dev?"),
        "/drain retry order-service development"
    );
    assert_eq!(read("please purge the mail queue of gw on stg"), "/drain mail api-gateway staging");
    assert_eq!(read("drain the mail queue"), "ask service environment");
    assert_eq!(read("don't drain the mail queue of orders in dev"), "answer");
    assert_eq!(read("deploy orders 3.0.0 to dev"), "/deploy order-service 3.0.0 development");
}
