//! Every function of this module on both engines.
//!
//! SQLite always; Postgres where `TEST_DATABASE_URL` names a server on which databases may be made (`./dev test`
//! starts one).

mod insights;
mod schema;

use super::conversations::Settings;
use super::exchanges::{End, NewExchange};
use super::run_log::{Entry, Part};
use super::sessions::{Kind, Session};
use super::users::NewUser;
use super::*;
use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::AssertSqlSafe;
use std::collections::HashMap;
use types::{
    ConversationId, ErrorCode, FinishReason, GenerationSettings, MessageId, MessageRole, MessageStatus, ModelInfo,
    ModelRef, Page, Preferences, RunError, RunEvent, RunId, SentimentMethod, SessionId, Usage, UsageTotal, UserId,
    UserRole,
};
use uuid::Uuid;

/// An empty, migrated database that is gone with this value.
struct Fresh {
    db: Db,
    _folder: Option<tempfile::TempDir>,
}

async fn sqlite() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("lia.db").display());
    let db = Db::open(&url, 1, 0).await.unwrap();
    db.migrate().await.unwrap();
    Fresh { db, _folder: Some(folder) }
}

async fn postgres() -> Option<Fresh> {
    #[expect(clippy::disallowed_methods, reason = "a test has no configuration to read it from")]
    let Ok(server) = std::env::var("TEST_DATABASE_URL") else {
        eprintln!("skipped on Postgres: TEST_DATABASE_URL is not set");
        return None;
    };
    let name = format!("lia_{}", Uuid::new_v4().simple());
    let admin = PgPool::connect(&server).await.unwrap();
    sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(&admin).await.unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    let db = Db::open(&format!("{base}/{name}"), 2, 0).await.unwrap();
    db.migrate().await.unwrap();
    Some(Fresh { db, _folder: None })
}

/// Runs a test on both engines.
macro_rules! on_both {
    ($name:ident, $body:expr) => {
        mod $name {
            #[tokio::test]
            async fn sqlite() {
                let fresh = super::sqlite().await;
                let test: fn(super::Db) -> _ = $body;
                test(fresh.db.clone()).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(fresh) = super::postgres().await {
                    let test: fn(super::Db) -> _ = $body;
                    test(fresh.db.clone()).await;
                }
            }
        }
    };
}

mod reading;
mod sentiment;
mod versions;
mod writing;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 120_000_000).unwrap()
}

async fn user(db: &Db, name: &str) -> types::User {
    let mut tx = db.begin().await.unwrap();
    let email = format!("{name}@Example.com");
    let new = NewUser { email: &email, username: name, password_hash: "h", session_epoch: 5, now: at(0) };
    let user = users::insert(&mut tx, &new, UserRole::User).await.unwrap();
    tx.commit().await.unwrap();
    user
}

async fn ada_and_bob(db: &Db) -> (UserId, UserId) {
    (user(db, "ada").await.id, user(db, "bob").await.id)
}

/// A sign-in with a token.
async fn token(db: &Db, owner: UserId) -> SessionId {
    let id = SessionId(Uuid::new_v4());
    let (kind, data, user_agent) = (Kind::Token, json!({}), None);
    let session = Session { id, user_id: owner, kind, epoch: 5, data, user_agent, expires_at: at(1_000) };
    sessions::insert(db, &session, at(0)).await.unwrap();
    id
}

async fn conversation(db: &Db, owner: UserId, title: &str, seconds: i64) -> ConversationId {
    const SQL: &str = "insert into conversations (id, user_id, title, settings, pinned, archived, created_at, updated_at) \
                       values ($1, $2, $3, '{}', false, false, $4, $4)";
    let id = ConversationId(Uuid::now_v7());
    let now = at(seconds);
    super::write!(db, |pool| sqlx::query(SQL)
        .bind(id.0)
        .bind(owner.0)
        .bind(title)
        .bind(now)
        .execute(pool)
        .await
        .map(drop))
    .unwrap();
    id
}

