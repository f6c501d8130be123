//! The two schemas beside each other.

use super::{postgres, sqlite};
use crate::db::{Db, SqliteFile};
use std::{collections::BTreeSet, path::Path};

/// Triggers, which each engine writes in a language of its own, stand below this line of a migration.
const TRIGGERS: &str = "-- Triggers, in the language of the engine";

#[test]
fn the_migrations_differ_only_in_triggers_and_in_how_ids_are_handed_out() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let read = |engine: &str| -> Vec<(String, String)> {
        let mut files: Vec<_> = std::fs::read_dir(folder.join(engine))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                let text = std::fs::read_to_string(&path).unwrap();
                let (text, _) = text.split_once(TRIGGERS).unwrap_or((&text, ""));
                let text = text
                    .replace("bigint generated always as identity primary key", "IDENTITY")
                    .replace("integer primary key autoincrement", "IDENTITY")
                    .replace("PostgreSQL", "ENGINE")
                    .replace("SQLite;", "ENGINE;");
                (path.file_name().unwrap().to_string_lossy().into_owned(), text)
            })
            .collect();
        files.sort();
        files
    };
    assert_eq!(read("postgres"), read("sqlite"));
}

/// What a schema says, in words both engines can be brought to: columns with their nullability, uniques, foreign keys
/// with what deleting does, and whether an index begins with each foreign key.
#[tokio::test]
async fn the_two_schemas_are_one() {
    let Some(postgres) = postgres().await else { return };
    let sqlite = sqlite().await;
    let (of_postgres, of_sqlite) = (facts_of_postgres(&postgres.db).await, facts_of_sqlite(&sqlite.db).await);
    let only = |left: &BTreeSet<String>, right: &BTreeSet<String>| left.difference(right).cloned().collect::<Vec<_>>();
    assert!(of_postgres.len() > 100, "{}", of_postgres.len());
    assert_eq!((only(&of_postgres, &of_sqlite), only(&of_sqlite, &of_postgres)), (vec![], vec![]));
}

async fn facts_of_postgres(db: &Db) -> BTreeSet<String> {
    let Db::Postgres(pool) = db else { unreachable!() };
    let rows: Vec<(String,)> = sqlx::query_as(
        "select format('column %s.%s %s', table_name, column_name, is_nullable) from information_schema.columns \
         where table_schema = 'public' and table_name <> '_sqlx_migrations' \
         union all \
         select format('unique %s(%s)', t.relname, string_agg(a.attname, ',' order by k.n)) \
         from pg_index i join pg_class t on t.oid = i.indrelid join pg_namespace s on s.oid = t.relnamespace \
         cross join lateral unnest(i.indkey) with ordinality k(attnum, n) \
         join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum \
         where s.nspname = 'public' and i.indisunique and t.relname <> '_sqlx_migrations' \
         group by t.relname, i.indexrelid \
         union all \
         select format('references %s.%s %s.%s %s', t.relname, a.attname, f.relname, b.attname, c.confdeltype) \
         from pg_constraint c join pg_class t on t.oid = c.conrelid join pg_class f on f.oid = c.confrelid \
         join pg_attribute a on a.attrelid = t.oid and a.attnum = c.conkey[1] \
         join pg_attribute b on b.attrelid = f.oid and b.attnum = c.confkey[1] where c.contype = 'f' \
         union all \
         select format('indexed %s.%s', t.relname, a.attname) \
         from pg_constraint c join pg_class t on t.oid = c.conrelid \
         join pg_attribute a on a.attrelid = t.oid and a.attnum = c.conkey[1] \
         where c.contype = 'f' and exists \
           (select 1 from pg_index i where i.indrelid = t.oid and i.indkey[0] = c.conkey[1] and i.indpred is null)",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    rows.into_iter().map(|(fact,)| fact).collect()
}

async fn facts_of_sqlite(db: &Db) -> BTreeSet<String> {
    let Db::Sqlite(SqliteFile { writer, .. }) = db else { unreachable!() };
    let rows: Vec<(String,)> = sqlx::query_as(
        "with tables as (select name from sqlite_master where type = 'table' and name not like 'sqlite_%' \
                         and name <> '_sqlx_migrations') \
         select format('column %s.%s %s', t.name, c.name, iif(c.\"notnull\" or c.pk, 'NO', 'YES')) \
         from tables t join pragma_table_info(t.name) c \
         union all \
         select format('unique %s(%s)', t.name, (select group_concat(name, ',') from pragma_index_info(i.name))) \
         from tables t join pragma_index_list(t.name) i where i.\"unique\" \
         union all \
         select format('unique %s(%s)', t.name, c.name) from tables t join pragma_table_info(t.name) c \
         where c.pk = 1 and lower(c.type) = 'integer' \
         union all \
         select format('references %s.%s %s.%s %s', t.name, f.\"from\", f.\"table\", f.\"to\", \
                       case f.on_delete when 'CASCADE' then 'c' when 'SET NULL' then 'n' else 'a' end) \
         from tables t join pragma_foreign_key_list(t.name) f \
         union all \
         select format('indexed %s.%s', t.name, f.\"from\") from tables t join pragma_foreign_key_list(t.name) f \
         where exists (select 1 from pragma_index_list(t.name) i join pragma_index_info(i.name) c \
                       where c.seqno = 0 and c.name = f.\"from\" and not i.partial)",
    )
    .fetch_all(writer)
    .await
    .unwrap();
    let facts: BTreeSet<String> = rows.into_iter().map(|(fact,)| fact).collect();
    let count = |kind: &str| facts.iter().filter(|fact| fact.starts_with(kind)).count();
    assert_eq!(count("references"), count("indexed"), "every foreign key has an index");
    facts
}
