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
        let node = &world.nodes[random.random_range(0..world.nodes.len())];
        let (what, away) = (random.random_range(0..100), Duration::from_millis(random.random_range(0..4_000)));
        let what = match what {
            0..45 if node.is_well() => {
                node.kill().await;
                broken.push(Broken { process: node, is_paused: false, until: Instant::now() + away });
                "killed"
            }
            // Longer than a lease, as often as not.
            45..65 if node.is_well() => {
                node.pause().await?;
                broken.push(Broken { process: node, is_paused: true, until: Instant::now() + away * 3 });
                "paused"
            }
            65..77 if node.is_well() => {
                node.terminate().await?;
                broken.push(Broken { process: node, is_paused: false, until: Instant::now() + away });
                "restarted"
            }
            77..85 if world.has_server() => {
                world.restart_database().await?;
                "database restarted"
            }
            85..92 if world.emulator.is_well() => {
                world.emulator.kill().await;
                sleep(away / 4).await;
                world.emulator.start(&world.http).await?;
                "provider cut"
            }
            92.. if world.emulator.is_well() => {
                world.emulator.pause().await?;
                broken.push(Broken { process: &world.emulator, is_paused: true, until: Instant::now() + away });
                "provider delayed"
            }
            _ => continue,
        };
        *done.entry(what).or_default() += 1;
    }
    for broken in &broken {
        mend(world, broken).await?;
    }
    Ok(Report(done))
}

async fn mend(world: &World, broken: &Broken<'_>) -> anyhow::Result<()> {
    if broken.is_paused { broken.process.go_on().await } else { broken.process.start(&world.http).await }
}