/// So many messages of the user, each below the one before, the last of them the conversation's head.
async fn chain(db: &Db, id: ConversationId, content: &str, count: usize) -> Vec<MessageId> {
    const INSERT: &str = "insert into messages (conversation_id, parent_id, depth, role, content, thought, status, \
                          created_at) values ($1, $2, $3, 'user', $4, '', 'complete', $5) returning id";
    const HEAD: &str = "update conversations set head_message_id = $2 where id = $1";
    let mut tx = db.begin().await.unwrap();
    let mut ids: Vec<MessageId> = Vec::with_capacity(count);
    for depth in 0_i64.. {
        if ids.len() == count {
            break;
        }
        let parent = ids.last().map(|parent| parent.0);
        let (message,): (i64,) = within!(&mut tx, |connection| sqlx::query_as(INSERT)
            .bind(id.0)
            .bind(parent)
            .bind(depth)
            .bind(content)
            .bind(at(1))
            .fetch_one(connection)
            .await
            .unwrap());
        ids.push(MessageId(message));
    }
    let head = ids.last().map(|head| head.0);
    within!(&mut tx, |connection| sqlx::query(HEAD).bind(id.0).bind(head).execute(connection).await.map(drop)).unwrap();
    tx.commit().await.unwrap();
    ids
}

fn model() -> ModelInfo {
    ModelInfo {
        provider: "openai".into(),
        model: "m".into(),
        finish_reason: None,
        usage: None,
        error: None,
        seams: vec![],
    }
}

/// The node that writes the tests' runs.
const NODE: Uuid = Uuid::from_u128(7);
const LEASE: Duration = Duration::from_mins(10);

fn model_ref() -> ModelRef {
    ModelRef { provider: "openai".into(), model: "m".into() }
}

/// What a user asks in a conversation; with a title, it begins there.
fn question(owner: UserId, id: ConversationId) -> NewExchange {
    NewExchange {
        run: RunId(Uuid::now_v7()),
        owner,
        conversation: id,
        title: None,
        question: "Grüße 🎈".to_owned(),
        reading: None,
        model: model(),
        chosen: model_ref(),
        is_named: false,
        is_preferred: false,
        client_message_id: None,
        request_digest: vec![1, 2, 3],
        sentiment_method: SentimentMethod::Local,
        settings: GenerationSettings { max_tokens: Some(9), ..GenerationSettings::default() },
        node: NODE,
        now: at(10),
    }
}

/// Stores an exchange and gives its question and its answer.
async fn insert(db: &Db, new: NewExchange) -> Result<Option<(MessageId, MessageId)>> {
    Ok(exchanges::insert(db, &[new]).await?.remove(0).map(|stored| (stored.question, stored.answer)))
}

/// A question with an answer that is being written, and its run.
async fn exchange(db: &Db, owner: UserId, id: ConversationId, client: Option<Uuid>) -> Result<(RunId, MessageId)> {
    nodes::renew(db, NODE, LEASE).await?;
    let new = NewExchange { client_message_id: client, ..question(owner, id) };
    let run = new.run;
    let (_, answer) = insert(db, new).await?.unwrap();
    Ok((run, answer))
}

fn end(run: RunId, id: ConversationId, message: MessageId) -> End {
    End {
        run,
        lease_number: 1,
        conversation: id,
        message,
        content: "an answer".to_owned(),
        thought: "hm".to_owned(),
        status: MessageStatus::Complete,
        model: model(),
        first_seq: 5,
        last_seq: 9,
        entries: vec![],
        now: at(20),
    }
}

/// Stores ends, and says of each whether it was.
async fn ended(db: &Db, ends: &[End]) -> Vec<bool> {
    exchanges::finish(db, ends).await.unwrap().iter().map(Option::is_some).collect()
}

async fn finish(db: &Db, run: RunId, id: ConversationId, message: MessageId) {
    let model = ModelInfo {
        finish_reason: Some(FinishReason::Stop),
        usage: Some(Usage { input_tokens: 3, output_tokens: 4, estimated: false, cost_micros: Some(5) }),
        ..model()
    };
    assert_eq!(ended(db, &[End { model, ..end(run, id, message) }]).await, [true]);
}

const ALL: Page = Page { limit: 100, offset: 0 };

