use std::process::ExitCode;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

use super::print;
use crate::app::{App, Parts, listen};
use crate::config::Source;
use crate::telemetry;

/// Starts everything, and stops everything on Ctrl-C or a termination signal.
pub(super) async fn serve(source: Source) -> Result<ExitCode> {
    telemetry::init(&source.config.log)?;
    let listener = listen(&source).await?;
    let app = App::build(source, Parts::of_this_machine()?).await?;
    let playground = app.playground.is_some();
    let people = people(&app);
    let listen_for = |kind| signal(kind).context("cannot listen for signals");
    let (mut interrupt, mut terminate) =
        (listen_for(SignalKind::interrupt())?, listen_for(SignalKind::terminate())?);
    let until = async move {
        tokio::select! {
            _interrupted = interrupt.recv() => {}
            _terminated = terminate.recv() => {}
        }
    };
    let opened = |addr| {
        // The greeting is a courtesy; without a reader for it the server still serves.
        let _unread = print(&greeting(addr, &people, playground));
    };
    app.serve(listener, until, opened).await?;
    Ok(ExitCode::SUCCESS)
}

fn people(app: &App) -> Vec<String> {
    let policy = app.rooms.policy.load();
    policy
        .people()
        .map(|person| {
            let roles: Vec<_> = person.granted.iter().map(|role| role.0.as_str()).collect();
            format!("  {:<8}{}", person.id.0, roles.join(", "))
        })
        .collect()
}

fn greeting(addr: std::net::SocketAddr, people: &[String], playground: bool) -> String {
    if !playground {
        return format!("countersign is listening on http://{addr}. Ctrl-C stops it.");
    }
    format!(
        "countersign is listening on http://{addr}
It operates a playground: real processes on this machine, nothing else.

You can be
{}

Three things to try in #deployments
  /status order-service
  /deploy order-service v2.4.1 staging        runs at once
  /deploy order-service v2.4.1 production     as alice; then approve it as bob

The same from a second terminal
  countersign say \"/status order-service\" --as alice --in deployments

Ctrl-C stops it and everything it started.",
        people.join("\n")
    )
}
