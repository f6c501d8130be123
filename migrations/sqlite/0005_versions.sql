-- Versions: what is remembered of something is used only while its version is the one that it was made from.

-- Raised by whoever holds a conversation, and with the end of an answer: see crates/backend/src/db/conversations.rs.
alter table conversations add column revision bigint not null default 0;

-- Raised with whatever lists of the user's conversations show. It begins as random as the epoch does, so that nothing
-- that is remembered of one account ever fits another.
alter table users add column conversations_version bigint not null default 0;
update users set conversations_version = session_epoch;

-- Triggers, in the language of the engine: whoever changes a conversation cannot forget the lists that it is in.

create trigger list_grown after insert on conversations
begin
    update users set conversations_version = conversations_version + 1 where id = new.user_id;
end;
create trigger list_shrunk after delete on conversations
begin
    update users set conversations_version = conversations_version + 1 where id = old.user_id;
end;
create trigger list_changed
after update of title, head_message_id, pinned, archived, deleted_at, updated_at on conversations
when (old.title, old.head_message_id, old.pinned, old.archived, old.deleted_at, old.updated_at)
     is not
     (new.title, new.head_message_id, new.pinned, new.archived, new.deleted_at, new.updated_at)
begin
    update users set conversations_version = conversations_version + 1 where id = new.user_id;
end;
