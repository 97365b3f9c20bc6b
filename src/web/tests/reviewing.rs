use super::super::fake::console;
use super::*;
use crate::audit::{Assurance, Assured, Covered, Hanging, HangingState, Position, Redacted};
use crate::store::RequestState;

/// Sixty requests of alice and bob in turn.
fn filled(desk: &Desk) {
    for n in 0..60 {
        let who = if n % 2 == 0 { "alice" } else { "bob" };
        let message = desk.fake.says(who, console("ops", None), "words", noon());
        desk.fake.asks(who, &message, &format!("/deploy order-service v1.{n}"), RequestState::Done);
    }
}

fn addresses(page: &str) -> Vec<String> {
    let page = page.replace("&#x2f;", "/").replace("&amp;", "&");
    let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    links.filter(|link| link.starts_with("/r?")).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_record_is_paged_and_its_address_holds_the_search() {
    let mut desk = Desk::playground();
    filled(&desk);
    let page = desk.get("/r?q=order-service").await;
    assert_eq!(page.text.matches("class=\"what\"").count(), 50);
    let links = addresses(&page.text);
    let older = links.iter().find(|link| link.contains("before=")).unwrap();
    assert!(older.starts_with("/r?q=order-service&before=req_"), "{older}");
    let page = desk.get(older).await;
    assert_eq!(page.text.matches("class=\"what\"").count(), 10);
    assert!(addresses(&page.text).contains(&"/r?q=order-service".to_owned()), "back to the newest");
    let of_bob = desk.get("/r?by=bob").await;
    assert_eq!(of_bob.text.matches("class=\"what\"").count(), 30);
    assert!(of_bob.text.contains("<option value=\"bob\" selected>"));
}

#[tokio::test]
async fn the_changes_of_last_night_are_one_click_away() {
    let mut desk = Desk::playground();
    let page = desk.get("/r").await;
    insta::assert_snapshot!(addresses(&page.text).join("\n"), @r"
    /r?
    /r?tool=changes&from=1h
    /r?tool=changes&from=2026-11-11T22%3A00&to=2026-11-12T08%3A00
    /r?tool=changes&from=24h
    /r?result=failed
    /r?result=unknown
    /r?result=refused
    ");
}

#[tokio::test]
async fn a_search_that_cannot_be_made_says_why() {
    let mut desk = Desk::playground();
    for (path, sentence) in [
        (
            "/r?from=teatime",
            "`teatime` is no time; write 2026-11-26T03:00 (UTC), or 12h for twelve hours ago",
        ),
        ("/r?result=splendid", "`splendid` is no result of a request"),
    ] {
        let page = desk.get(path).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(page.text.contains(sentence), "{}", page.text);
    }
}

#[tokio::test]
async fn the_figures_are_a_page_and_json() {
    let mut desk = Desk::playground();
    let page = desk.get("/usage?days=7").await;
    assert_eq!(page.status, StatusCode::OK);
    for inline in ["<style", " style=", "<script>", "javascript:"] {
        assert!(!page.text.contains(inline), "{inline}");
    }
    let main = page.text.split("<main").nth(1).unwrap();
    insta::assert_snapshot!("usage page", main);
    let figures = desk.get("/usage.json").await;
    let figures: serde_json::Value = serde_json::from_str(&figures.text).unwrap();
    assert_eq!(figures["waits"]["by_rule"][0]["rule"], "deploy-production");
    assert_eq!(figures["since"], "2026-10-14T00:00:00Z");
    assert_eq!(figures["now"]["audit_unexported_seconds"], 12);
}

#[tokio::test]
async fn what_a_search_found_is_a_file_with_all_its_pages() {
    let mut desk = Desk::playground();
    for _ in 0..5 {
        filled(&desk);
    }
    let page = desk.get("/r?q=order-service&by=bob&incident=INC-42").await;
    let page = page.text.replace("&#x2f;", "/").replace("&amp;", "&");
    for kind in ["csv", "jsonl"] {
        let link = format!("\"/r.{kind}?q=order-service&by=bob&incident=INC-42\"");
        assert!(page.contains(&link), "the link keeps the filters");
    }
    // More than are read at once, and of one person only; the page that is shown does not matter.
    let newest = desk.fake.rooms().requests.last().unwrap().id.clone();
    let csv = desk.get(&format!("/r.csv?q=order-service&before={newest}")).await;
    assert_eq!(csv.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    assert_eq!(csv.headers[header::CONTENT_DISPOSITION], "attachment; filename=\"record.csv\"");
    let lines: Vec<_> = csv.text.lines().collect();
    assert_eq!(lines.len(), 301);
    assert_eq!(lines[0], "timestamp,user,command,approved_by,result,duration_seconds,channel");
    assert_eq!(lines[1], "2026-11-12T12:00:00Z,bob,/deploy order-service v1.59,bob,done,48,ops");
    let jsonl = desk.get("/r.jsonl?by=bob").await;
    let of_bob: Vec<serde_json::Value> =
        jsonl.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(of_bob.len(), 150);
    assert!(of_bob.iter().all(|record| record["user"] == "bob"));
    assert_eq!(desk.get("/r.csv?result=splendid").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn only_reviewers_take_the_record_away() {
    let mut desk = Desk::accounts();
    desk.account("bob", "correct horse");
    desk.sign_in("bob", "correct horse").await;
    for path in ["/r", "/r.csv", "/r.jsonl"] {
        assert_eq!(desk.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

/// The proof of a story of three entries: two in a checkpoint, one of them without its message, and one not yet.
fn proof() -> StoryProof {
    let at = |seq: u64| Assured {
        position: Position::new(0, seq),
        doubt: None,
        covered: Some(Covered {
            size: 12,
            exports: vec![("file /log/checkpoints".into(), noon()), ("channel #general".into(), noon())],
            doubt: None,
        }),
        hanging: Vec::new(),
    };
    let purged = Redacted {
        position: Position::new(0, 7),
        name: "raw".into(),
        who: "carol".into(),
        at: noon(),
        reason: "it had a password in it".into(),
    };
    let hanging = vec![Hanging { name: "raw".into(), state: HangingState::Purged(Box::new(purged)) }];
    let entries = vec![
        Assured { hanging, ..at(7) },
        at(8),
        Assured {
            covered: None,
            hanging: vec![Hanging { name: "output".into(), state: HangingState::Kept }],
            ..at(13)
        },
    ];
    let assurance = Assurance { entries, unchecked: 0, size: 1_234 };
    StoryProof { assurance, ..StoryProof::default() }
}

async fn proof_shown(proof: StoryProof) -> String {
    let mut desk = Desk::playground();
    let message = desk.fake.says("alice", console("ops", None), "words", noon());
    let request = desk.fake.asks("alice", &message, "/deploy order-service v1.2.3", RequestState::Done);
    desk.fake.rooms().proof = proof;
    let page = desk.get(&format!("/r/{request}")).await;
    assert_eq!(page.status, StatusCode::OK);
    let (_, rest) = page.text.split_once("<section class=\"proof").unwrap();
    rest.split_once("</section>").unwrap().0.to_owned()
}

#[tokio::test]
async fn a_story_shows_what_the_record_proves() {
    insta::assert_snapshot!("the proof of a story", proof_shown(proof()).await);
}

#[tokio::test]
async fn a_story_says_what_does_not_hold() {
    let mut proof = proof();
    proof.assurance.entries[1].doubt = Some("entry 8 is not the one that was signed".into());
    proof.assurance.entries[2].hanging[0].state = HangingState::Changed;
    proof.disagreement = Some("result: listed as `done`, on the record `failed`".into());
    let shown = proof_shown(proof).await;
    let (shown, _) = shown.split_once("<details>").unwrap();
    insta::assert_snapshot!(shown, @r#"
    proof-bad"><h2 class="section">Proof</h2>
       <p>Something here does not hold. Do not rely on this story: run <code>countersign audit verify</code>, and compare the record with its checkpoints.</p><ul class="doubts"><li>The list of requests says something else than the record: result: listed as <code>done</code>, on the record <code>failed</code>.</li><li>Entry 8 is not the one that was signed.</li><li>The output of entry 13 was changed.</li></ul>
       <p>The raw message of entry 7 was taken away by Carol Reyes, <time datetime="2026-11-12T12:00:00Z" title="12 Nov 2026, 12:00:00 UTC">just now</time>: it had a password in it. Its salted digest stays, so that nothing else can be put in its place.</p>
    "#);
}
