//! What the admin dashboard asks for and gets: how everybody together feels. Nothing here names a person, and a group
//! of fewer than [`PEOPLE_MIN`] people is never told apart.

use crate::{ApiError, Fields, ModelRef, SentimentMethod};
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

/// The fewest people whose messages are shown as a group.
pub const PEOPLE_MIN: usize = 5;
/// How much lower a message must score than the one before it to count as a drop after the answer in between.
pub const DROP_MIN: f64 = 0.4;
/// The days that are shown where nothing else is asked for.
const DEFAULT_DAYS: u64 = 30;
/// The most points in one answer by day, and the longest range at all, in days.
const MAX_DAYS: (i64, i64) = (400, 3_660);
/// The most characters of a provider's or a model's name.
const NAME_MAX_CHARS: usize = 200;

/// How long a point of a series lasts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum InsightStep {
    /// A day (UTC).
    #[default]
    Day,
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
}

impl InsightStep {
    /// Every step, the shortest first.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The first day of the step that `day` lies in.
    pub fn start(self, day: NaiveDate) -> NaiveDate {
        use chrono::Datelike as _;
        let back = match self {
            Self::Day => 0,
            Self::Week => day.weekday().num_days_from_monday(),
            Self::Month => day.day0(),
        };
        day.checked_sub_days(Days::new(u64::from(back))).unwrap_or(day)
    }

    /// The first day after the step that `day` lies in.
    pub fn end(self, day: NaiveDate) -> NaiveDate {
        let start = self.start(day);
        match self {
            Self::Day => start.succ_opt(),
            Self::Week => start.checked_add_days(Days::new(7)),
            Self::Month => start.checked_add_months(chrono::Months::new(1)),
        }
        .unwrap_or(start)
    }
}

/// The query of `GET /api/v1/admin/sentiment` and of `/admin`, as it was written. Empty is the same as absent, so that a
/// plain form can send it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct InsightParameters {
    /// The first day, UTC: `2026-11-01`. Thirty days back unless given.
    #[cfg_attr(feature = "openapi", param(example = "2026-11-01"))]
    pub from: Option<String>,
    /// The last day, which is included; today unless given.
    #[cfg_attr(feature = "openapi", param(example = "2026-11-20"))]
    pub to: Option<String>,
    /// `day`, `week` or `month`. With the longer ones the range grows to whole weeks or months.
    #[cfg_attr(feature = "openapi", param(example = "day"))]
    pub step: Option<String>,
    /// Only messages answered by this provider.
    #[cfg_attr(feature = "openapi", param(example = "openai"))]
    pub provider: Option<String>,
    /// Only messages answered by this model; wants its provider too.
    #[cfg_attr(feature = "openapi", param(example = "gpt-5.2"))]
    pub model: Option<String>,
    /// Only messages read by this method: `structured`, `llm_separate`, `nlp_api` or `local`.
    #[cfg_attr(feature = "openapi", param(example = "local"))]
    pub method: Option<String>,
}

/// What the dashboard is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsightQuery {
    /// The first day.
    pub from: NaiveDate,
    /// The last day, included.
    pub to: NaiveDate,
    /// How long a point lasts.
    pub step: InsightStep,
    /// Only messages answered by this provider.
    pub provider: Option<String>,
    /// Only messages answered by this model of the provider.
    pub model: Option<String>,
    /// Only messages read by this method.
    pub method: Option<SentimentMethod>,
}

