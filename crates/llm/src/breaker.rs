//! The circuit breaker of a provider: after several failures in a row nobody is sent there for a while, then one probe.
//!
//! Whether a stream fails is known only at its end, so asking for leave and telling the outcome are two calls. That a
//! provider is back is known earlier: a probe that speaks closes the breaker on trial, so that one long answer does not
//! keep everybody else out until it ends. Knows no provider; the time is tokio's.

use crate::{Error, ErrorKind, Limits};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Whether a provider is being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circuit {
    /// It is.
    Closed,
    /// It is not: it failed too often.
    Open,
    /// One request finds out whether it is back.
    HalfOpen,
}

/// How a provider is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Whether it is being asked.
    pub circuit: Circuit,
    /// While open: how long until the next probe.
    pub retry_after: Option<Duration>,
    /// The last failure since it last answered.
    pub last_error: Option<ErrorKind>,
}

/// A provider's breaker.
#[derive(Clone, Debug)]
pub(crate) struct Breaker {
    threshold: usize,
    shortest: Duration,
    longest: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// Failures in a row.
    failures: usize,
    last_error: Option<ErrorKind>,
    /// Set while not closed: until when nobody is let through.
    open_until: Option<Instant>,
    /// How long it was last opened for.
    wait: Duration,
    is_probing: bool,
    /// How often it was opened. What began before the last time says nothing about now.
    openings: u64,
}

/// Leave to ask once. Dropped without an outcome (the caller gave up) it tells nothing, and makes room for another probe.
#[derive(Debug)]
pub(crate) struct Permit {
    breaker: Breaker,
    /// Of the breaker when it was given.
    openings: u64,
    is_probe: bool,
    is_told: bool,
}

impl Breaker {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            threshold: limits.failures_to_open.max(1),
            shortest: limits.open_at_least,
            longest: limits.open_at_most,
            state: Arc::default(),
        }
    }

    /// Leave to ask, or the error that says when to come back.
    pub(crate) fn permit(&self) -> Result<Permit, Error> {
        let mut state = self.state();
        let is_probe = match state.open_until {
            Some(until) if Instant::now() < until || state.is_probing => return Err(state.not_asked(until)),
            open => open.is_some(),
        };
        state.is_probing = is_probe;
        Ok(Permit { breaker: self.clone(), openings: state.openings, is_probe, is_told: false })
    }

    /// The error where nobody is to be sent, not even a probe: for questions that tell nothing about answers.
    pub(crate) fn leave_alone(&self) -> Result<(), Error> {
        let state = self.state();
        state.open_until.filter(|until| Instant::now() < *until).map_or(Ok(()), |until| Err(state.not_asked(until)))
    }

    pub(crate) fn status(&self) -> Status {
        let state = self.state();
        let now = Instant::now();
        let circuit = match state.open_until {
            None => Circuit::Closed,
            Some(until) if now < until => Circuit::Open,
            Some(_) => Circuit::HalfOpen,
        };
        let retry_after =
            state.open_until.map(|until| until.saturating_duration_since(now)).filter(|wait| !wait.is_zero());
        Status { circuit, retry_after, last_error: state.last_error }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // A state is never left half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn not_asked(&self, until: Instant) -> Error {
        let wait = until.saturating_duration_since(Instant::now()).max(Duration::from_secs(1));
        let cause = self.last_error.unwrap_or(ErrorKind::Unavailable);
        let mut error = Error::new(ErrorKind::Unavailable, format!("not asked: it failed too often just now, {cause}"));
        error.retry_after = Some(wait);
        error.opened_by = Some(cause);
        error
    }
}

impl Permit {
    /// The provider has said something. A probe lets everybody through again, on trial: before an answer has come to its
    /// end, one more failure is enough to close the door for longer.
    pub(crate) fn speak(&mut self) {
        if std::mem::take(&mut self.is_probe) {
            let failures = self.breaker.threshold - 1;
            let mut state = self.breaker.state();
            (state.open_until, state.is_probing, state.failures) = (None, false, failures);
        }
    }

    /// The provider did its work.
    pub(crate) fn succeed(mut self) {
        self.is_told = true;
        let mut state = self.breaker.state();
        if state.openings == self.openings {
            *state = State { openings: self.openings, ..State::default() };
        }
    }

