//! What the browser keeps through its own end: texts in the browser's own database. A change is one transaction, so that
//! of two tabs one comes after the other.

use super::TextChange;
use leptos::{
    prelude::window,
    wasm_bindgen::{JsCast, JsValue, closure::Closure},
};
use web_sys::{
    IdbDatabase, IdbOpenDbRequest, IdbTransactionMode,
    js_sys::{Function, Promise},
};

/// The name of the database, and of the one store in it.
const NAME: &str = "lia";
const STORE: &str = "texts";

/// The open store. It is closed when this goes.
pub(crate) struct Keep(IdbDatabase);

impl Drop for Keep {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Keep {
    /// Opens the store; none where the browser keeps nothing, as in some private windows.
    pub(crate) async fn open() -> Option<Self> {
        let request = window().indexed_db().ok()??.open_with_u32(NAME, 1).ok()?;
        let made = {
            let request = request.clone();
            Closure::<dyn FnMut()>::once(move || {
                if let Some(database) = opened(&request) {
                    let _ = database.create_object_store(STORE);
                }
            })
        };
        request.set_onupgradeneeded(Some(made.as_ref().unchecked_ref()));
        settled(|done, failed| {
            request.set_onsuccess(Some(done));
            request.set_onerror(Some(failed));
        })
        .await?;
        opened(&request).map(Self)
    }

    /// Puts in the place of the text under a key what `change` makes of it. Nothing where that did not work.
    pub(crate) async fn change(&self, key: &str, change: TextChange) -> Option<()> {
        let key = JsValue::from(key);
        let transaction = self.0.transaction_with_str_and_mode(STORE, IdbTransactionMode::Readwrite).ok()?;
        let store = transaction.object_store(STORE).ok()?;
        let request = store.get(&key).ok()?;
        let found = {
            let request = request.clone();
            Closure::<dyn FnMut()>::once_aborting(move || {
                let before = request.result().ok().and_then(|text| text.as_string());
                let after = change(before.as_deref());
                // What fails here ends the transaction, which is what is asked below.
                let _ = match &after {
                    _ if after == before => return,
                    Some(text) => store.put_with_key(&JsValue::from(text), &key),
                    None => store.delete(&key),
                };
            })
        };
        request.set_onsuccess(Some(found.as_ref().unchecked_ref()));
        settled(|done, failed| {
            transaction.set_oncomplete(Some(done));
            transaction.set_onabort(Some(failed));
        })
        .await
    }
}

fn opened(request: &IdbOpenDbRequest) -> Option<IdbDatabase> {
    // What an opened database is, is known.
    request.result().ok().map(JsCast::unchecked_into)
}

/// Waits until one of the two has been called.
async fn settled(listen: impl FnOnce(&Function, &Function)) -> Option<()> {
    let mut listen = Some(listen);
    let mut begin = |done: Function, failed: Function| {
        if let Some(listen) = listen.take() {
            listen(&done, &failed);
        }
    };
    Promise::new(&mut begin).await.ok().map(drop)
}
