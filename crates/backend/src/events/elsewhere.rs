//! What the listeners at other nodes are told, by way of the bus: a line for each thing, as many lines as fit into a hint.
//! Nobody waits for it. What could not be told, or not heard, is made good by having everybody there read again.

use super::feeds::Told;
use crate::{Backend, bus, bus::Hint};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use types::{UserEvent, UserId};
use uuid::Uuid;

/// Bytes of lines in one hint. A message to the other nodes has at most 8,000; a hint's name and this node's are before it.
const MAX_LINES: usize = 7_900;
/// Bytes of lines that wait to be told. More than that is not worth its memory: everybody reads again.
const MAX_WAITING: usize = 1 << 20;
/// The line that has every listener read again.
const EVERYBODY: &str = "*";

/// What is to be told to the other nodes.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    lines: Mutex<String>,
    filled: Notify,
}

impl Outbox {
    fn lines(&self) -> MutexGuard<'_, String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, user: UserId, told: &Told) {
        self.put_line(&line(user, told));
    }

    fn put_line(&self, line: &str) {
        let mut lines = self.lines();
        if lines.len() + line.len() > MAX_WAITING {
            EVERYBODY.clone_into(&mut lines);
        } else {
            if !lines.is_empty() {
                lines.push('\n');
            }
            lines.push_str(line);
        }
        drop(lines);
        self.filled.notify_one();
    }

    fn take(&self) -> String {
        std::mem::take(&mut *self.lines())
    }
}

/// One thing as a line. One that fits into no hint becomes a word to read again.
fn line(user: UserId, told: &Told) -> String {
    // A tree of strings and numbers: serialising it cannot fail, and leaves no line break in it.
    let written = |told: &Told| format!("{user} {}", serde_json::to_string(told).unwrap_or_default());
    let line = written(told);
    if line.len() > MAX_LINES { written(&Told::Event(UserEvent::Resync)) } else { line }
}

/// Lines, as they fit into hints.
fn pack(lines: &str) -> Vec<String> {
    let mut packs: Vec<String> = Vec::new();
    for line in lines.lines() {
        match packs.last_mut() {
            Some(pack) if pack.len() + 1 + line.len() <= MAX_LINES => {
                pack.push('\n');
                pack.push_str(line);
            }
            _ => packs.push(line.to_owned()),
        }
    }
    packs
}

/// Tells the other nodes what has been put out, until the process goes down.
pub(crate) async fn tell_others(backend: Backend) {
    loop {
        let is_last = tokio::select! {
            biased;
            () = backend.outbox.filled.notified() => false,
            () = backend.closed.cancelled() => true,
        };
        if let Ok(node) = backend.node() {
            for lines in pack(&backend.outbox.take()) {
                if !bus::tell(&backend, Hint::Told { node: node.id, lines }).await {
                    // Not at once: with whatever is told next.
                    EVERYBODY.clone_into(&mut backend.outbox.lines());
                }
            }
        }
        if is_last {
            return;
        }
    }
}

/// Tells the listeners here what another node has told.
pub(crate) fn hear(backend: &Backend, node: Uuid, lines: &str) {
    // Postgres tells a node what it has said itself.
    if backend.node().is_ok_and(|own| own.id == node) {
        return;
    }
    for line in lines.lines() {
        match parse(line) {
            Some((user, told)) => backend.feeds.tell(user, told),
            // Or a newer version says something that this one does not know.
            None => backend.feeds.resync_all(),
        }
    }
}

fn parse(line: &str) -> Option<(UserId, Told)> {
    let (user, told) = line.split_once(' ')?;
    Some((UserId(user.parse().ok()?), serde_json::from_str(told).ok()?))
}

/// This node may have missed what others told.
pub(crate) fn missed_something(backend: &Backend) {
    backend.feeds.resync_all();
}

/// Others are there that were not before, or that this node did not know of: they were told nothing until now.
pub(crate) fn others_have_come(backend: &Backend) {
    backend.outbox.put_line(EVERYBODY);
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::ConversationId;

    const ADA: UserId = UserId(7);

    fn renamed(title: &str) -> Told {
        let conversation_id = ConversationId(Uuid::nil());
        Told::Event(UserEvent::ConversationRenamed { conversation_id, title: title.to_owned() })
    }

    #[test]
    fn a_line_is_heard_as_it_was_written() {
        for told in [renamed("two\nlines, “quoted”"), Told::CheckSignIn] {
            assert_eq!(parse(&line(ADA, &told)), Some((ADA, told)));
        }
        assert_eq!(parse(EVERYBODY), None);
        assert_eq!(parse("7 {\"from\":\"tomorrow\"}"), None);
    }

    #[test]
    fn what_is_too_long_for_a_hint_is_a_word_to_read_again() {
        let read_again = Some((ADA, Told::Event(UserEvent::Resync)));
        assert_eq!(parse(&line(ADA, &renamed(&"x".repeat(MAX_LINES)))), read_again);
        let longest = renamed(&"\u{1}".repeat(types::TITLE_MAX_CHARS));
        assert_eq!(parse(&line(ADA, &longest)), Some((ADA, longest)), "a title always fits");
    }

    #[test]
    fn lines_go_out_together_and_no_more_wait_than_may() {
        let outbox = Outbox::default();
        for number in 0..300 {
            outbox.put(ADA, &renamed(&number.to_string()));
        }
        let packs = pack(&outbox.take());
        assert!(packs.iter().all(|pack| pack.len() <= MAX_LINES) && packs.len() > 2);
        let heard: Vec<_> = packs.iter().flat_map(|pack| pack.lines()).map(|line| parse(line).unwrap().1).collect();
        assert_eq!(heard, (0..300).map(|number| renamed(&number.to_string())).collect::<Vec<_>>());
        while outbox.lines().len() < MAX_WAITING - MAX_LINES {
            outbox.put(ADA, &renamed(&"x".repeat(5_000)));
        }
        outbox.put(ADA, &renamed(&"x".repeat(7_700)));
        outbox.put(ADA, &renamed(&"x".repeat(7_700)));
        assert!(outbox.take().starts_with(EVERYBODY));
    }
}
