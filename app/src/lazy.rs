//! Parts of the page whose code comes when they are first used, and not with the page: how they are called, and what happens
//! when the code does not come.
//!
//! A part is a plain function under `#[wasm_split(name, fallible)]`. All functions of one name come in one file.

use crate::browser;
use leptos::{prelude::*, task::spawn_local};
use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};
use types::{ApiError, ErrorCode};
use wasm_split_helpers::SplitLoaderError;

/// The code of a part did not come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Missing;

impl From<SplitLoaderError> for Missing {
    fn from(_: SplitLoaderError) -> Self {
        Self
    }
}

/// What calling a part gives.
type Call = Pin<Box<dyn Future<Output = Result<(), Missing>>>>;

/// Calls a part. Where its code is there already, it runs before this returns, so that a handler can still keep the browser
/// from what it does by itself. That the code does not come is said in `notice`.
pub(crate) fn call(notice: RwSignal<Option<ApiError>>, part: impl Future<Output = Result<(), Missing>> + 'static) {
    begin(Some(notice), Box::pin(part));
}

/// Calls a part that the page does as well without: that its code does not come is nobody's trouble.
pub(crate) fn try_call(part: impl Future<Output = Result<(), Missing>> + 'static) {
    spawn_local(async move {
        let _ = part.await;
    });
}

/// Calls the part that a whole page is.
#[cfg(target_arch = "wasm32")]
pub(crate) fn call_page(part: impl Future<Output = Result<(), Missing>> + 'static) {
    begin(None, Box::pin(part));
}

fn begin(notice: Option<RwSignal<Option<ApiError>>>, mut part: Call) {
    match part.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(())) => {}
        Poll::Ready(Err(Missing)) => spawn_local(do_without(notice)),
        Poll::Pending => spawn_local(async move {
            match part.await {
                Ok(()) => browser::remember_reload(false),
                Err(Missing) => do_without(notice).await,
            }
        }),
    }
}

/// A page that is older than the server asks for files that are gone: loading it again brings the new ones. It is done once,
/// and only while the server answers at all; what was typed is kept by the browser.
async fn do_without(notice: Option<RwSignal<Option<ApiError>>>) {
    if browser::answers().await && !browser::was_reloaded() {
        browser::remember_reload(true);
        browser::reload();
    } else if let Some(notice) = notice {
        let text = "A part of this page could not be loaded. Check the connection and try again.";
        notice.set(Some(ApiError::new(ErrorCode::Unknown, text)));
    }
}
