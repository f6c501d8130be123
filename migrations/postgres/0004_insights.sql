-- What the admin dashboard shows, added up a day at a time; crates/backend/src/insights says how. PostgreSQL; the other
-- folder holds the same tables and columns.

-- A cell: one day (UTC), week or month, provider, model and method. It is made anew from the messages whenever something
-- of its day has changed, so nothing in it outlives them; that of a week or month is made from those of its days.
create table sentiment_cells (
    step text not null check (step in ('day', 'week', 'month')),
    -- The first day of the step.
    day date not null,
    -- The model that was asked; empty where none is known.
    provider text not null,
    model text not null,
    method text not null,
    -- The messages that were read, and the sum of their scores.
    messages bigint not null,
    score_sum double precision not null,
    -- The numbers of up to five of the people who wrote them: as many as it takes to tell whether they are enough to be
    -- shown.
    people jsonb not null,
    -- Labels, emotions, conversations and answers, each with some of the people behind it likewise.
    detail jsonb not null,
    primary key (step, day, provider, model, method)
);

-- The days whose cells are out of date: a row for each change and no key but its number, so that answers that end at
-- once never wait for each other.
create table sentiment_changes (
    id bigint generated always as identity primary key,
    day date not null
);
create index sentiment_changes_day on sentiment_changes (day);

create index messages_sentiment on messages (created_at) where sentiment_score is not null;
create index conversations_created_at on conversations (created_at);

-- Triggers, in the language of the engine: whoever writes or deletes a message cannot forget the dashboard.

insert into sentiment_changes (day)
select (created_at at time zone 'UTC')::date from messages where sentiment_score is not null
union select (created_at at time zone 'UTC')::date from conversations;

-- A reading counts on its own day, in its conversation on the day that began, and for the message after the next one,
-- which is compared with it. Of an answer, the model counts: for its question, and for the message that follows it.
-- The fences (`offset 0`) keep the lookups by parent: a plan made while the tables are young would else walk the index of
-- all readings for every one that is stored.
create function note_sentiment_written() returns trigger language plpgsql as $$
begin
    insert into sentiment_changes (day)
    select (new.created_at at time zone 'UTC')::date where new.role = 'user'
    union
    select (c.created_at at time zone 'UTC')::date from conversations c where c.id = new.conversation_id
    union
    select (near.created_at at time zone 'UTC')::date from (
        (select created_at, sentiment_score from messages where id = new.parent_id offset 0)
        union all
        (select created_at, sentiment_score from messages where parent_id = new.id offset 0)
        union all
        (select m.created_at, m.sentiment_score
         from (select id from messages where parent_id = new.id offset 0) child,
              lateral (select created_at, sentiment_score from messages where parent_id = child.id offset 0) m)
    ) near where near.sentiment_score is not null;
    return null;
end $$;
create trigger sentiment_inserted after insert on messages for each row
when (new.sentiment_score is not null) execute function note_sentiment_written();
create trigger sentiment_updated
after update of sentiment_score, sentiment_label, sentiment_emotion, sentiment_method, provider, model
on messages for each row
when ((old.sentiment_score, old.sentiment_label, old.sentiment_emotion, old.sentiment_method, old.provider, old.model)
      is distinct from
      (new.sentiment_score, new.sentiment_label, new.sentiment_emotion, new.sentiment_method, new.provider, new.model))
execute function note_sentiment_written();

create function note_sentiment_deleted() returns trigger language plpgsql as $$
begin
    insert into sentiment_changes (day)
    select (old.created_at at time zone 'UTC')::date where old.sentiment_score is not null
    union
    select (m.created_at at time zone 'UTC')::date from messages m
    where m.id = old.parent_id and m.sentiment_score is not null
    union
    select (c.created_at at time zone 'UTC')::date from conversations c where c.id = old.conversation_id;
    return null;
end $$;
create trigger sentiment_deleted after delete on messages for each row execute function note_sentiment_deleted();

create function note_conversation_changed() returns trigger language plpgsql as $$
begin
    insert into sentiment_changes (day)
    select (m.created_at at time zone 'UTC')::date from messages m
    where m.conversation_id = old.id and m.sentiment_score is not null
    union
    select (old.created_at at time zone 'UTC')::date;
    return null;
end $$;
create trigger conversation_hidden after update of deleted_at on conversations for each row
when (old.deleted_at is distinct from new.deleted_at) execute function note_conversation_changed();
create trigger conversation_deleted after delete on conversations for each row
execute function note_conversation_changed();
