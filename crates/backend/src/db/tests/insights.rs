//! The dashboard's numbers on both engines: against numbers worked out by hand, and against themselves made anew.

use super::{postgres, sqlite};
use crate::db::{
    self, Db,
    fill::{Conversation, Message, Person},
    write,
};
use crate::insights::{cells::Tally, read, report::report, roll_up_some};
use chrono::{DateTime, TimeDelta, Utc};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use std::collections::{BTreeMap, HashMap};
use types::{
    AnswerDrops, ConversationId, ConversationTurns, InsightGroup, InsightParameters, InsightStep, MessageId, ModelInfo,
    Sentiment, SentimentInsights, SentimentLabel, SentimentMethod, UserId,
};
use uuid::Uuid;

async fn on_both(test: impl AsyncFn(Db)) {
    let fresh = sqlite().await;
    Box::pin(test(fresh.db.clone())).await;
    if let Some(fresh) = postgres().await {
        Box::pin(test(fresh.db.clone())).await;
    }
}

/// Monday, 2 November 2026, at eight, and so many hours later.
fn at(hours: i64) -> DateTime<Utc> {
    "2026-11-02T08:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(hours)
}

async fn people(db: &Db, count: usize) -> Vec<UserId> {
    let people: Vec<_> = (0..count)
        .map(|number| Person {
            email: format!("{number}@example.com"),
            username: format!("person-{number}"),
            created_at: at(0),
        })
        .collect();
    let mut tx = db.begin().await.unwrap();
    let ids = db::fill::insert_people(&mut tx, &people).await.unwrap();
    tx.commit().await.unwrap();
    ids
}

