//! How often one may ask. Token buckets in this process: of each user, of each address that is not signed in, of each
//! user's answers and of each address' attempts to sign in or to register. A bucket is full at first and refills within a minute.

use super::{address, address::Origin};
use crate::{config, error::Error, extract::wants_page, routes, state::AppState};
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use backend::Actor;
use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    middleware::{StateInformationMiddleware, StateSnapshot},
    state::keyed::DefaultKeyedStateStore,
};
use std::{hash::Hash, net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};
use types::{ApiError, ErrorCode, UserId};

/// Attempts to sign in or to register that one address has in a minute: enough for a household that mistypes, too few to guess with.
const SIGN_INS_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);
/// How often buckets that are full again are forgotten.
const PRUNE_EVERY: Duration = Duration::from_mins(1);

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Who a request is counted against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    User(UserId),
    Address(IpAddr),
}

struct Buckets<K: Hash + Eq + Clone>(
    RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>,
);

impl<K: Hash + Eq + Clone> Buckets<K> {
    fn new(per_minute: NonZeroU32) -> Self {
        Self(RateLimiter::keyed(Quota::per_minute(per_minute)).with_middleware())
    }

    fn take(&self, key: &K) -> Result<Standing, Standing> {
        match self.0.check_key(key) {
            Ok(snapshot) => Ok(Standing::after(&snapshot)),
            Err(refusal) => Err(Standing {
                limit: refusal.quota().burst_size().get(),
                remaining: 0,
                reset: refusal.wait_time_from(DefaultClock::default().now()),
            }),
        }
    }

    fn prune(&self) {
        self.0.retain_recent();
        self.0.shrink_to_fit();
    }
}

/// How full a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    limit: u32,
    remaining: u32,
    /// Until the bucket is full again; for a refusal, until the next request passes.
    reset: Duration,
}

impl Standing {
    fn after(snapshot: &StateSnapshot) -> Self {
        let quota = snapshot.quota();
        let (limit, remaining) = (quota.burst_size().get(), snapshot.remaining_burst_capacity());
        Self { limit, remaining, reset: quota.replenish_interval() * limit.saturating_sub(remaining) }
    }

    fn write(self, headers: &mut HeaderMap) {
        let seconds = self.reset.as_secs() + u64::from(self.reset.subsec_nanos() > 0);
        headers.insert(LIMIT, self.limit.into());
        headers.insert(REMAINING, self.remaining.into());
        headers.insert(RESET, HeaderValue::from(seconds));
    }
}

/// A request that came too early.
#[derive(Debug)]
pub struct TooMany(Standing);

impl TooMany {
    /// The failure as data, for a form's way back.
    pub fn error(&self) -> ApiError {
        // Rounded up: whoever comes back at this moment is let through.
        let wait_ms = u64::try_from(self.0.reset.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        let message = format!("Too many requests. Try again in {} s.", wait_ms.div_ceil(1000));
        ApiError { retry_after_ms: Some(wait_ms), ..ApiError::new(ErrorCode::RateLimited, message) }
    }

    fn answer(&self, as_page: bool) -> Response {
        let error = Error(self.error());
        let mut response = if as_page { error.into_page() } else { error.into_response() };
        self.0.write(response.headers_mut());
        response
    }
}

impl axum::response::IntoResponse for TooMany {
    fn into_response(self) -> Response {
        self.answer(false)
    }
}

/// All buckets.
pub struct RateLimits {
    general: Buckets<Key>,
    chat: Buckets<UserId>,
    sign_in: Buckets<IpAddr>,
    enabled: bool,
}

impl RateLimits {
    /// Buckets of the configured sizes, all full.
    pub fn new(config: config::RateLimits) -> Self {
        Self {
            general: Buckets::new(config.requests_per_minute),
            chat: Buckets::new(config.chat_requests_per_minute),
            sign_in: Buckets::new(SIGN_INS_PER_MINUTE),
            enabled: config.enabled,
        }
    }

    /// Forgets full buckets from time to time, so that the memory follows those who are there. Never returns.
    pub async fn keep_small(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(PRUNE_EVERY);
        loop {
            ticks.tick().await;
            self.general.prune();
            self.chat.prune();
            self.sign_in.prune();
        }
    }

    fn take_chat(&self, user: UserId) -> Result<(), TooMany> {
        if !self.enabled {
            return Ok(());
        }
        self.chat.take(&user).map(drop).map_err(TooMany)
    }
}

/// Counts a request against its user or, not signed in, its address.
pub async fn limit(State(limits): State<Arc<RateLimits>>, request: Request, next: Next) -> Response {
    if !limits.enabled {
        return next.run(request).await;
    }
    let user = request.extensions().get::<Actor>().map(Actor::id);
    let key = user.map_or_else(|| Key::Address(client(request.extensions())), Key::User);
    let as_page = wants_page(request.headers());
    let standing = match limits.general.take(&key) {
        Ok(standing) => standing,
        Err(refused) => return TooMany(refused).answer(as_page),
    };
    if let Some(user) = user
        && routes::is_run_fn(request.uri().path())
        && let Err(refused) = limits.take_chat(user)
    {
        return refused.answer(false);
    }
    let mut response = next.run(request).await;
    if !response.headers().contains_key(header::RETRY_AFTER) {
        standing.write(response.headers_mut());
    }
    response
}

fn client(extensions: &axum::http::Extensions) -> IpAddr {
    let unknown = IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED);
    address::counted_as(extensions.get::<Origin>().map_or(unknown, |origin| origin.client))
}

/// Leave to try a password, or to choose one: hashing it is dear. Extracted before the body, so that guessing costs nothing to refuse.
#[derive(Debug)]
pub struct SignInPermit;

impl FromRequestParts<AppState> for SignInPermit {
    type Rejection = TooMany;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, TooMany> {
        if state.rate_limits.enabled {
            state.rate_limits.sign_in.take(&client(&parts.extensions)).map_err(TooMany)?;
        }
        Ok(Self)
    }
}

/// Leave to start a run. Extracted after the actor: without one there is nobody to count against.
#[derive(Debug)]
pub struct ChatPermit;

impl FromRequestParts<AppState> for ChatPermit {
    type Rejection = TooMany;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, TooMany> {
        if let Some(actor) = parts.extensions.get::<Actor>() {
            state.rate_limits.take_chat(actor.id())?;
        }
        Ok(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_says_when_to_come_back() {
        let buckets = Buckets::new(NonZeroU32::new(2).unwrap());
        assert_eq!(buckets.take(&1).unwrap().remaining, 1);
        assert_eq!(buckets.take(&1).unwrap().remaining, 0);
        let refused = buckets.take(&1).unwrap_err();
        assert_eq!((refused.limit, refused.remaining), (2, 0));
        assert!(refused.reset > Duration::from_secs(20) && refused.reset <= Duration::from_secs(30));
        assert!(buckets.take(&2).is_ok(), "another key has its own bucket");
    }

    #[test]
    fn a_refusal_names_the_wait() {
        let refused = TooMany(Standing { limit: 10, remaining: 0, reset: Duration::from_millis(5_500) });
        let response = refused.into_response();
        assert_eq!(response.status(), 429);
        let header = |name: HeaderName| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(
            [header(header::RETRY_AFTER), header(LIMIT), header(REMAINING), header(RESET)],
            ["6", "10", "0", "6"]
        );
    }
}
