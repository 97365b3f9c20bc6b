//! Which tools are sent when there are many.

use std::sync::LazyLock;

use super::{reading, settings};
use crate::catalog::{Catalog, DEMO_LANDSCAPE, SHIPPED_TOOLS, Tool};
use crate::interpret::Reading;
use crate::interpret::llm::likely::{Document, best};
use crate::interpret::llm::{MOST_TOOLS, about_tokens, likely, request};

/// Tools that a larger installation might have beside those that ship: name, title, and what people say.
const MORE: &str = "\
cert.renew | Renew a TLS certificate | renew the certificate of checkout | the gateway's TLS cert runs out tomorrow, get a new one | new certificate for shop.example.com please
dns.lookup | Look up a DNS record | what does api.example.com resolve to | look up the A record of the shop | dns for payments?
cache.flush | Empty a cache | flush the product cache | clear redis for checkout | the cache is stale, empty it
queue.drain | Drain a message queue | drain the email queue | let the orders queue run empty | stop consuming from invoices
feature.toggle | Switch a feature flag | switch on new-search for everybody | turn the flag dark-mode off | toggle the beta banner
backup.restore | Restore a backup | restore last night's backup of orders-db | bring back yesterday's dump | recover users-db from the snapshot of monday
secret.rotate | Rotate a credential | rotate the stripe credential | new password for the orders database user | the smtp secret leaked, replace it
node.cordon | Take a node out of service | cordon node-7 | nothing new on worker-3 please | take k8s node 12 out of scheduling
cron.trigger | Run a scheduled job now | run the nightly invoices job now | trigger the cleanup cron | kick off the report job
build.retry | Run a build again | retry build 4711 | rerun the failed pipeline of checkout | run CI for main again
report.latency | Show response times | how slow is checkout | p99 of the gateway over the last hour | latency graph for search
cost.report | Show what the cloud costs | what do we pay for staging | cloud bill of march | which team spends most on compute
topic.replay | Replay events of a topic | replay the payments topic since 9:00 | send the order events again | reprocess kafka messages from yesterday
user.unlock | Unlock a customer's account | unlock the account of customer 1234 | jane@example.com is locked out, let her in | reset failed logins for account 77
firewall.allow | Let an address through the firewall | allow 203.0.113.7 through | open port 443 for the partner | whitelist the office address
traffic.shift | Move traffic between regions | move 20 percent of traffic to frankfurt | send everyone to us-east | drain region west
canary.promote | Promote a canary | promote the canary of checkout | canary looks fine, take it to everybody | finish the canary of search
snapshot.take | Take a snapshot of a disk | snapshot the disk of db-2 | take a snapshot before we touch it | save the volume state of kafka-1
alert.silence | Silence an alert | silence HighLatency for an hour | mute the disk alert on db-1 | no more pages for NodeDown tonight
ticket.open | Open a ticket | open a ticket for the network team | file a jira about the flaky test | create an issue: login page typo
page.update | Update the status page | put a notice on the status page | tell customers that search is slow | mark payments as degraded on the public page
image.scan | Scan an image for vulnerabilities | scan checkout 2.4.1 for CVEs | any vulnerabilities in the gateway image | security scan of user-service
quota.raise | Raise a quota | raise the cpu quota of staging | we need more memory for team orders | increase the disk limit for search
disk.usage | Show how full disks are | how full is db-1 | disk space on the kafka machines | which volume is nearly full
access.grant | Grant access to a system | give maya access to grafana | let tom read the billing bucket | grant wei admin on staging";

static LARGE: LazyLock<Catalog> = LazyLock::new(|| {
    let more = MORE.lines().map(|line| {
        let [name, title, says @ ..] = &*line.split(" | ").collect::<Vec<_>>() else { panic!("{line}") };
        let examples: String =
            says.iter().map(|say| format!("  - say: '{}'\n", say.replace('\'', "''"))).collect();
        let command = name.replace('.', " ");
        let text = format!(
            "name: {name}\ntitle: {title}\ndescription: {title}.\nexamples:\n{examples}parameters:\n  type: object\n  \
             additionalProperties: false\n  properties: {{}}\nslash: {{example: /{command}}}\neffects: {{class: read}}\n\
             run: {{builtin: whoami}}\noutput: {{}}\n"
        );
        (format!("{name}.yaml"), text)
    });
    let shipped = SHIPPED_TOOLS.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned()));
    let files: Vec<_> = shipped.chain(more).collect();
    Catalog::load(("catalog.toml", DEMO_LANDSCAPE), &files).unwrap_or_else(|problems| panic!("{problems:?}"))
});

/// For how many examples the right tool is among the `most` best: of how many, and those that are missed.
fn recall(tools: &[&Tool], most: usize, seen: Seen) -> (usize, Vec<String>) {
    let (mut asked, mut missed) = (0, Vec::new());
    for (index, tool) in tools.iter().enumerate() {
        for example in &tool.manifest().examples {
            let without = match seen {
                Seen::Before => None,
                Seen::Never => Some(example.say.as_str()),
            };
            let documents: Vec<Document> = tools.iter().map(|other| Document::of(other, without)).collect();
            asked += 1;
            if !best(&documents, &example.say, most).contains(&index) {
                missed.push(format!("{}: {}", tool.name(), example.say));
            }
        }
    }
    (asked, missed)
}

