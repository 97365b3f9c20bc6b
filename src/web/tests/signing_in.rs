use std::time::Duration;

use super::*;

#[tokio::test]
async fn without_a_session_there_is_the_sign_in_and_nothing_else() {
    let mut desk = Desk::accounts();
    let answer = desk.get("/c/ops").await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/sign-in?next=/c/ops"));
    let csrf = desk.csrf("/sign-in").await;
    let answer = desk.post("/c/ops/messages", &format!("csrf={csrf}&once={ONCE}&text=hello")).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(desk.fake.rooms().received.is_empty());
    assert_eq!(Desk::playground().get("/sign-in").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_session_lasts_until_it_is_closed_or_over() {
    let mut desk = Desk::accounts();
    desk.account("alice", "correct");
    let answer = desk.sign_in("Alice", "correct").await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("countersign_session="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"), "{cookie}");
    let token = desk.cookies.iter().find(|(name, _)| name == "countersign_session").unwrap().1.clone();
    assert!(!format!("{:?}", desk.fake.rooms().sessions).contains(&token), "the token itself is not kept");
    let csrf = desk.csrf("/c/ops").await;
    let kept = desk.cookies.clone();
    assert_eq!(desk.post("/session/close", &format!("csrf={csrf}")).await.location(), "/sign-in");
    desk.cookies = kept;
    assert_eq!(desk.get("/c/ops").await.status, StatusCode::SEE_OTHER, "a stolen cookie is worth nothing");

    desk.sign_in("alice", "correct").await;
    desk.clock.advance(Duration::from_secs(12 * 3_600 - 1));
    assert_eq!(desk.get("/c/ops").await.status, StatusCode::OK);
    desk.clock.advance(Duration::from_secs(1));
    assert_eq!(desk.get("/c/ops").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_unknown_name_and_a_wrong_password_sound_the_same() {
    let mut desk = Desk::accounts();
    desk.account("alice", "correct");
    let wrong = desk.sign_in("alice", "guess").await;
    let unknown = desk.sign_in("nobody", "guess").await;
    assert_eq!((wrong.status, unknown.status), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    assert_eq!(wrong.text.replace("alice", "nobody"), unknown.text);
}

#[tokio::test]
async fn guessing_gets_slower() {
    let mut desk = Desk::accounts();
    desk.account("alice", "correct");
    for _ in 0..5 {
        assert_eq!(desk.sign_in("alice", "guess").await.status, StatusCode::UNAUTHORIZED);
    }
    let answer = desk.sign_in("alice", "correct").await;
    assert_eq!(
        answer.status,
        StatusCode::TOO_MANY_REQUESTS,
        "not even the right one, until the wait is over"
    );
    assert_eq!(answer.headers[header::RETRY_AFTER], "60");
    desk.clock.advance(Duration::from_secs(60));
    assert_eq!(desk.sign_in("alice", "guess").await.status, StatusCode::UNAUTHORIZED);
    desk.clock.advance(Duration::from_secs(60));
    assert_eq!(
        desk.sign_in("alice", "correct").await.headers[header::RETRY_AFTER],
        "60",
        "twice as long now"
    );
    desk.clock.advance(Duration::from_secs(60));
    assert_eq!(desk.sign_in("alice", "correct").await.status, StatusCode::SEE_OTHER);
    assert_eq!(
        desk.sign_in("alice", "guess").await.status,
        StatusCode::UNAUTHORIZED,
        "a success starts anew"
    );
}

#[tokio::test]
async fn one_source_cannot_try_every_name() {
    let mut desk = Desk::accounts();
    let guess = async |desk: &mut Desk, name: usize, source: [u8; 4]| {
        let csrf = desk.csrf("/sign-in").await;
        let mut request =
            desk.request("POST", "/sign-in", &format!("csrf={csrf}&name=person{name}&password=guess"));
        let peer = std::net::SocketAddr::from((source, 40_000));
        request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
        desk.send(request).await.status.as_u16()
    };
    for name in 0..20 {
        assert_eq!(guess(&mut desk, name, [192, 0, 2, 1]).await, 401);
    }
    assert_eq!(guess(&mut desk, 20, [192, 0, 2, 1]).await, 429);
    assert_eq!(guess(&mut desk, 20, [192, 0, 2, 2]).await, 401);
}

#[tokio::test]
async fn after_signing_in_one_stays_here() {
    for (next, to) in
        [("/r/req_1", "/r/req_1"), ("//evil.example", "/"), ("https://evil.example", "/"), ("", "/")]
    {
        let mut desk = Desk::accounts();
        desk.account("alice", "correct");
        let csrf = desk.csrf("/sign-in").await;
        let form = format!("csrf={csrf}&name=alice&password=correct&next={next}");
        assert_eq!(desk.post("/sign-in", &form).await.location(), to, "{next}");
    }
}
