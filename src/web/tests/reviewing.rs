use super::super::fake::console;
use super::*;
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
}