impl InsightParameters {
    /// Each with its name in the query.
    pub fn fields(&self) -> [(&'static str, Option<&str>); 6] {
        [
            ("from", self.from.as_deref()),
            ("to", self.to.as_deref()),
            ("step", self.step.as_deref()),
            ("provider", self.provider.as_deref()),
            ("model", self.model.as_deref()),
            ("method", self.method.as_deref()),
        ]
    }

    /// Reads and checks the query; what is absent depends on `today`.
    pub fn check(&self, today: NaiveDate) -> Result<InsightQuery, ApiError> {
        fn given(value: Option<&String>) -> Option<&str> {
            value.map(|value| value.trim()).filter(|value| !value.is_empty())
        }
        let mut fields = Fields::new();
        let mut day = |field: &str, value: Option<&String>| {
            let text = given(value)?;
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|day| in_bounds(*day));
            if day.is_none() {
                fields.reject(field, "Must be a day such as 2026-11-20.");
            }
            day
        };
        let (from, to) = (day("from", self.from.as_ref()), day("to", self.to.as_ref()));
        let step = match given(self.step.as_ref()) {
            None => InsightStep::Day,
            Some(name) => InsightStep::ALL.into_iter().find(|step| step.as_str() == name).unwrap_or_else(|| {
                fields.reject("step", "Must be day, week or month.");
                InsightStep::Day
            }),
        };
        let method = given(self.method.as_ref()).and_then(|name| {
            let method = SentimentMethod::from_name(name);
            if method.is_none() {
                fields.reject("method", "Must be structured, llm_separate, nlp_api or local.");
            }
            method
        });
        let to = to.unwrap_or(today);
        let from = from.unwrap_or_else(|| to.checked_sub_days(Days::new(DEFAULT_DAYS - 1)).unwrap_or(to));
        let (from, to) = (step.start(from), step.end(to).pred_opt().unwrap_or(to));
        let days = (to - from).num_days() + 1;
        if days < 1 {
            fields.reject("from", "Must not be after the last day.");
        } else if days > MAX_DAYS.1 {
            fields.reject("from", "The range may have ten years at most.");
        } else if step == InsightStep::Day && days > MAX_DAYS.0 {
            fields.reject("step", format!("By day the range may have {} days at most.", MAX_DAYS.0));
        }
        let (provider, model) = (given(self.provider.as_ref()), given(self.model.as_ref()));
        for (field, name) in [("provider", provider), ("model", model)] {
            if name.is_some_and(|name| name.contains('\0') || name.chars().nth(NAME_MAX_CHARS).is_some()) {
                fields.reject(field, "This cannot be a name.");
            }
        }
        if model.is_some() && provider.is_none() {
            fields.reject("provider", "A model wants its provider too.");
        }
        fields.finish()?;
        let (provider, model) = (provider.map(str::to_owned), model.map(str::to_owned));
        Ok(InsightQuery { from, to, step, provider, model, method })
    }
}

/// Years that any calendar writes with four digits, with room at both ends for weeks and months.
fn in_bounds(day: NaiveDate) -> bool {
    use chrono::Datelike as _;
    (1970..9000).contains(&day.year())
}

/// How everybody together feels, in a range of days: `GET /api/v1/admin/sentiment`. All numbers are about the messages
/// that people wrote and whose sentiment was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SentimentInsights {
    /// The first day.
    pub from: NaiveDate,
    /// The last day, included.
    pub to: NaiveDate,
    /// How long a point of `over_time` lasts.
    pub step: InsightStep,
    /// The filter by provider.
    pub provider: Option<String>,
    /// The filter by model.
    pub model: Option<String>,
    /// The filter by method.
    pub method: Option<SentimentMethod>,
    /// What may be filtered by in this range.
    pub choices: InsightChoices,
    /// Nothing is shown, because fewer than five people are behind it, or behind what it leaves out.
    pub withheld: bool,
    /// Messages whose sentiment was read.
    pub messages: i64,
    /// Their mean, -1 to 1; null where there are none.
    pub score: Option<f64>,
    /// A point for each step of the range, the oldest first.
    pub over_time: Vec<InsightPoint>,
    /// By label.
    pub labels: Vec<InsightGroup>,
    /// By emotion, the most frequent first.
    pub emotions: Vec<InsightGroup>,
    /// By the provider that was asked.
    pub providers: Vec<InsightGroup>,
    /// By the model that was asked.
    pub models: Vec<InsightGroup>,
    /// By the method that read them.
    pub methods: Vec<InsightGroup>,
    /// Conversations that began in the range, by how the first message in them reads beside the last.
    pub conversations: ConversationTurns,
    /// Answers whose next message came in the range.
    pub answers: AnswerDrops,
}