on_both!(accounts_are_unique_without_case, |db| async move {
    use super::*;
    let ada = user(&db, "Ada").await;
    assert_eq!((ada.email.as_str(), ada.created_at), ("Ada@Example.com", at(0)));
    for (email, name) in [("ADA@example.COM", "other"), ("other@example.com", "aDA")] {
        let mut tx = db.begin().await.unwrap();
        let new = NewUser { email, username: name, password_hash: "h", session_epoch: 5, now: at(0) };
        assert!(matches!(users::insert(&mut tx, &new, UserRole::User).await, Err(Error::Duplicate)));
    }
    assert_eq!(users::taken(&db, "ada@EXAMPLE.com", "nobody").await.unwrap(), (true, false));
    assert_eq!(users::taken(&db, "nobody@example.com", "ADA").await.unwrap(), (false, true));
    let found = users::find_credentials(&db, "aDa@example.com").await.unwrap().unwrap();
    assert_eq!((found.user, found.password_hash.as_str(), found.session_epoch), (ada.clone(), "h", 5));
    assert!(users::find_credentials(&db, "nobody@example.com").await.unwrap().is_none());
    let promoted = users::promote(&db, "ada@example.com", 6, at(1)).await.unwrap().unwrap();
    assert_eq!((promoted.id, promoted.role), (ada.id, UserRole::Admin));
    assert!(users::promote(&db, "nobody@example.com", 6, at(1)).await.unwrap().is_none());
});

on_both!(the_installation_is_claimed_once, |db| async move {
    use super::*;
    let claim = || async {
        let mut tx = db.begin().await.unwrap();
        let first = users::claim_installation(&mut tx, at(0)).await.unwrap();
        (tx, first)
    };
    let (tx, first) = claim().await;
    assert!(first);
    drop(tx);
    let (tx, first) = claim().await;
    assert!(first, "a transaction that was given up claims nothing");
    tx.commit().await.unwrap();
    assert!(!claim().await.1);
});

on_both!(a_sign_in_holds_until_it_ends, |db| async move {
    use super::*;
    let ada = user(&db, "ada").await;
    let session = |kind, epoch| Session {
        id: SessionId(Uuid::new_v4()),
        user_id: ada.id,
        kind,
        epoch,
        data: json!({"a": [1, "ü"]}),
        user_agent: Some("browser".into()),
        expires_at: at(100),
    };
    let browser = session(Kind::Browser, 5);
    sessions::insert(&db, &browser, at(0)).await.unwrap();
    assert!(matches!(sessions::insert(&db, &browser, at(0)).await, Err(Error::Duplicate)));
    let found = sessions::find_browser(&db, browser.id, at(99)).await.unwrap().unwrap();
    assert_eq!((found.user_id, found.kind, found.epoch), (ada.id, Kind::Browser, 5));
    assert_eq!(
        (found.data, found.user_agent.as_deref(), found.expires_at),
        (browser.data.clone(), Some("browser"), at(100))
    );
    let holder = |id, kind, now| {
        let db = db.clone();
        async move { sessions::find_holder(&db, id, kind, now).await.unwrap() }
    };
    let found = sessions::Holder { user: ada.clone(), conversations_version: 5, last_seen_at: at(0) };
    assert_eq!(holder(browser.id, Kind::Browser, at(99)).await, Some(found));
    assert_eq!(holder(browser.id, Kind::Token, at(99)).await, None, "a cookie is no token");
    assert_eq!(holder(browser.id, Kind::Browser, at(100)).await, None);
    let preferences = async |now| sessions::find_preferences(&db, browser.id, Kind::Browser, now).await.unwrap();
    assert_eq!((preferences(at(99)).await, preferences(at(100)).await), (Some(Preferences::default()), None));
    sessions::touch(&db, browser.id, at(50)).await.unwrap();
    assert_eq!(holder(browser.id, Kind::Browser, at(99)).await.unwrap().last_seen_at, at(50));
    sessions::update(&db, browser.id, &json!({"b": 1}), at(200)).await.unwrap();
    assert_eq!(sessions::find_browser(&db, browser.id, at(199)).await.unwrap().unwrap().data, json!({"b": 1}));

    let old = session(Kind::Token, 4);
    sessions::insert(&db, &old, at(0)).await.unwrap();
    assert_eq!(holder(old.id, Kind::Token, at(1)).await, None, "an older epoch is over");
    let token = session(Kind::Token, 5);
    sessions::insert(&db, &token, at(0)).await.unwrap();
    assert!(sessions::find_browser(&db, token.id, at(1)).await.unwrap().is_none());
    sessions::delete_browser(&db, token.id).await.unwrap();
    let bob = user(&db, "bob").await;
    sessions::delete(&db, token.id, bob.id).await.unwrap();
    assert!(holder(token.id, Kind::Token, at(1)).await.is_some(), "neither by its kind nor by its owner");
    sessions::delete(&db, token.id, ada.id).await.unwrap();
    assert!(holder(token.id, Kind::Token, at(1)).await.is_none());
    sessions::update(&db, token.id, &json!({}), at(200)).await.unwrap();
    assert!(holder(token.id, Kind::Token, at(1)).await.is_none(), "an update brings nothing back");
    assert_eq!(sessions::delete_expired(&db, at(150)).await.unwrap(), 1);
    sessions::delete_browser(&db, browser.id).await.unwrap();
    assert!(sessions::find_browser(&db, browser.id, at(1)).await.unwrap().is_none());
});

