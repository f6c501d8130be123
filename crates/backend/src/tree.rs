//! What a person does with the tree of a conversation's messages, besides having answers written (`runs`): showing
//! another branch, deleting a message with what hangs below it, going on elsewhere with a branch.
//!
//! While an answer is being written in a conversation its tree stays as it is.

use crate::runs::{branch, run_in_progress};
use crate::{
    Actor, Backend, Error,
    db::{self, Tx, tree, tree::Held},
    error::Result,
    events, sentiment,
};
use types::{ConversationId, ConversationSummary, MessageId, MessageStatus, ShownBranch, TITLE_MAX_CHARS, UserEvent};
use uuid::Uuid;

/// Shows the branch of a message: from the conversation's beginning to the newest end below it.
pub async fn show(backend: &Backend, actor: &Actor, id: MessageId) -> Result<ShownBranch> {
    let mut tx = backend.db.begin().await?;
    let Held { conversation, head, .. } = hold(&mut tx, actor, id).await?;
    refuse_during_run(&mut tx, conversation).await?;
    let end = tree::newest_below(&mut tx, id).await?;
    branch::show(&mut tx, conversation, head, Some(end), None).await?;
    tx.commit().await?;
    Ok(ShownBranch { conversation_id: conversation, head_message_id: Some(end) })
}

/// Removes a message with everything below it. Where that was shown, the branch of the sibling next to it is, or what
/// comes before it.
pub async fn delete(backend: &Backend, actor: &Actor, id: MessageId) -> Result<ShownBranch> {
    let mut tx = backend.db.begin().await?;
    let Held { conversation, head, .. } = hold(&mut tx, actor, id).await?;
    refuse_during_run(&mut tx, conversation).await?;
    let place = tree::find(&mut tx, conversation, id).await?.ok_or_else(Error::message_not_found)?;
    let asked = match head {
        Some(head) => tree::last_question(&mut tx, head).await?,
        None => None,
    };
    tree::delete(&mut tx, id).await?;
    let is_gone = match head {
        Some(head) => tree::find(&mut tx, conversation, head).await?.is_none(),
        None => true,
    };
    let mut end = head;
    if is_gone {
        let beside = tree::list_beside(&mut tx, conversation, &place).await?;
        let nearest = beside.iter().rev().find(|other| **other < id).or_else(|| beside.first());
        end = match nearest {
            Some(sibling) => Some(tree::newest_below(&mut tx, *sibling).await?),
            None => place.parent,
        };
    }
    tree::show(&mut tx, conversation, end, None, Some(backend.clock.now())).await?;
    if is_gone {
        let asks = match end {
            Some(end) => tree::last_question(&mut tx, end).await?,
            None => None,
        };
        if asks.is_none() || asks != asked {
            sentiment::recompute(&mut tx, conversation).await?;
        }
    }
    tx.commit().await?;
    Ok(ShownBranch { conversation_id: conversation, head_message_id: end })
}

/// Begins a conversation with a copy of the branch that ends in a message.
pub async fn fork(backend: &Backend, actor: &Actor, id: MessageId) -> Result<ConversationSummary> {
    let fork = ConversationId(Uuid::now_v7());
    let mut tx = backend.db.begin().await?;
    let held = hold(&mut tx, actor, id).await?;
    let place = tree::find(&mut tx, held.conversation, id).await?.ok_or_else(Error::message_not_found)?;
    if place.status == MessageStatus::Streaming {
        return Err(run_in_progress());
    }
    tree::fork(&mut tx, id, fork, &title_of_fork(&held.title), backend.clock.now()).await?;
    sentiment::recompute(&mut tx, fork).await?;
    tx.commit().await?;
    let forked = db::conversations::find(&backend.db, fork, actor.id()).await?;
    let forked = forked.map(ConversationSummary::from).ok_or_else(Error::conversation_not_found)?;
    events::publish(backend, actor.id(), UserEvent::ConversationCreated { conversation: forked.clone() });
    Ok(forked)
}

async fn hold(tx: &mut Tx, actor: &Actor, id: MessageId) -> Result<Held> {
    tree::hold(tx, id, actor.id()).await?.ok_or_else(Error::message_not_found)
}

async fn refuse_during_run(tx: &mut Tx, conversation: ConversationId) -> Result<()> {
    if tree::has_run(tx, conversation).await? {
        return Err(run_in_progress());
    }
    Ok(())
}

/// The title of a copy: that of the original, marked as another branch of it.
fn title_of_fork(title: &str) -> String {
    const MARK: &str = " (branch)";
    let original = title.strip_suffix(MARK).unwrap_or(title);
    let kept: String = original.chars().take(TITLE_MAX_CHARS - MARK.len()).collect();
    format!("{}{MARK}", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_named_after_its_original() {
        assert_eq!(title_of_fork("A quiet week"), "A quiet week (branch)");
        assert_eq!(title_of_fork("A quiet week (branch)"), "A quiet week (branch)", "once is enough");
        assert_eq!(title_of_fork(&"ü".repeat(TITLE_MAX_CHARS)).chars().count(), TITLE_MAX_CHARS);
    }
}
