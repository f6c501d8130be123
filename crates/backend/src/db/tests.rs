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

mod sentiment;
mod versions;

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

on_both!(conversations_are_their_owners, |db| async move {
    use super::*;
    let (ada, bob) = (user(&db, "ada").await.id, user(&db, "bob").await.id);
    let first = conversation(&db, ada, "First", 1).await;
    let second = conversation(&db, ada, "Second", 2).await;
    let titles = |owner, page| {
        let db = db.clone();
        async move {
            let found = conversations::list(&db, owner, page).await.unwrap();
            found.into_iter().map(|found| found.title).collect::<Vec<_>>()
        }
    };
    assert_eq!(titles(ada, ALL).await, ["Second", "First"]);
    assert_eq!(titles(ada, Page { limit: 1, offset: 1 }).await, ["First"]);
    assert!(titles(bob, ALL).await.is_empty());

    let found = conversations::find(&db, first, ada).await.unwrap().unwrap();
    assert_eq!((found.total_messages, found.version.head, found.created_at), (0, None, at(1)));
    assert!(conversations::find(&db, first, bob).await.unwrap().is_none());
    assert!(!conversations::rename(&db, first, bob, "Mine", at(3)).await.unwrap());
    assert!(conversations::rename(&db, first, ada, "Renamed", at(3)).await.unwrap());
    assert_eq!(titles(ada, ALL).await, ["Renamed", "Second"]);

    let mut tx = db.begin().await.unwrap();
    assert!(conversations::hold(&mut tx, first, bob).await.unwrap().is_none());
    assert!(conversations::hold(&mut tx, second, ada).await.unwrap().is_some());
    tree::show(&mut tx, second, None, None, Some(at(5))).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(titles(ada, ALL).await, ["Second", "Renamed"]);

    assert!(!conversations::delete(&db, first, bob).await.unwrap());
    assert!(conversations::delete(&db, first, ada).await.unwrap());
    assert!(conversations::delete_some(&db, bob, 10).await.unwrap().is_empty());
    assert_eq!(conversations::delete_some(&db, ada, 10).await.unwrap(), [second]);
    assert!(titles(ada, ALL).await.is_empty());
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

on_both!(what_a_conversation_used_is_added_up, |db| async move {
    use super::*;
    let (ada, bob) = (user(&db, "ada").await.id, user(&db, "bob").await.id);
    let id = conversation(&db, ada, "t", 1).await;
    let used = async |owner| messages::sum_usage(&db, id, owner).await.unwrap();
    assert_eq!(used(ada).await, UsageTotal::default());
    let finish = async |usage| {
        let (run, answer) = exchange(&db, ada, id, None).await.unwrap();
        let model = ModelInfo { usage, ..model() };
        let end = End { model, status: MessageStatus::Stopped, ..end(run, id, answer) };
        assert_eq!(ended(&db, &[end]).await, [true]);
    };
    let usage = Usage { input_tokens: 3, output_tokens: 4, estimated: false, cost_micros: None };
    finish(Some(usage)).await;
    finish(None).await;
    assert_eq!(used(ada).await, UsageTotal { input_tokens: 3, output_tokens: 4, cost_micros: None, estimated: false });
    finish(Some(Usage { cost_micros: Some(70), ..usage })).await;
    finish(Some(Usage { cost_micros: Some(7), estimated: true, ..usage })).await;
    exchange(&db, ada, id, None).await.unwrap();
    let all = UsageTotal { input_tokens: 9, output_tokens: 12, cost_micros: Some(77), estimated: true };
    assert_eq!(used(ada).await, all);
    assert_eq!(used(bob).await, UsageTotal::default());
});

on_both!(a_branch_is_read_newest_first, |db| async move {
    use super::*;
    let (ada, bob) = (user(&db, "ada").await.id, user(&db, "bob").await.id);
    let id = conversation(&db, ada, "t", 1).await;
    let (run, answer) = exchange(&db, ada, id, None).await.unwrap();
    finish(&db, run, id, answer).await;
    let (second_run, second) = exchange(&db, ada, id, None).await.unwrap();

    let branch = messages::list_branch(&db, id, ada, None, ALL).await.unwrap();
    let shape: Vec<_> = branch.iter().map(|message| (message.role, message.status, message.run_id)).collect();
    assert_eq!(
        shape,
        [
            (MessageRole::Assistant, MessageStatus::Streaming, Some(second_run)),
            (MessageRole::User, MessageStatus::Complete, None),
            (MessageRole::Assistant, MessageStatus::Complete, None),
            (MessageRole::User, MessageStatus::Complete, None),
        ]
    );
    assert_eq!((branch[0].id, branch[0].parent_id), (second, Some(branch[1].id)));
    assert_eq!((branch[0].ended_at, branch[1].ended_at, branch[2].ended_at), (None, None, Some(at(20))));
    assert_eq!(
        (branch[1].content.as_str(), branch[2].content.as_str(), branch[2].thought.as_str()),
        ("Grüße 🎈", "an answer", "hm")
    );
    assert_eq!(branch[2].model_info.as_ref().unwrap().usage.unwrap().output_tokens, 4);
    let page = messages::list_branch(&db, id, ada, None, Page { limit: 2, offset: 1 }).await.unwrap();
    assert_eq!(page.iter().map(|message| message.id).collect::<Vec<_>>(), [branch[1].id, branch[2].id]);
    assert!(messages::list_branch(&db, id, bob, None, ALL).await.unwrap().is_empty());
    assert_eq!(conversations::find(&db, id, ada).await.unwrap().unwrap().total_messages, 4);

    assert_eq!(messages::find(&db, second, ada).await.unwrap().unwrap().run_id, Some(second_run));
    assert!(messages::find(&db, second, bob).await.unwrap().is_none());
});

on_both!(a_page_of_long_messages_is_short, |db| async move {
    use super::*;
    let ada = user(&db, "ada").await.id;
    let id = conversation(&db, ada, "t", 1).await;
    // Two bytes a character: the bound is one of memory.
    let long = "ü".repeat(9 << 19);
    let ids = chain(&db, id, &long, 3).await;
    let page = async |page| {
        let found = messages::list_branch(&db, id, ada, None, page).await.unwrap();
        found.into_iter().map(|message| message.id).collect::<Vec<_>>()
    };
    assert_eq!(page(ALL).await, [ids[2], ids[1]]);
    assert_eq!(page(Page { limit: 100, offset: 2 }).await, [ids[0]]);
    assert_eq!(page(Page { limit: 1, offset: 1 }).await, [ids[1]]);
});

on_both!(an_exchange_is_stored_whole_or_not_at_all, |db| async move {
    use super::*;
    nodes::renew(&db, NODE, LEASE).await.unwrap();
    let (ada, bob) = (user(&db, "ada").await.id, user(&db, "bob").await.id);
    let id = ConversationId(Uuid::now_v7());
    assert_eq!(insert(&db, question(ada, id)).await.unwrap(), None, "there is no such conversation");
    let first = NewExchange { title: Some("It begins".to_owned()), ..question(ada, id) };
    let (asked, answer) = insert(&db, first.clone()).await.unwrap().unwrap();
    assert_eq!(insert(&db, question(bob, id)).await.unwrap(), None, "it is not his");
    let found = conversations::find(&db, id, ada).await.unwrap().unwrap();
    assert_eq!((found.title.as_str(), found.version.head, found.total_messages), ("It begins", Some(answer), 2));
    assert_eq!((found.created_at, found.updated_at, found.settings.model), (at(10), at(10), Some(model_ref())));
    finish(&db, first.run, id, answer).await;

    let chosen = ModelRef { model: "other".into(), ..model_ref() };
    let unnamed = NewExchange { chosen: chosen.clone(), now: at(30), ..question(ada, id) };
    let (again, latest) = insert(&db, unnamed.clone()).await.unwrap().unwrap();
    let branch = messages::list_branch(&db, id, ada, None, ALL).await.unwrap();
    let shape: Vec<_> =
        branch.iter().map(|message| (message.id, message.parent_id, message.content.as_str())).collect();
    let earlier = [(answer, Some(asked), "an answer"), (asked, None, "Grüße 🎈")];
    assert_eq!(shape[..2], [(latest, Some(again), ""), (again, Some(answer), "Grüße 🎈")]);
    assert_eq!(shape[2..], earlier);
    let run = runs::find(&db, unnamed.run, ada).await.unwrap().unwrap();
    assert_eq!((run.message_id, run.user_message_id, run.request_digest), (latest, again, vec![1, 2, 3]));
    let found = conversations::find(&db, id, ada).await.unwrap().unwrap();
    assert_eq!((found.title.as_str(), found.total_messages, found.updated_at), ("It begins", 4, at(30)));
    assert_eq!(found.settings.model, Some(model_ref()), "the conversation's model stays");
    finish(&db, unnamed.run, id, latest).await;

    let named = NewExchange { chosen: chosen.clone(), is_named: true, ..question(ada, id) };
    insert(&db, named).await.unwrap().unwrap();
    assert_eq!(conversations::find(&db, id, ada).await.unwrap().unwrap().settings.model, Some(chosen.clone()));
    let preferred = NewExchange {
        title: Some("t".to_owned()),
        is_preferred: true,
        chosen: chosen.clone(),
        ..question(ada, ConversationId(Uuid::now_v7()))
    };
    insert(&db, preferred.clone()).await.unwrap().unwrap();
    let found = conversations::find(&db, preferred.conversation, ada).await.unwrap().unwrap();
    assert_eq!((found.total_messages, found.settings.model), (2, Some(chosen.clone())));
    assert_eq!(users::find_preferences(&db, ada).await.unwrap().unwrap().model, Some(chosen));
});

on_both!(exchanges_that_come_together_are_stored_together, |db| async move {
    use super::*;
    nodes::renew(&db, NODE, LEASE).await.unwrap();
    let (ada, bob) = (user(&db, "ada").await.id, user(&db, "bob").await.id);
    let new = |owner, title: &str| NewExchange {
        title: Some(title.to_owned()),
        question: format!("{title}?"),
        ..question(owner, ConversationId(Uuid::now_v7()))
    };
    let asked = [new(ada, "one"), new(bob, "two"), new(ada, "three")];
    assert!(asked.iter().all(|new| exchanges::joins(&db, new)));
    let stored = exchanges::insert(&db, &asked).await.unwrap();
    let mut ends = Vec::new();
    for (new, ids) in asked.iter().zip(stored) {
        let exchanges::Inserted { question, answer, .. } = ids.unwrap();
        let found = conversations::find(&db, new.conversation, new.owner).await.unwrap().unwrap();
        assert_eq!((Some(found.title), found.version.head), (new.title.clone(), Some(answer)));
        let found = messages::find(&db, question, new.owner).await.unwrap().unwrap();
        assert_eq!((found.content, found.parent_id), (new.question.clone(), None));
        let run = runs::find(&db, new.run, new.owner).await.unwrap().unwrap();
        assert_eq!((run.message_id, run.user_message_id, run.running), (answer, question, true));
        ends.push(End { content: format!("{}!", new.question), ..end(new.run, new.conversation, answer) });
    }
    ends[1].lease_number = 2;
    assert_eq!(ended(&db, &ends).await, [true, false, true]);
    for (end, new) in ends.iter().zip(&asked) {
        let found = messages::find(&db, end.message, new.owner).await.unwrap().unwrap();
        let written =
            if new.owner == bob { (MessageStatus::Streaming, "") } else { (end.status, end.content.as_str()) };
        assert_eq!((found.status, found.content.as_str()), written);
    }

    let client_message_id = Some(Uuid::new_v4());
    insert(&db, NewExchange { client_message_id, ..new(ada, "four") }).await.unwrap();
    let again = [new(ada, "five"), NewExchange { client_message_id, ..new(ada, "six") }];
    assert!(matches!(exchanges::insert(&db, &again).await, Err(Error::Duplicate)));
    assert!(conversations::find(&db, again[0].conversation, ada).await.unwrap().is_none(), "none of them is stored");
});

on_both!(one_answer_at_a_time_and_one_run_a_send, |db| async move {
    use super::*;
    let (ada, bob) = (user(&db, "ada").await.id, user(&db, "bob").await.id);
    let id = conversation(&db, ada, "t", 1).await;
    let client = Uuid::new_v4();
    let (run, answer) = exchange(&db, ada, id, Some(client)).await.unwrap();
    assert!(matches!(exchange(&db, ada, id, None).await, Err(Error::Duplicate)), "one is being written");
    let other = conversation(&db, ada, "t", 1).await;
    assert!(matches!(exchange(&db, ada, other, Some(client)).await, Err(Error::Duplicate)), "it was sent before");
    assert!(
        messages::list_branch(&db, other, ada, None, ALL).await.unwrap().is_empty(),
        "nothing of a refused send stays"
    );

    let found = runs::find_by_client_message(&db, client, ada).await.unwrap().unwrap();
    assert_eq!((found.id, found.message_id, found.conversation_id), (run, answer, id));
    assert_eq!((found.request_digest, found.running, found.lease_number, found.last_seq), (vec![1, 2, 3], true, 1, 0));
    assert!(runs::find_by_client_message(&db, client, bob).await.unwrap().is_none());
    assert!(runs::find(&db, run, bob).await.unwrap().is_none());

    finish(&db, run, id, answer).await;
    assert!(!runs::find(&db, run, ada).await.unwrap().unwrap().running);
    exchange(&db, ada, id, None).await.unwrap();
    let bobs = conversation(&db, bob, "t", 1).await;
    exchange(&db, bob, bobs, Some(client)).await.unwrap();
});

on_both!(only_the_holder_of_the_lease_writes, |db| async move {
    use super::*;
    let (ada, bob) = (user(&db, "ada").await.id, user(&db, "bob").await.id);
    let id = conversation(&db, ada, "t", 1).await;
    let (run, answer) = exchange(&db, ada, id, None).await.unwrap();
    let chunk = |n, content: &str| Entry { n, event: RunEvent::Chunk { content: content.into() } };

    let part = |run, lease_number, first_seq, last_seq, content: &str| Part {
        run,
        lease_number,
        first_seq,
        last_seq,
        entries: vec![chunk(last_seq, content)],
    };
    let (other_run, _) = exchange(&db, ada, conversation(&db, ada, "t", 1).await, None).await.unwrap();
    let parts = [part(run, 1, 0, 3, "a\"b"), part(other_run, 2, 0, 9, "another lease")];
    assert_eq!(run_log::store(&db, &parts).await.unwrap(), HashMap::from([(run, false)]));
    assert_eq!(
        run_log::store(&db, &parts[..1]).await.unwrap().len(),
        1,
        "a commit whose answer was lost is made again"
    );
    assert_eq!(run_log::list(&db, other_run, 0).await.unwrap(), []);
    assert!(
        conversations::delete(&db, runs::find(&db, other_run, ada).await.unwrap().unwrap().conversation_id, ada)
            .await
            .unwrap()
    );
    assert_eq!(runs::find(&db, run, ada).await.unwrap().unwrap().last_seq, 3);

    assert!(!runs::request_stop(&db, run, bob, at(11)).await.unwrap());
    assert!(runs::request_stop(&db, run, ada, at(11)).await.unwrap());
    let stopped = run_log::store(&db, &[part(run, 1, 3, 5, "cd")]).await.unwrap();
    assert_eq!(stopped, HashMap::from([(run, true)]), "somebody asked to stop");
    assert_eq!(run_log::list(&db, run, 0).await.unwrap(), [chunk(3, "a\"b"), chunk(5, "cd")]);
    assert_eq!(run_log::list(&db, run, 3).await.unwrap(), [chunk(5, "cd")]);

    let taken_over = End { lease_number: 2, entries: vec![chunk(9, "lost")], ..end(run, id, answer) };
    assert_eq!(ended(&db, &[taken_over]).await, [false]);
    assert_eq!(messages::find(&db, answer, ada).await.unwrap().unwrap().status, MessageStatus::Streaming);
    assert_eq!(run_log::list(&db, run, 5).await.unwrap(), [], "nothing of a refused end stays");
    finish(&db, run, id, answer).await;
    assert!(!runs::request_stop(&db, run, ada, at(21)).await.unwrap());
    let mut tx = db.begin().await.unwrap();
    runs::release(&mut tx, run, 1).await.unwrap();
    tx.commit().await.unwrap();
    assert!(runs::list_unsettled(&db, NODE, LEASE).await.unwrap().is_empty(), "what has ended is nobody's to claim");

    assert_eq!(run_log::prune(&db, at(20), 10).await.unwrap(), 0);
    assert_eq!(run_log::prune(&db, at(21), 10).await.unwrap(), 3);
    assert!(run_log::list(&db, run, 0).await.unwrap().is_empty());
});

on_both!(a_run_is_claimed_by_one_when_its_node_is_gone, |db| async move {
    use super::*;
    let ada = user(&db, "ada").await.id;
    let id = conversation(&db, ada, "t", 1).await;
    let (run, answer) = exchange(&db, ada, id, None).await.unwrap();
    let other = Uuid::from_u128(8);
    let on_postgres = db.kind() == "postgres";
    // A server that has just come up gives every node so long to come back.
    let lease = Duration::from_secs(5);
    nodes::renew(&db, NODE, lease * 2).await.unwrap();
    assert_eq!(nodes::renew(&db, other, lease).await.unwrap(), on_postgres, "a file has one process");
    let unsettled = async |node| runs::list_unsettled(&db, node, lease).await.unwrap();
    let own = runs::Found { id: run, lease_number: 1, own: true, stop: false };
    assert_eq!(unsettled(NODE).await, [own]);
    assert_eq!(unsettled(other).await, [], "its node is alive");
    // The runs that a node gets of those that it claims.
    let claim = async |lease_number, node| {
        let asked = runs::Found { lease_number, ..own };
        let nobodys = runs::Found { id: RunId(Uuid::from_u128(9)), ..own };
        let claimed = runs::claim(&db, &[nobodys, asked], node, lease).await.unwrap();
        assert!(claimed.len() < 2);
        claimed.into_iter().next()
    };
    assert!(claim(1, other).await.is_none());

    // Its node dies: the lease runs out, or, where there is one process, the next one begins.
    let db = &db;
    nodes::renew(db, NODE, Duration::ZERO).await.unwrap();
    assert_eq!(nodes::delete_dead(db, other).await.unwrap(), u64::from(!on_postgres), "the dead are kept for a while");
    let orphan = runs::Found { own: false, ..own };
    assert_eq!(runs::list_unsettled(db, other, lease).await.unwrap(), [orphan]);
    assert!(runs::request_stop(db, run, ada, at(11)).await.unwrap());
    assert!(claim(2, other).await.is_none(), "somebody was first");
    let claimed = claim(1, other).await.unwrap();
    assert_eq!((claimed.run.id, claimed.run.message_id, claimed.owner), (run, answer, ada));
    assert_eq!((claimed.run.lease_number, claimed.claims, claimed.stop), (2, 1, true));
    assert_eq!(claimed.settings.max_tokens, Some(9));
    assert_eq!((claimed.provider.as_str(), claimed.model.as_str()), ("openai", "m"));
    assert!(claim(1, other).await.is_none());

    let mut tx = db.begin().await.unwrap();
    assert_eq!(runs::advance(&mut tx, run, 1, 3, true).await.unwrap(), None, "the first one has lost it");
    tx.commit().await.unwrap();
    assert_eq!(ended(db, &[end(run, id, answer)]).await, [false]);
    assert_eq!(claim(2, other).await.unwrap().claims, 2, "it may claim its own again");
    let mut tx = db.begin().await.unwrap();
    assert_eq!(runs::advance(&mut tx, run, 3, 3, true).await.unwrap(), Some(true));
    runs::release(&mut tx, run, 3).await.unwrap();
    tx.commit().await.unwrap();
    nodes::renew(db, NODE, LEASE).await.unwrap();
    assert_eq!(claim(3, NODE).await.unwrap().claims, 1, "it was let go of in order");

    // What was kept is told again by whoever claims a run, and is no word of the model.
    let told = |lease_number, last_seq, event| run_log::Part {
        run,
        lease_number,
        first_seq: last_seq - 1,
        last_seq,
        entries: vec![Entry { n: last_seq, event }],
    };
    let kept = RunEvent::Snapshot { content: "kept".into(), thought: String::new() };
    run_log::store(db, &[told(4, 4, kept)]).await.unwrap();
    assert_eq!(claim(4, NODE).await.unwrap().claims, 2, "nothing was added");
    run_log::store(db, &[told(5, 5, RunEvent::Chunk { content: "!".into() })]).await.unwrap();
    assert_eq!(claim(5, NODE).await.unwrap().claims, 1, "there was a word in between");

    nodes::delete(db, NODE).await.unwrap();
    let orphan = runs::Found { id: run, lease_number: 6, own: false, stop: true };
    assert_eq!(runs::list_unsettled(db, other, lease).await.unwrap(), [orphan], "it has given them all up");
});

on_both!(a_failure_is_kept_with_its_message, |db| async move {
    use super::*;
    let ada = user(&db, "ada").await.id;
    let id = conversation(&db, ada, "t", 1).await;
    let (run, answer) = exchange(&db, ada, id, None).await.unwrap();
    let error =
        RunError { code: ErrorCode::ProviderQuota, message: "m".into(), retryable: false, retry_after_ms: Some(5) };
    let model = ModelInfo { error: Some(error), ..model() };
    let last = vec![Entry { n: 9, event: RunEvent::Error(model.error.clone().unwrap()) }];
    let (entries, status) = (last.clone(), MessageStatus::Failed);
    let end = End { entries, status, model: model.clone(), ..end(run, id, answer) };
    assert_eq!(ended(&db, &[end]).await, [true]);
    assert_eq!(run_log::list(&db, run, 0).await.unwrap(), last);
    let found = messages::find(&db, answer, ada).await.unwrap().unwrap();
    assert_eq!((found.status, found.model_info), (MessageStatus::Failed, Some(model)));
});

on_both!(a_long_conversation_goes_in_one_statement, |db| async move {
    use super::*;
    let ada = user(&db, "ada").await.id;
    let id = conversation(&db, ada, "t", 1).await;
    // More than the 1,000 steps that SQLite's triggers may recurse.
    chain(&db, id, "x", 1_500).await;
    assert_eq!(conversations::find(&db, id, ada).await.unwrap().unwrap().total_messages, 1_500);
    let oldest = messages::list_branch(&db, id, ada, None, Page { limit: 2, offset: 1_499 }).await.unwrap();
    assert_eq!((oldest.len(), oldest[0].parent_id), (1, None));
    assert!(conversations::delete(&db, id, ada).await.unwrap());
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
