use insta::assert_snapshot;

use crate::support::World;

#[tokio::test]
async fn who_may_not_is_refused_and_told_who_may() {
    let world = World::of(&["order-service"], &["staging"]).await;
    assert_snapshot!(world.say("dave", "/deploy order-service v2.4.1 staging").await, @"
    = refused
    [refused] dave is a viewer; `deploy` in staging is for the role engineer
      /deploy order-service v2.4.1 staging
      Nothing was done. /help shows what you may do here.
    ");
    assert_snapshot!(world.say("mallory", "/deploy order-service v2.4.1 staging").await, @"
    = refused
    [refused] This account is linked to nobody in the policy; ask an administrator to add it, then ask again
      /deploy order-service v2.4.1 staging
      Your account is console:mallory.
      Nothing was done. /help shows what you may do here.
    ");
    assert_snapshot!(world.say("mallory", "/status order-service").await, @"
    = refused
    [refused] This account is linked to nobody in the policy; ask an administrator to add it, then ask again
      /status order-service
      Your account is console:mallory.
      Nothing was done. /help shows what you may do here.
    ");
    assert_snapshot!(world.say_in("random", "alice", "/deploy order-service v2.4.1 staging").await, @"
    = refused
    [refused] This channel is not listed in the policy; go to #deployments, #general or #incidents
      /deploy order-service v2.4.1 staging
      Nothing was done. /help shows what you may do here.
    ");
    assert_snapshot!(world.say_in("random", "alice", "/status order-service staging").await, @"
    = refused
    [refused] This channel is not listed in the policy; go to #deployments, #general or #incidents
      /status order-service staging
      Nothing was done. /help shows what you may do here.
    ");
    assert_snapshot!(world.say_in("general", "alice", "/deploy order-service v2.4.1 production").await, @"
    = refused
    [refused] `deploy` in production is not for this channel; ask in #deployments or #incidents
      /deploy order-service v2.4.1 production
      Nothing was done. /help shows what you may do here.
    ");
    let service = world.playground("environments/staging/services/order-service").await;
    assert_eq!(service["generation"], 1, "nothing has run");
    world.finish().await;
}

#[tokio::test]
async fn everybody_known_can_look() {
    let world = World::of(&["order-service"], &["staging"]).await;
    assert_snapshot!(world.say("dave", "/status order-service").await, @"
    = done
    [info] order-service runs in 1 environment
      /status order-service
      staging: v2.4.0, 1 of 1 replica ready
    ");
    assert_snapshot!(world.say("dave", "/status orders stg").await, @"
    = done
    [info] order-service in staging runs v2.4.0, 1 of 1 replica ready
      /status order-service staging
      Environment: staging
      Version: v2.4.0
      Replicas: 1 of 1 ready
      | order-service-staging-1  v2.4.0  ok
      Dashboard: https://grafana.example.com/d/staging/order-service
    ");
    assert_snapshot!(world.say("dave", "/whoami").await, @"
      = done
      [info] You are dave.
        /whoami
        Roles: viewer
        Here you may use: /audit /help /logs /pending /status /whoami
      ");
    assert_snapshot!(world.say("dave", "/help").await, @"
      = done
      [info] What you can ask for here. More about one: /help deploy
        /help
        | /audit [words] [--by <by>] [--changes] [--command <command>] [--environment <environment>] [--incident <incident>] [--last <last>] [--lines <lines>] [--result <result>]: What was done, by whom
        | /help [command]: What you can ask for
        | /logs <service> [environment] [--filter <filter>] [--last <last>] [--lines <lines>]: Read what a service writes
        | /pending: What waits for you
        | /status <service> [environment]: How a service is doing
        | /whoami: Who you are here
      ");
    assert_snapshot!(world.say("alice", "/help").await, @"
      = done
      [info] What you can ask for here. More about one: /help deploy
        /help
        | /audit [words] [--by <by>] [--changes] [--command <command>] [--environment <environment>] [--incident <incident>] [--last <last>] [--lines <lines>] [--result <result>]: What was done, by whom
        | /deploy <service> <version> <environment>: Deploy a version of a service
        | /help [command]: What you can ask for
        | /lock <environment> --reason <reason> [--service <service>] [--until <until>]: Stop changes to an environment
        | /logs <service> [environment] [--filter <filter>] [--last <last>] [--lines <lines>]: Read what a service writes
        | /migrate <target> <migration> <environment>: Apply database migrations
        | /pending: What waits for you
        | /rollback <service> <environment>: Go back to the version before
        | /scale <service> <replicas> <environment>: Set the number of replicas
        | /status <service> [environment]: How a service is doing
        | /unlock <environment> [--service <service>]: Allow changes again
        | /whoami: Who you are here
      ");
    assert_snapshot!(world.say("alice", "/help deploy").await, @"
    = done
    [info] /deploy <service> <version> <environment>
      /help deploy
      Puts one version of one service into one environment, replica by replica, and watches until all of them run it and answer their health check.
      Going back to the version before is `rollback`. The number of replicas is `scale`. The database is `migrate`.
      
        service: the service to deploy; one of api-gateway, checkout, inventory-service, notification-worker, order-service, payment-service, search-indexer, user-service
        version: the version to run, such as v2.4.1, or latest
        environment: where it goes; one of development, production, staging
      
      Example: /deploy order-service v2.4.1 production
      development: alice may, at once
      production: alice may ask; needs 1 of team-lead
      staging: alice may, at once
    ");
    let logs = world.say("dave", "/logs order-service staging --last 1h --filter started").await;
    assert_eq!(logs.state().as_str(), "done", "{logs}");
    world.finish().await;
}