impl SentimentInsights {
    /// The query that shows the same.
    pub fn parameters(&self) -> InsightParameters {
        InsightParameters {
            from: Some(self.from.to_string()),
            to: Some(self.to.to_string()),
            step: Some(self.step.as_str().to_owned()),
            provider: self.provider.clone(),
            model: self.model.clone(),
            method: self.method.map(|method| method.as_str().to_owned()),
        }
    }
}

/// What may be filtered by: groups that may be told apart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InsightChoices {
    /// Providers.
    pub providers: Vec<String>,
    /// Models with their providers.
    pub models: Vec<ModelRef>,
    /// Methods.
    pub methods: Vec<String>,
}

/// A step of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InsightPoint {
    /// Its first day.
    pub starts_on: NaiveDate,
    /// Messages; null where too few people are behind them to tell.
    pub messages: Option<i64>,
    /// Their mean; null where there are none or too few.
    pub score: Option<f64>,
}

/// A group of messages with something in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InsightGroup {
    /// What they have in common; null: several groups together, because one of them has too few people.
    pub name: Option<String>,
    /// The provider of a model, where it may be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// How many.
    pub messages: i64,
    /// Of all messages, 0 to 1.
    pub share: f64,
    /// Their mean; absent for labels and emotions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// What followed the answers; only for models, and null where too few people are behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<AnswerDrops>,
}

/// Conversations with at least two messages that were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationTurns {
    /// How many.
    pub measured: i64,
    /// Began negative and ended positive; null where too few people are behind it.
    pub improved: Option<i64>,
    /// Began positive and ended negative; null where too few people are behind it.
    pub worsened: Option<i64>,
}

/// Answers that stand between two messages that were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnswerDrops {
    /// How many.
    pub measured: i64,
    /// Those after which the person's next message scored at least 0.4 lower; null where too few people are behind it.
    pub dropped: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn check(set: impl FnOnce(&mut InsightParameters)) -> Result<InsightQuery, ApiError> {
        let mut parameters = InsightParameters::default();
        set(&mut parameters);
        parameters.check(day("2026-11-20"))
    }

    #[test]
    fn what_is_not_asked_for_is_the_last_thirty_days() {
        let query = check(|parameters| parameters.provider = Some(" ".into())).unwrap();
        assert_eq!((query.from, query.to), (day("2026-10-22"), day("2026-11-20")));
        assert_eq!((query.step, query.provider), (InsightStep::Day, None));
    }

    #[test]
    fn weeks_and_months_are_whole() {
        let range = |step: &str| {
            let query = check(|parameters| {
                parameters.from = Some("2026-11-04".into());
                parameters.to = Some("2026-11-20".into());
                parameters.step = Some(step.into());
            });
            query.map(|query| (query.from, query.to)).unwrap()
        };
        assert_eq!(range("day"), (day("2026-11-04"), day("2026-11-20")));
        assert_eq!(range("week"), (day("2026-11-02"), day("2026-11-22")));
        assert_eq!(range("month"), (day("2026-11-01"), day("2026-11-30")));
    }

    #[test]
    fn a_range_that_cannot_be_is_refused_at_its_field() {
        let refused = |set: fn(&mut InsightParameters), field: &str| {
            let error = check(set).unwrap_err();
            assert!(error.field(field).is_some(), "{error:?}");
        };
        refused(|parameters| parameters.from = Some("tomorrow".into()), "from");
        refused(|parameters| parameters.from = Some("0001-01-01".into()), "from");
        refused(|parameters| parameters.to = Some("2026-02-30".into()), "to");
        refused(|parameters| parameters.from = Some("2026-11-21".into()), "from");
        refused(|parameters| parameters.from = Some("2025-01-01".into()), "step");
        refused(|parameters| parameters.step = Some("hour".into()), "step");
        refused(|parameters| parameters.method = Some("guess".into()), "method");
        refused(|parameters| parameters.model = Some("m".into()), "provider");
        refused(|parameters| parameters.provider = Some("x".repeat(201)), "provider");
        refused(|parameters| parameters.provider = Some("a\0b".into()), "provider");
    }
}
