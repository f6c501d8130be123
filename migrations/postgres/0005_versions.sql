-- Versions: what is remembered of something is used only while its version is the one that it was made from.

-- Raised by whoever holds a conversation, and with the end of an answer: see crates/backend/src/db/conversations.rs.
alter table conversations add column revision bigint not null default 0;

-- Raised with whatever lists of the user's conversations show. It begins as random as the epoch does, so that nothing
-- that is remembered of one account ever fits another.
alter table users add column conversations_version bigint not null default 0;
update users set conversations_version = session_epoch;

-- Triggers, in the language of the engine: whoever changes a conversation cannot forget the lists that it is in.

-- The version is changed with every answer. Room on the page keeps the new row beside the old one, and the indexes as they
-- are.
alter table users set (fillfactor = 80);

-- Once for each of the people in a statement, and held in the order of their numbers: so two statements that change
-- conversations of the same people never wait for each other in a circle.
create function note_list_of_some() returns trigger language plpgsql as $$
begin
    with held as (select id from users where id in (select user_id from changed) order by id for no key update)
    update users set conversations_version = conversations_version + 1 from held where users.id = held.id;
    return null;
end $$;
create trigger list_grown after insert on conversations
referencing new table as changed for each statement execute function note_list_of_some();
create trigger list_shrunk after delete on conversations
referencing old table as changed for each statement execute function note_list_of_some();

create function note_list_where_changed() returns trigger language plpgsql as $$
begin
    with changed as (
        select newer.user_id from newer join older on older.id = newer.id
        where (newer.title, newer.head_message_id, newer.pinned, newer.archived, newer.deleted_at, newer.updated_at)
              is distinct from
              (older.title, older.head_message_id, older.pinned, older.archived, older.deleted_at, older.updated_at)),
    held as (select id from users where id in (select user_id from changed) order by id for no key update)
    update users set conversations_version = conversations_version + 1 from held where users.id = held.id;
    return null;
end $$;
create trigger list_changed after update on conversations
referencing old table as older new table as newer for each statement execute function note_list_where_changed();
