use super::Scene;
use crate::support::webdriver::{DOWN, ENTER, TAB};

const TYPED: &str = "return document.querySelector('#text').value";
const FOCUS: &str = "return document.activeElement.id || document.activeElement.className";

#[tokio::test]
async fn a_command_is_written_and_sent_without_a_mouse() {
    let Some(scene) = Scene::set() else { return };
    let [alice] = scene.people(["alice"]).await;

    assert_eq!(alice.script(FOCUS).await, "text", "one can write at once");
    alice.press("/depl").await;
    alice.reads("#completions", "/deploy").await;
    alice.press(DOWN).await;
    alice.reads("#completions [aria-selected='true']", "/deploy").await;
    assert_eq!(alice.attribute("#text", "aria-activedescendant").await.unwrap(), "completion-0");
    alice.press(ENTER).await;
    assert_eq!(alice.script(TYPED).await, "/deploy ");
    alice.press("order").await;
    alice.reads("#completions", "order-service").await;
    alice.press(TAB).await;
    alice.press("v2.4.1 stag").await;
    alice.reads("#completions", "staging").await;
    alice.press(TAB).await;
    assert_eq!(alice.script(TYPED).await, "/deploy order-service v2.4.1 staging ");
    alice.press(ENTER).await;

    alice.reads(".card-state", "Done").await;
    assert_eq!(alice.script(TYPED).await, "");
    alice.press(TAB).await;
    assert_eq!(alice.script(FOCUS).await, "send", "where there is nothing to complete, Tab goes on");

    alice.script("document.querySelector('#scroll').focus()").await;
    alice.press(DOWN).await;
    alice.comes("article.bot:focus").await;
    alice.press("/").await;
    assert_eq!(alice.script(TYPED).await, "/", "a slash begins a command from anywhere");
    assert_eq!(alice.script(FOCUS).await, "text");
    alice.had_no_trouble().await;
}
