use super::{DEPLOY, Desk, Scene};
use crate::support::until;
use crate::support::webdriver::Kind;

#[tokio::test]
async fn everything_that_matters_works_without_script() {
    let Some(scene) = Scene::set() else { return };
    let desk = Desk { browser: scene.driver.browser(Kind::Scriptless).await };
    desk.open(&scene.address("/c/deployments")).await;
    assert!(desk.all("html.script").await.is_empty(), "this browser runs scripts");

    desk.fill("#text", DEPLOY).await;
    desk.click(".send").await;
    desk.reads("#messages", DEPLOY).await;
    // Nothing tells such a page of what came later, so it is loaded again until it is there.
    until("the card waits", async || {
        desk.open(&scene.address("/c/deployments")).await;
        !desk.all(".tone-waiting").await.is_empty()
    })
    .await;
    let card = desk.waiting().await;

    desk.click("#person option[value='bob']").await;
    desk.click(".switch button").await;
    desk.comes("#person option[value='bob'][selected]").await;
    desk.click(&card.button("approve")).await;
    until("the card is done", async || {
        desk.open(&scene.address("/c/deployments")).await;
        !desk.all(&card.part(".tone-done")).await.is_empty()
    })
    .await;
    assert_eq!(desk.complaints().await, [""; 0]);
}