/// Whether a tool has the example that is asked for, or only its others.
#[derive(Clone, Copy, Debug)]
enum Seen {
    Before,
    Never,
}

#[test]
fn the_likely_tools_are_nearly_always_among_those_sent() {
    // Those without an example are for exact commands and never offered.
    let tools: Vec<&Tool> = LARGE.tools().filter(|tool| !tool.manifest().examples.is_empty()).collect();
    let (asked, missed) = recall(&tools, MOST_TOOLS, Seen::Before);
    println!(
        "of {} tools {MOST_TOOLS} sent: right for {} of {asked} examples",
        tools.len(),
        asked - missed.len()
    );
    assert_eq!(missed, [""; 0]);
    // Words that the tool has not seen. The tools that ship have enough others; those made up here have two.
    let (asked, missed) = recall(&tools, MOST_TOOLS, Seen::Never);
    println!("with the example itself taken away: {} of {asked}; missed: {missed:#?}", asked - missed.len());
    let made_up =
        |line: &&String| MORE.lines().any(|made_up| made_up.split(' ').next() == line.split(':').next());
    assert_eq!(missed.iter().filter(|line| !made_up(line)).count(), 0, "{missed:#?}");
    assert!(missed.len() * 10 <= asked, "{missed:#?}");
}

#[test]
fn tokens_are_saved() {
    let all: Vec<String> = LARGE.tools().map(|tool| tool.name().to_owned()).collect();
    let size = |reading: &Reading| {
        about_tokens(
            serde_json::to_string(&request(&LARGE, &settings(), reading).tools).unwrap().chars().count(),
        )
    };
    let text = "deploy checkout 2.4.1 to staging";
    let some = size(&Reading { offered: all, ..reading(text) });
    let every: u64 = LARGE
        .tools()
        .map(|tool| size(&Reading { offered: vec![tool.name().to_owned()], ..reading(text) }))
        .sum::<u64>()
        - (LARGE.tools().count() as u64 - 1) * size(&Reading { offered: Vec::new(), ..reading(text) });
    println!("tools: about {some} tokens in place of {every}");
    assert!(some * 5 < every * 4, "{some} of {every}");
}

#[test]
fn few_tools_are_all_sent_and_so_are_all_when_the_words_tell_nothing() {
    let tools: Vec<&Tool> = LARGE.tools().collect();
    let few = &tools[..MOST_TOOLS];
    assert_eq!(likely(few, "deploy").len(), MOST_TOOLS);
    assert_eq!(likely(&tools, "デプロイしてください").len(), tools.len());
    let some = likely(&tools, "deploy checkout to staging, then show me its logs");
    assert_eq!(some.len(), MOST_TOOLS);
    assert!(some.windows(2).all(|pair| pair[0].name() < pair[1].name()), "in the catalogue's order");
    for name in ["deploy", "logs"] {
        assert!(some.iter().any(|tool| tool.name() == name), "{name}");
    }
}

/// A follow-up says little; what the asker said before counts too.
#[test]
fn a_follow_up_keeps_its_tool() {
    let first = crate::interpret::Turn {
        speaker: crate::interpret::Speaker::Asker,
        text: "roll back the gateway".to_owned(),
        at: super::now(),
    };
    let offered: Vec<String> = LARGE.tools().map(|tool| tool.name().to_owned()).collect();
    let reading = Reading { turns: vec![first], offered, ..reading("the stg one") };
    let request = request(&LARGE, &settings(), &reading);
    assert!(serde_json::to_string(&request.tools).unwrap().contains(r#""name":"rollback""#));
}

/// A name with a dot gets one without on the wire, and no two functions share one.
#[test]
fn names_on_the_wire_are_distinct() {
    let tool = |name: &str| {
        let text = format!(
            "name: {name}\ntitle: T\ndescription: D.\nparameters: {{type: object, additionalProperties: false, \
             properties: {{}}}}\nslash: {{example: '/{}'}}\neffects: {{class: read}}\nrun: {{builtin: whoami}}\n\
             output: {{}}\n",
            name.replace('.', " ")
        );
        (format!("{name}.yaml"), text)
    };
    let files = ["a.b", "a_b", "reply"].map(tool);
    let catalog = Catalog::load(("catalog.toml", DEMO_LANDSCAPE), &files).unwrap();
    let offered = catalog.tools().map(|tool| tool.name().to_owned()).collect();
    let body =
        serde_json::to_value(request(&catalog, &settings(), &Reading { offered, ..reading("x") })).unwrap();
    let names: Vec<&str> = body["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["function"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names[4..], ["a_b", "a_b_", "reply_"]);
}
