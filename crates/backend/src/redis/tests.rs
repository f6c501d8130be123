//! On a real server where `TEST_REDIS_URL` names one (`./dev test` starts one), and without any.

use super::*;
use tokio::net::TcpListener;
use uuid::Uuid;

/// Redis as an installation of its own. `None`: there is none to test on.
fn of_its_own() -> Option<Redis> {
    #[expect(clippy::disallowed_methods, reason = "a test has no configuration to read it from")]
    let Ok(url) = std::env::var("TEST_REDIS_URL") else {
        eprintln!("skipped: TEST_REDIS_URL is not set");
        return None;
    };
    Some(Redis::new(Config::from_url(&url).unwrap(), &Uuid::new_v4().to_string()))
}

/// Runs a test beside the task that keeps the connection, from when there is one.
async fn connected<T>(redis: &Redis, test: impl Future<Output = T>) -> T {
    let test = async {
        let _ = redis.connected.subscribe().wait_for(Option::is_some).await.map(drop);
        test.await
    };
    tokio::select! {
        () = redis.keep() => unreachable!("it is kept for ever"),
        done = test => done,
    }
}

const LIFE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn what_is_kept_is_there_until_it_is_forgotten_and_only_for_this_installation() {
    let (Some(redis), Some(other)) = (of_its_own(), of_its_own()) else { return };
    connected(&redis, async {
        assert_eq!(redis.get("conv:1").await, None);
        redis.set("conv:1", "\"Grüße\"\n", LIFE).await;
        redis.set("conv:2", "two", LIFE).await;
        assert_eq!(redis.get("conv:1").await.as_deref(), Some("\"Grüße\"\n"));
        assert_eq!(connected(&other, other.get("conv:1")).await, None);
        redis.delete(&["conv:1", "conv:2", "conv:3"]).await;
        assert_eq!((redis.get("conv:1").await, redis.get("conv:2").await), (None, None));

        redis.set("short", "gone in a moment", Duration::ZERO).await;
        while redis.get("short").await.is_some() {}
        redis.set("long", &"x".repeat(MAX_BYTES), LIFE).await;
        assert_eq!(redis.get("long").await.map(|value| value.len()), Some(MAX_BYTES));
        redis.set("longer", &"x".repeat(MAX_BYTES + 1), LIFE).await;
        assert_eq!(redis.get("longer").await, None);
        redis.delete(&["long"]).await;
        assert!(redis.ping().await.is_some());
    })
    .await;
}

#[tokio::test]
async fn what_is_published_is_heard() {
    let Some(redis) = of_its_own() else { return };
    connected(&redis, async {
        let mut listener = redis.listen().await.unwrap().unwrap();
        assert!(redis.publish("released").await);
        assert_eq!(listener.next().await.unwrap(), "released");
    })
    .await;
}

#[tokio::test]
async fn nothing_waits_for_a_redis_that_is_away() {
    // It takes connections, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    for url in [format!("redis://{address}"), format!("redis://{address}?cluster=true")] {
        let redis = Redis::new(Config::from_url(&url).unwrap(), "mine");
        let used = async {
            // By now somebody is connecting.
            silent.accept().await.unwrap();
            let begun = Instant::now();
            redis.set("key", "value", LIFE).await;
            redis.delete(&["key"]).await;
            assert!(redis.get("key").await.is_none() && redis.ping().await.is_none() && !redis.publish("text").await);
            assert!(begun.elapsed() < LIMIT);
        };
        tokio::select! {
            () = redis.keep() => unreachable!("it is kept for ever"),
            done = used => done,
        }
    }
}

#[tokio::test]
async fn a_server_that_does_not_know_tls_is_a_failure_and_no_more() {
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = Config::from_url(&format!("rediss://{}", plain.local_addr().unwrap())).unwrap();
    let answering = async { drop(plain.accept().await.unwrap()) };
    let (opened, ()) = tokio::join!(Connection::open(&config), answering);
    assert!(opened.err().unwrap().is_absence());
}

#[tokio::test]
async fn a_redis_that_falls_silent_is_left_alone_until_it_answers_again() {
    let Some(redis) = of_its_own() else { return };
    connected(&redis, async {
        redis.set("key", "value", LIFE).await;
        let number = redis.connected.borrow().as_ref().unwrap().number;
        assert!(redis.give_up(number) && !redis.give_up(number), "once");
        assert_eq!(redis.get("key").await, None);
        let mut line = redis.connected.subscribe();
        let again = line.wait_for(Option::is_some).await.unwrap().clone().unwrap().number;
        assert!(again > number && !redis.give_up(number), "a failure of the old one is none of the new one's");
        assert_eq!(redis.get("key").await.as_deref(), Some("value"));
        redis.delete(&["key"]).await;
    })
    .await;
}