    /// The call failed. Only what the provider is to blame for counts; a refused key is an answer, and what nobody can read
    /// is none.
    pub(crate) fn fail(mut self, kind: ErrorKind) {
        match kind {
            ErrorKind::Overloaded
            | ErrorKind::Unavailable
            | ErrorKind::Timeout
            | ErrorKind::Interrupted
            | ErrorKind::Protocol => {}
            ErrorKind::Cancelled => return,
            ErrorKind::Authentication
            | ErrorKind::Quota
            | ErrorKind::RateLimited
            | ErrorKind::ContextLength
            | ErrorKind::ContentFilter
            | ErrorKind::BadRequest => return self.succeed(),
        }
        self.is_told = true;
        let breaker = self.breaker.clone();
        let mut state = breaker.state();
        if state.openings != self.openings {
            return;
        }
        state.failures += 1;
        state.last_error = Some(kind);
        if self.is_probe || state.failures >= breaker.threshold {
            state.wait = (state.wait * 2).clamp(breaker.shortest, breaker.longest);
            state.open_until = Some(Instant::now() + state.wait);
            state.is_probing = false;
            state.openings += 1;
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.is_probe && !self.is_told {
            self.breaker.state().is_probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> Breaker {
        Breaker::new(&Limits {
            failures_to_open: 2,
            open_at_least: Duration::from_secs(5),
            open_at_most: Duration::from_secs(15),
            ..Limits::default()
        })
    }

    fn fail(breaker: &Breaker) {
        breaker.permit().unwrap().fail(ErrorKind::Unavailable);
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_and_lets_one_probe_through() {
        let breaker = breaker();
        fail(&breaker);
        breaker.permit().unwrap().succeed();
        fail(&breaker);
        breaker.permit().unwrap().fail(ErrorKind::Authentication);
        fail(&breaker);
        assert_eq!(breaker.status().circuit, Circuit::Closed, "never two in a row");
        fail(&breaker);
        let error = breaker.permit().unwrap_err();
        assert!(error.is_circuit_open() && error.is_transient());
        assert_eq!((error.kind(), error.cause()), (ErrorKind::Unavailable, ErrorKind::Unavailable));
        assert_eq!(error.retry_after(), Some(Duration::from_secs(5)));
        let status = breaker.status();
        assert_eq!((status.circuit, status.last_error), (Circuit::Open, Some(ErrorKind::Unavailable)));
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(breaker.status().circuit, Circuit::HalfOpen);
        let probe = breaker.permit().unwrap();
        assert!(breaker.permit().is_err(), "one probe");
        drop(probe);
        let probe = breaker.permit().unwrap();
        probe.succeed();
        assert_eq!(breaker.status(), Status { circuit: Circuit::Closed, retry_after: None, last_error: None });
        fail(&breaker);
        assert!(breaker.permit().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn what_opened_it_is_told_to_everybody_who_is_not_let_through() {
        let breaker = breaker();
        fail(&breaker);
        breaker.permit().unwrap().fail(ErrorKind::Timeout);
        for error in [breaker.permit().unwrap_err(), breaker.leave_alone().unwrap_err()] {
            assert_eq!((error.kind(), error.cause()), (ErrorKind::Unavailable, ErrorKind::Timeout));
            assert!(error.detail().ends_with("the provider did not answer in time"), "{error}");
        }
        tokio::time::advance(Duration::from_secs(5)).await;
        let _probe = breaker.permit().unwrap();
        assert_eq!(breaker.permit().unwrap_err().cause(), ErrorKind::Timeout, "until the probe is back");
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_read_counts_where_it_comes_again() {
        let breaker = breaker();
        breaker.permit().unwrap().fail(ErrorKind::Protocol);
        assert_eq!(breaker.status().circuit, Circuit::Closed, "one is an accident");
        breaker.permit().unwrap().succeed();
        breaker.permit().unwrap().fail(ErrorKind::Protocol);
        assert_eq!(breaker.status().circuit, Circuit::Closed);
        breaker.permit().unwrap().fail(ErrorKind::Protocol);
        assert_eq!(breaker.permit().unwrap_err().cause(), ErrorKind::Protocol);
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_grows_with_every_failed_probe() {
        let breaker = breaker();
        fail(&breaker);
        fail(&breaker);
        for seconds in [5, 10, 15, 15] {
            assert_eq!(breaker.status().retry_after, Some(Duration::from_secs(seconds)));
            tokio::time::advance(Duration::from_secs(seconds)).await;
            fail(&breaker);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_speaks_lets_everybody_in_on_trial() {
        let breaker = breaker();
        fail(&breaker);
        fail(&breaker);
        tokio::time::advance(Duration::from_secs(5)).await;
        let mut probe = breaker.permit().unwrap();
        assert!(breaker.permit().is_err());
        probe.speak();
        assert_eq!(breaker.status().circuit, Circuit::Closed);
        let (mut one, other) = (breaker.permit().unwrap(), breaker.permit().unwrap());
        one.speak();
        probe.fail(ErrorKind::Interrupted);
        assert_eq!(
            breaker.status().retry_after,
            Some(Duration::from_secs(10)),
            "how it ends counts, and the wait grows"
        );
        one.succeed();
        other.fail(ErrorKind::Timeout);
        assert_eq!(breaker.status().retry_after, Some(Duration::from_secs(10)), "both began before it opened");
        tokio::time::advance(Duration::from_secs(10)).await;
        let mut probe = breaker.permit().unwrap();
        probe.speak();
        probe.succeed();
        fail(&breaker);
        assert_eq!(breaker.status().circuit, Circuit::Closed, "an answer that came to its end ends the trial");
    }

    #[tokio::test(start_paused = true)]
    async fn streams_from_before_it_opened_decide_nothing() {
        let breaker = breaker();
        let permits = || (breaker.permit().unwrap(), breaker.permit().unwrap());
        let ((good, bad), (late, later)) = (permits(), permits());
        fail(&breaker);
        fail(&breaker);
        good.succeed();
        bad.fail(ErrorKind::Timeout);
        assert_eq!(breaker.status().circuit, Circuit::Open);
        assert_eq!(breaker.status().retry_after, Some(Duration::from_secs(5)));
        tokio::time::advance(Duration::from_secs(5)).await;
        breaker.permit().unwrap().succeed();
        late.fail(ErrorKind::Timeout);
        later.fail(ErrorKind::Timeout);
        assert_eq!(breaker.status(), Status { circuit: Circuit::Closed, retry_after: None, last_error: None });
    }
}
