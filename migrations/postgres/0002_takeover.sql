-- How often in a row a run was claimed without a word being added: one that takes every node down with it is given up.
alter table runs add column claims integer not null default 0;

-- How the model was asked to choose its words, for whoever has to go on.
alter table runs add column settings jsonb;
