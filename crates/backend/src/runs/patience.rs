//! How often, and after what wait, an answer that broke off is gone on with. Pure: it is told the time.
//!
//! A provider that is away may be back in a moment, and somebody is waiting: it is asked again for a while. One that is
//! there and breaks off at the same word once more would do so for ever.

use crate::Error;
use llm::ErrorKind;
use std::time::Duration;
use tokio::time::Instant;

/// For how long an answer may stand still before it is given up.
const STANDSTILL: Duration = Duration::from_secs(30);
/// The first wait; each one doubles.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest wait that the provider has not asked for.
const LONGEST: Duration = Duration::from_secs(4);
/// How often an answer that grows is gone on with. A provider that never says how its answers end would be asked for ever,
/// and each time costs as much as the whole answer.
const MOST: u32 = 16;

/// What an answer has been through since its last word.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// How much was written when it last broke off, and when that was first.
    still: Option<(u32, Instant)>,
    /// The next wait.
    pause: Duration,
    /// How often it has broken off after new words.
    breaks: u32,
}

impl Patience {
    /// How long to wait before the provider is asked to go on, if it should be. `written` grows with the answer; an answer
    /// without a word was tried often enough already.
    pub(super) fn after(&mut self, error: &llm::Error, written: u32, now: Instant) -> Option<Duration> {
        if written == 0 || !error.is_transient() {
            return None;
        }
        let has_grown = self.look(written, now);
        let is_stuck = error.kind() == ErrorKind::Interrupted && !has_grown;
        if is_stuck || self.breaks > MOST {
            return None;
        }
        self.wait(error.retry_after(), now)
    }

    /// The same where the conversation could not be read: a database that is away comes back.
    pub(super) fn without_context(&mut self, error: &Error, written: u32, now: Instant) -> Option<Duration> {
        if !matches!(error, Error::Database(_)) {
            return None;
        }
        self.look(written, now);
        self.wait(None, now)
    }

    /// Notes how far the answer is, and says whether it had grown.
    fn look(&mut self, written: u32, now: Instant) -> bool {
        let has_grown = self.still.is_none_or(|(before, _)| before < written);
        if has_grown {
            *self = Self { still: Some((written, now)), pause: PAUSE, breaks: self.breaks + 1 };
        }
        has_grown
    }

    fn wait(&mut self, asked: Option<Duration>, now: Instant) -> Option<Duration> {
        let wait = asked.unwrap_or_default().max(self.pause);
        self.pause = (self.pause * 2).min(LONGEST);
        let since = self.still.map_or(now, |(_, since)| since);
        (now + wait <= since + STANDSTILL).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn error(kind: ErrorKind) -> llm::Error {
        llm::Error::new(kind, "")
    }

    #[test]
    fn a_provider_that_breaks_off_is_asked_until_it_says_nothing_more() {
        let (now, mut patience) = (Instant::now(), Patience::default());
        let broke = error(ErrorKind::Interrupted);
        assert_eq!(patience.after(&broke, 5, now), Some(PAUSE));
        assert_eq!(patience.after(&broke, 9, now), Some(PAUSE), "it has gone on");
        assert_eq!(patience.after(&broke, 9, now), None, "the same word again");
        assert_eq!(Patience::default().after(&broke, 0, now), None, "without a word there is nothing to go on with");
        assert_eq!(patience.after(&error(ErrorKind::Authentication), 20, now), None);
    }

    #[test]
    fn a_provider_that_never_comes_to_an_end_is_left() {
        let (now, mut patience) = (Instant::now(), Patience::default());
        let asked = (1..).take_while(|words| patience.after(&error(ErrorKind::Interrupted), *words, now).is_some());
        assert_eq!(u32::try_from(asked.count()), Ok(MOST));
    }

    #[test]
    fn a_provider_that_is_away_is_waited_for_so_long() {
        let (begin, mut patience) = (Instant::now(), Patience::default());
        let (mut now, mut waits) = (begin, 0);
        assert!(patience.after(&error(ErrorKind::Interrupted), 5, now).is_some());
        while let Some(wait) = patience.after(&error(ErrorKind::Unavailable), 5, now) {
            assert!(wait <= LONGEST);
            now += wait;
            waits += 1;
        }
        assert!(waits > 5 && now - begin <= STANDSTILL && now - begin + LONGEST >= STANDSTILL, "{waits}");
        assert!(
            patience.after(&error(ErrorKind::Unavailable), 6, now + seconds(60)).is_some(),
            "it went on in between"
        );
    }

    #[test]
    fn a_database_that_is_away_is_waited_for_too() {
        let (now, mut patience) = (Instant::now(), Patience::default());
        let away = Error::Database(crate::db::Error::Silent);
        assert_eq!(patience.without_context(&away, 0, now), Some(PAUSE));
        assert_eq!(patience.without_context(&away, 0, now + STANDSTILL), None);
        assert_eq!(patience.without_context(&Error::run_not_found(), 0, now), None);
    }
}