on_both!(what_a_person_chose_is_kept, |db| async move {
    use super::*;
    let (ada, bob) = (user(&db, "ada").await.id, user(&db, "bob").await.id);
    let preferences = async |owner| users::find_preferences(&db, owner).await.unwrap();
    assert_eq!(preferences(ada).await, Some(Preferences::default()));
    let model = |name: &str| ModelRef { provider: "open\"ai".into(), model: name.into() };
    let mut chosen = Preferences {
        model: None,
        favourites: vec![model("Ü 🎈")],
        generation: GenerationSettings { temperature: Some(0.7), max_tokens: Some(9), ..GenerationSettings::default() },
        ..Preferences::default()
    };
    let mut tx = db.begin().await.unwrap();
    assert_eq!(users::hold_preferences(&mut tx, ada, at(1)).await.unwrap(), Some(Preferences::default()));
    users::update_preferences(&mut tx, ada, &chosen, at(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(preferences(ada).await, Some(chosen.clone()));
    for name in ["one", "it's $.model"] {
        let mut tx = db.begin().await.unwrap();
        users::prefer_model(&mut tx, ada, &model(name), at(2)).await.unwrap();
        tx.commit().await.unwrap();
        chosen.model = Some(model(name));
        assert_eq!(preferences(ada).await, Some(chosen.clone()), "the rest stays");
    }
    assert_eq!(preferences(bob).await, Some(Preferences::default()));
    assert_eq!(preferences(UserId(99)).await, None);

    let id = conversation(&db, ada, "t", 1).await;
    let settings = Settings { model: Some(model("two")) };
    assert!(!conversations::update_settings(&db, id, bob, &settings).await.unwrap());
    assert_eq!(conversations::find(&db, id, ada).await.unwrap().unwrap().settings, Settings::default());
    assert!(conversations::update_settings(&db, id, ada, &settings).await.unwrap());
    let found = conversations::find(&db, id, ada).await.unwrap().unwrap();
    assert_eq!((found.settings, found.updated_at), (settings.clone(), at(1)), "it keeps its place in the list");
    let mut tx = db.begin().await.unwrap();
    assert_eq!(conversations::hold(&mut tx, id, ada).await.unwrap().unwrap().settings, settings);
});

on_both!(it_answers_and_closes, |db| async move {
    use super::*;
    db.ping().await.unwrap();
    db.migrate().await.unwrap();
    db.close().await;
    assert!(matches!(db.ping().await, Err(Error::Unavailable(_))));
});

on_both!(a_database_of_another_edition_is_refused_in_words, |db| async move {
    use super::*;
    for sql in [
        // As if another text of migration 4 had been applied.
        "update _sqlx_migrations set checksum = (select checksum from _sqlx_migrations where version = 1) \
         where version = 4",
        "update _sqlx_migrations set version = 4000 where version = 4",
    ] {
        match &db {
            Db::Postgres(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
            Db::Sqlite(file) => drop(sqlx::query(sql).execute(&file.writer).await.unwrap()),
        }
        let told = db.migrate().await.unwrap_err().to_string();
        assert!(told.starts_with("another edition of Lia made this database: its migration 4"), "{told}");
    }
});

#[tokio::test]
async fn a_second_process_does_not_get_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("lia.db").display());
    let first = Db::open(&url, 1, 0).await.unwrap();
    assert!(matches!(Db::open(&url, 1, 0).await, Err(Error::Open(_))));
    first.close().await;
    drop(first);
    Db::open(&url, 1, 0).await.unwrap();
}