/// A conversation in which somebody writes messages with these scores, an hour apart, each answered by the model
/// `provider/model`.
async fn talk(db: &Db, owner: UserId, begun: DateTime<Utc>, model: &str, scores: &[f64]) -> ConversationId {
    let id = ConversationId(Uuid::new_v4());
    let (provider, model) = model.split_once('/').unwrap();
    let conversation = Conversation { id, owner, title: "A title".into(), created_at: begun, updated_at: begun };
    let mut tx = db.begin().await.unwrap();
    db::fill::insert_conversations(&mut tx, &[conversation]).await.unwrap();
    let (mut parent, mut depth) = (None::<MessageId>, 0);
    for (turn, score) in (0_i64..).zip(scores) {
        let label = SentimentLabel::of(*score);
        let sentiment = Sentiment {
            score: *score,
            label,
            emotion: (label == SentimentLabel::Positive).then(|| "joy".to_owned()),
            confidence: 0.5,
            method: SentimentMethod::Local,
            fallback: false,
            corrected: false,
        };
        let question = Message {
            conversation: id,
            parent,
            depth,
            content: "A secret.",
            sentiment: Some(sentiment),
            model: None,
            created_at: begun + TimeDelta::hours(turn),
        };
        let asked = db::fill::insert_messages(&mut tx, std::slice::from_ref(&question)).await.unwrap()[&id];
        let model = ModelInfo {
            provider: provider.into(),
            model: model.into(),
            finish_reason: None,
            usage: None,
            error: None,
            seams: vec![],
        };
        let answer = Message { parent: Some(asked), depth: depth + 1, sentiment: None, model: Some(model), ..question };
        parent = Some(db::fill::insert_messages(&mut tx, &[answer]).await.unwrap()[&id]);
        depth += 2;
    }
    db::fill::set_heads(&mut tx, &HashMap::from([(id, parent.unwrap())])).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn roll_up(db: &Db) {
    while roll_up_some(db).await.unwrap() > 0 {}
}

/// What the dashboard shows of the first week of November.
async fn shown(db: &Db, set: impl FnOnce(&mut InsightParameters)) -> SentimentInsights {
    roll_up(db).await;
    let mut parameters = InsightParameters {
        from: Some("2026-11-02".into()),
        to: Some("2026-11-04".into()),
        ..InsightParameters::default()
    };
    set(&mut parameters);
    let query = parameters.check(at(0).date_naive()).unwrap();
    let (cells, series) = read(db, &query).await.unwrap();
    report(&cells, &series, &query)
}

fn sizes(groups: &[InsightGroup]) -> Vec<(Option<&str>, i64)> {
    groups.iter().map(|group| (group.name.as_deref(), group.messages)).collect()
}

fn points(insights: &SentimentInsights) -> Vec<(Option<i64>, Option<f64>)> {
    insights.over_time.iter().map(|point| (point.messages, point.score)).collect()
}

#[tokio::test]
async fn the_numbers_are_those_worked_out_by_hand() {
    on_both(async |db| {
        let people = people(&db, 6).await;
        for person in &people {
            talk(&db, *person, at(0), "openai/a", &[-0.5, 0.5]).await;
            talk(&db, *person, at(24), "openai/a", &[0.25]).await;
            talk(&db, *person, at(24), "anthropic/b", &[0.6, -0.2]).await;
        }
        let all = shown(&db, |_| ()).await;
        assert!(!all.withheld);
        // (6 × (-0.5 + 0.5) + 6 × 0.25 + 6 × (0.6 - 0.2)) / 30
        assert_eq!((all.messages, all.score), (30, Some(0.13)));
        // On the second day (1.5 + 2.4) / 18; on the third nobody wrote.
        assert_eq!(points(&all), [(Some(12), Some(0.0)), (Some(18), Some(0.2167)), (Some(0), None)]);
        assert_eq!(sizes(&all.labels), [(Some("Positive"), 18), (Some("Neutral"), 0), (Some("Negative"), 12)]);
        assert_eq!(sizes(&all.emotions), [(Some("joy"), 18), (Some("none"), 12)]);
        assert!((all.emotions[0].share - 0.6).abs() < 1e-9);
        assert_eq!(sizes(&all.providers), [(Some("openai"), 18), (Some("anthropic"), 12)]);
        assert_eq!(sizes(&all.methods), [(Some("local"), 30)]);
        assert_eq!(all.providers[1].score, Some(0.2));
        assert_eq!(all.conversations, ConversationTurns { measured: 12, improved: Some(6), worsened: Some(6) });
        // 0.6 to -0.2 is a drop; -0.5 to 0.5 is none.
        assert_eq!(all.answers, AnswerDrops { measured: 12, dropped: Some(6) });
        assert_eq!(sizes(&all.models), [(Some("a"), 18), (Some("b"), 12)]);
        assert_eq!(all.models[0].answers, Some(AnswerDrops { measured: 6, dropped: Some(0) }));
        assert_eq!(all.models[1].answers, Some(AnswerDrops { measured: 6, dropped: Some(6) }));

        assert_eq!(all.choices.providers, ["anthropic", "openai"]);
        assert_eq!(all.choices.models.iter().map(|choice| choice.model.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(all.choices.methods, ["local"]);

        let month = shown(&db, |parameters| parameters.step = Some("month".into())).await;
        assert_eq!(points(&month), [(Some(30), Some(0.13))]);
        let week = shown(&db, |parameters| parameters.step = Some("week".into())).await;
        assert_eq!((week.to.to_string().as_str(), points(&week)), ("2026-11-08", vec![(Some(30), Some(0.13))]));

        let one = shown(&db, |parameters| parameters.provider = Some("anthropic".into())).await;
        assert_eq!((one.withheld, one.messages, one.score), (false, 12, Some(0.2)));
        let one = shown(&db, |parameters| {
            parameters.provider = Some("openai".into());
            parameters.model = Some("a".into());
            parameters.method = Some("local".into());
        })
        .await;
        assert_eq!((one.withheld, one.messages), (false, 18));
        let none = shown(&db, |parameters| parameters.provider = Some("nobody".into())).await;
        assert_eq!((none.withheld, none.messages, none.score), (false, 0, None));
        let none = shown(&db, |parameters| parameters.method = Some("nlp_api".into())).await;
        assert_eq!((none.withheld, none.messages), (false, 0));
    })
    .await;
}

#[tokio::test]
async fn fewer_than_five_are_not_told_apart_nor_can_they_be_worked_out() {
    on_both(async |db| {
        let people = people(&db, 9).await;
        for person in &people[..4] {
            talk(&db, *person, at(0), "openai/a", &[-0.5, 0.5]).await;
        }
        let four = shown(&db, |_| ()).await;
        assert!(four.withheld);
        assert_eq!((four.messages, four.score), (0, None));
        assert!(four.labels.is_empty() && four.models.is_empty() && four.emotions.is_empty());
        assert!(four.over_time.iter().all(|point| point.messages == Some(0)));

        for person in &people[4..] {
            talk(&db, *person, at(0), "openai/a", &[-0.5, 0.5]).await;
        }
        talk(&db, people[0], at(24), "anthropic/b", &[0.9, -0.9]).await;
        talk(&db, people[1], at(24), "anthropic/b", &[0.9, -0.9]).await;
        let all = shown(&db, |_| ()).await;
        assert_eq!((all.withheld, all.messages), (false, 22));
        // What two people asked would be the rest of every breakdown in which the nine are told apart.
        assert_eq!(sizes(&all.providers), [(None, 22)]);
        assert_eq!(sizes(&all.models), [(None, 22)]);
        assert_eq!(all.models[0].answers, None);
        assert!(all.choices.providers.is_empty() && all.choices.models.is_empty());
        assert_eq!(points(&all), [(None, None), (None, None), (Some(0), None)]);
        assert_eq!(all.conversations, ConversationTurns { measured: 11, improved: None, worsened: None });
        assert_eq!(all.answers, AnswerDrops { measured: 11, dropped: None });
        for provider in ["openai", "anthropic"] {
            let filtered = shown(&db, |parameters| parameters.provider = Some(provider.into())).await;
            assert!(filtered.withheld && filtered.messages == 0, "{provider}");
        }
        // Within a provider as well: the model of a few takes the other one along.
        talk(&db, people[2], at(0), "openai/c", &[0.0]).await;
        for person in &people[..6] {
            talk(&db, *person, at(25), "anthropic/b", &[0.2]).await;
        }
        let all = shown(&db, |_| ()).await;
        assert_eq!(sizes(&all.providers), [(Some("openai"), 19), (Some("anthropic"), 10)]);
        assert_eq!(sizes(&all.models), [(Some("b"), 10), (None, 19)]);
        for model in ["a", "c"] {
            let filtered = shown(&db, |parameters| {
                parameters.provider = Some("openai".into());
                parameters.model = Some(model.into());
            })
            .await;
            assert!(filtered.withheld, "{model}");
        }
    })
    .await;
}

#[tokio::test]
async fn with_and_without_a_filter_nobody_can_be_worked_out_either() {
    on_both(async |db| {
        let people = people(&db, 6).await;
        for person in &people {
            talk(&db, *person, at(0), "openai/a", &[0.5]).await;
            talk(&db, *person, at(0), "openai/a", &[-0.5]).await;
            talk(&db, *person, at(0), "anthropic/b", &[0.5]).await;
        }
        let openai = async || shown(&db, |parameters| parameters.provider = Some("openai".into())).await;
        let apart = [(Some("Positive"), 6), (Some("Neutral"), 0), (Some("Negative"), 6)];
        assert_eq!(sizes(&openai().await.labels), apart, "nobody asks anthropic with a bad word");
        talk(&db, people[0], at(0), "anthropic/b", &[-0.5]).await;
        let all = shown(&db, |_| ()).await;
        assert_eq!(sizes(&all.labels), [(Some("Positive"), 12), (Some("Neutral"), 0), (Some("Negative"), 7)]);
        let openai = openai().await;
        assert!(!openai.withheld && openai.messages == 12);
        assert_eq!(sizes(&openai.labels), [(Some("Neutral"), 0), (None, 12)], "7 - 6 would be the words of one");
        // On another day one asks anthropic: what the others ask openai on it would tell.
        for person in &people {
            talk(&db, *person, at(24), "openai/a", &[0.5]).await;
        }
        talk(&db, people[0], at(24), "anthropic/b", &[0.5]).await;
        let openai = shown(&db, |parameters| parameters.provider = Some("openai".into())).await;
        assert_eq!(points(&openai), [(None, None), (None, None), (Some(0), None)]);
    })
    .await;
}

#[tokio::test]
async fn another_wording_of_a_question_is_no_course() {
    on_both(async |db| {
        let execute = async |sql: &'static str, id: ConversationId| {
            write!(&db, |pool| sqlx::query(sql).bind(id.0).execute(pool).await.map(drop)).unwrap();
        };
        for person in people(&db, 5).await {
            let reworded = talk(&db, person, at(0), "openai/a", &[-0.5, 0.5]).await;
            execute(
                "update messages set depth = depth - 2, parent_id = case when depth = 2 then null else parent_id end \
                     where conversation_id = $1 and depth >= 2",
                reworded,
            )
            .await;
            // Its first question has two wordings, of which the one that was gone on with counts.
            let reworded = talk(&db, person, at(0), "openai/a", &[0.5, -0.5, -0.5, 0.5]).await;
            execute(
                "update messages set depth = depth - 2, parent_id = case when depth = 2 then null else parent_id end \
                     where conversation_id = $1 and depth >= 2",
                reworded,
            )
            .await;
        }
        let all = shown(&db, |_| ()).await;
        assert_eq!(all.conversations, ConversationTurns { measured: 5, improved: Some(5), worsened: Some(0) });
    })
    .await;
}

/// The cells as they are, and as they are when all of them are made anew.
async fn assert_made_anew_alike(db: &Db, what: &str) {
    let all = async || {
        let (from, to) = ("2026-01-01".parse().unwrap(), "2027-12-31".parse().unwrap());
        let days = db::insights::list(db, InsightStep::Day, from, to).await.unwrap();
        let months = db::insights::list(db, InsightStep::Month, from, to).await.unwrap();
        let mut series = Vec::new();
        for step in InsightStep::ALL {
            series.push(db::insights::list_sums(db, step, from, to).await.unwrap());
        }
        (days, months, series)
    };
    roll_up(db).await;
    let kept = all().await;
    for (step, series) in InsightStep::ALL.into_iter().zip(&kept.2) {
        let mut sums = BTreeMap::<_, Tally>::new();
        for day in &kept.2[0] {
            sums.entry((step.start(day.starts_on), day.source.clone())).or_default().join(&day.sum);
        }
        let series: BTreeMap<_, _> =
            series.iter().map(|sum| ((sum.starts_on, sum.source.clone()), sum.sum.clone())).collect();
        assert_eq!(series, sums, "{what}: every {step:?} is the sum of its days");
    }
    write!(db, |pool| sqlx::query("delete from sentiment_cells").execute(pool).await.map(drop)).unwrap();
    let note = "insert into sentiment_changes (day) values ($1)";
    let mut day: chrono::NaiveDate = "2026-10-30".parse().unwrap();
    for _ in 0..30 {
        write!(db, |pool| sqlx::query(note).bind(day).execute(pool).await.map(drop)).unwrap();
        day = day.succ_opt().unwrap();
    }
    roll_up(db).await;
    assert_eq!(kept, all().await, "{what}");
}

/// Something that happens to messages, by chance.
async fn happen(db: &Db, random: &mut StdRng, people: &[UserId], conversations: &mut Vec<ConversationId>) -> String {
    let execute = async |sql: &'static str, id: Uuid| {
        write!(db, |pool| sqlx::query(sql).bind(id).execute(pool).await.map(drop)).unwrap();
        sql.to_owned()
    };
    let one = conversations.choose(random).map(|id| id.0);
    match (random.random_range(0..9), one) {
        (0, Some(id)) => execute("delete from conversations where id = $1", id).await,
        (1, Some(id)) => execute("update conversations set deleted_at = created_at where id = $1", id).await,
        (2, Some(id)) => execute("update conversations set deleted_at = null where id = $1", id).await,
        (3, Some(id)) => {
            execute(
                "update messages set sentiment_score = -sentiment_score, sentiment_label = 'Neutral' \
                 where conversation_id = $1 and depth = 0",
                id,
            )
            .await
        }
        (4, Some(id)) => {
            execute(
                "update messages set sentiment_score = null, sentiment_label = null where conversation_id = $1 and depth = 2",
                id,
            )
            .await
        }
        (5, Some(id)) => {
            execute("update messages set model = 'other' where conversation_id = $1 and role = 'assistant'", id).await
        }
        (6, Some(id)) if random.random_bool(0.2) => {
            execute("delete from users where id = (select user_id from conversations where id = $1)", id).await
        }
        _ => {
            let scores: Vec<f64> = (0..random.random_range(1..5)).map(|_| random.random_range(-1.0..1.0)).collect();
            let model = ["openai/a", "openai/c", "anthropic/b"].choose(random).unwrap();
            let begun = at(random.random_range(0..200));
            let Some(person) = people.choose(random) else { return String::new() };
            // Somebody who was deleted writes nothing more.
            let there = "select id from users where id = $1";
            let found: Option<(i64,)> =
                db::read!(db, |pool| sqlx::query_as(there).bind(person.0).fetch_optional(pool).await.unwrap());
            if found.is_some() {
                conversations.push(talk(db, *person, begun, model, &scores).await);
            }
            "talk".to_owned()
        }
    }
}

#[tokio::test]
async fn whatever_happens_the_cells_are_what_the_messages_say() {
    on_both(async |db| {
        let people = people(&db, 7).await;
        for seed in 0..3 {
            let mut random = StdRng::seed_from_u64(seed);
            let (mut conversations, mut history) = (Vec::new(), Vec::new());
            for _ in 0..40 {
                history.push(happen(&db, &mut random, &people, &mut conversations).await);
                // Sometimes several changes wait for one roll-up.
                if random.random_bool(0.4) {
                    roll_up(&db).await;
                }
            }
            assert_made_anew_alike(&db, &format!("seed {seed}: {history:?}")).await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_deleted_is_gone_from_the_numbers() {
    on_both(async |db| {
        let people = people(&db, 6).await;
        let mut conversations = Vec::new();
        for person in &people {
            conversations.push(talk(&db, *person, at(0), "openai/a", &[-0.5, 0.5]).await);
        }
        assert_eq!(shown(&db, |_| ()).await.messages, 12);
        assert!(db::conversations::delete(&db, conversations[0], people[0]).await.unwrap());
        assert_eq!(shown(&db, |_| ()).await.messages, 10);
        let delete = "delete from users";
        write!(&db, |pool| sqlx::query(delete).execute(pool).await.map(drop)).unwrap();
        let none = shown(&db, |_| ()).await;
        assert_eq!((none.withheld, none.messages), (false, 0));
        let left = "select (select count(*) from sentiment_cells) + (select count(*) from sentiment_changes)";
        let (left,): (i64,) = db::read!(&db, |pool| sqlx::query_as(left).fetch_one(pool).await.unwrap());
        assert_eq!(left, 0, "no trace of anybody");
    })
    .await;
}
