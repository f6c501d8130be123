-- What people say of how their messages were read.

create table sentiment_feedback (
    id integer primary key autoincrement,
    message_id bigint not null references messages (id) on delete cascade,
    user_id bigint not null references users (id) on delete cascade,
    kind text not null check (kind in ('joking', 'wrong')),
    -- What it should have been, where the person said so.
    label text check (label in ('Positive', 'Neutral', 'Negative')),
    -- What was read before.
    reading jsonb not null,
    created_at timestamptz not null
);
create index sentiment_feedback_message_id on sentiment_feedback (message_id);
create index sentiment_feedback_user_id on sentiment_feedback (user_id);
