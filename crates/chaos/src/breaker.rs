//! What goes wrong, and when: follows from the seed.

use crate::world::{Process, World};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use std::{collections::BTreeMap, fmt, time::Duration};
use tokio::time::{Instant, sleep, sleep_until};

/// What was done, and how often.
pub(crate) struct Report(BTreeMap<&'static str, u32>);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "done:")?;
        for (what, times) in &self.0 {
            write!(f, " {what} {times},")?;
        }
        write!(f, " {} in all", self.0.values().sum::<u32>())
    }
}

/// Something that is broken until then.
struct Broken<'a> {
    process: &'a Process,
    is_paused: bool,
    until: Instant,
}

/// Breaks one thing after the other for a while, and mends all of them in the end.
pub(crate) async fn break_things(world: &World, seed: u64, duration: Duration) -> anyhow::Result<Report> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut done = BTreeMap::new();
    let mut broken: Vec<Broken<'_>> = Vec::new();
    let end = Instant::now() + duration;
    loop {
        let next = Instant::now() + Duration::from_millis(random.random_range(300..2_500));
        while let Some(at) = broken.iter().position(|broken| broken.until <= next) {
            let healed = broken.remove(at);
            sleep_until(healed.until).await;
            mend(world, &healed).await?;
        }
        sleep_until(next.min(end)).await;
        if Instant::now() >= end {
            break;
        }
        if let Some(what) = break_one(world, &mut random, &mut broken).await? {
            *done.entry(what).or_default() += 1;
        }
    }
    for broken in &broken {
        mend(world, broken).await?;
    }
    Ok(Report(done))
}

/// Breaks one thing, and says what was done; `None` where it is broken already.
async fn break_one<'a>(
    world: &'a World,
    random: &mut StdRng,
    broken: &mut Vec<Broken<'a>>,
) -> anyhow::Result<Option<&'static str>> {
    let node = &world.nodes[random.random_range(0..world.nodes.len())];
    let (what, away) = (random.random_range(0..112), Duration::from_millis(random.random_range(0..4_000)));
    let mut break_until = |process, is_paused, away| {
        broken.push(Broken { process, is_paused, until: Instant::now() + away });
    };
    let redis = world.redis.as_ref().filter(|redis| redis.is_well());
    Ok(Some(match (what, redis) {
        (0..45, _) if node.is_well() => {
            node.kill().await;
            break_until(node, false, away);
            "killed"
        }
        // Longer than a lease, as often as not.
        (45..65, _) if node.is_well() => {
            node.pause().await?;
            break_until(node, true, away * 3);
            "paused"
        }
        (65..77, _) if node.is_well() => {
            node.terminate().await?;
            break_until(node, false, away);
            "restarted"
        }
        (77..85, _) if world.has_server() => {
            world.restart_database().await?;
            "database restarted"
        }
        (85..92, _) if world.emulator.is_well() => {
            world.emulator.kill().await;
            sleep(away / 4).await;
            world.emulator.start(&world.http).await?;
            "provider cut"
        }
        (92..100, _) if world.emulator.is_well() => {
            world.emulator.pause().await?;
            break_until(&world.emulator, true, away);
            "provider delayed"
        }
        (100..104, Some(redis)) => {
            redis.kill().await;
            break_until(redis, false, away);
            "Redis killed"
        }
        (104..108, Some(redis)) => {
            redis.terminate().await?;
            break_until(redis, false, away);
            "Redis stopped"
        }
        (108.., Some(redis)) => {
            redis.pause().await?;
            break_until(redis, true, away);
            "Redis paused"
        }
        _ => return Ok(None),
    }))
}

async fn mend(world: &World, broken: &Broken<'_>) -> anyhow::Result<()> {
    if broken.is_paused { broken.process.go_on().await } else { broken.process.start(&world.http).await }
}
