//! Many who follow one run.

use crate::support::{Client, Events, Proxy, on_both, text};
use emulator::{Gate, Script};
use futures_util::future::join_all;

const ANSWER: &str = "one two three four five";
const FOLLOWERS: usize = 500;

/// Half of them read from the beginning, the others go on after an event. Each gives its stream and what it has read.
async fn follow(user: &Client, run: &str, after: &str) -> Vec<(Events, String)> {
    join_all((0..FOLLOWERS).map(async |index| {
        if index % 2 == 1 {
            return (user.follow(run, Some(after)).await, "one two ".to_owned());
        }
        let mut events = user.follow(run, None).await;
        events.expect("start").await;
        let (text, _) = events.text_of("one two ".len()).await;
        (events, text)
    }))
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_follow_a_run_of_another_node_and_it_is_read_once_for_all() {
    on_both(async |setup| {
        // A SQLite file has one node.
        let Some(url) = setup.variable("DATABASE_URL").map(ToOwned::to_owned) else { return };
        let first = setup.start().await;
        let line = Proxy::start(&url).await;
        let second = first.another(&line.url()).await;
        let ada = first.register("ada").await;
        let gate = Gate::new();
        first.emulator.script(Script::text(ANSWER).gate(2, &gate));
        let mut writers = ada.send("Count to five.", "echo").await;
        let start = writers.expect("start").await.data;
        let (_, after) = writers.text_of("one two ".len()).await;

        let there = second.as_seen_by(&ada);
        let followers = follow(&there, start["run_id"].as_str().unwrap(), &after).await;
        let asked_before = line.statements();
        gate.open();
        let ends = join_all(followers.into_iter().map(async |(events, begun)| (begun, events.rest().await))).await;
        let asked = line.statements() - asked_before;

        for (begun, events) in ends {
            assert_eq!(begun + &text(&events), ANSWER);
            let ids: Vec<i64> = events.iter().map(|event| event.id.parse().unwrap()).collect();
            assert!(ids.is_sorted_by(|earlier, later| earlier < later), "{ids:?}");
            let names: Vec<&str> =
                events.iter().map(|event| event.name.as_str()).filter(|name| *name != "chunk").collect();
            assert_eq!(names, ["done"], "the reading was told before the words");
        }
        assert!(asked < FOLLOWERS / 5, "{asked} statements for {FOLLOWERS} followers");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_on_another_node_hear_that_a_conversation_was_deleted() {
    on_both(async |setup| {
        let Some(url) = setup.variable("DATABASE_URL").map(ToOwned::to_owned) else { return };
        let first = setup.start().await;
        let second = first.another(&url).await;
        let ada = first.register("ada").await;
        let gate = Gate::new();
        first.emulator.script(Script::text(ANSWER).gate(2, &gate));
        let mut writers = ada.send("Count to five.", "echo").await;
        let start = writers.expect("start").await.data;
        writers.text_of("one two ".len()).await;
        let (run, conversation) = (start["run_id"].as_str().unwrap(), start["conversation_id"].as_str().unwrap());
        let there = second.as_seen_by(&ada);
        let mut follower = there.follow(run, None).await;
        follower.expect("start").await;
        follower.text_of("one two ".len()).await;

        let path = format!("/api/v1/chat/conversation/{conversation}");
        assert_eq!(there.delete(&path).await.status, 204);
        let told = follower.rest().await;
        assert_eq!((told.len(), &told[0].data["code"]), (1, &"conversation_not_found".into()));
    })
    .await;
}
