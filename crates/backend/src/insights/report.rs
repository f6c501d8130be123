//! From cells to what the dashboard shows. Pure: the one place where numbers about everybody are put together.
//!
//! Every breakdown is a [`Split`], so that nothing in an answer tells a small group apart, nor does the difference of
//! two of its numbers. Models are split within their provider: the total of a provider that is shown is the whole there.
//! A filter is a choice of one group of a split; it is answered where that group may be told apart, by itself and beside
//! every other filter, so that the difference of two answers for one range is no small group either. Where it may not,
//! the answer is withheld.

use super::cells::{Group, Outcome, Source};
use super::privacy::Split;
use crate::db::insights::{Cell, StepSum};
use chrono::NaiveDate;
use std::collections::BTreeMap;
use types::{
    AnswerDrops, ConversationTurns, InsightChoices, InsightGroup, InsightPoint, InsightQuery, ModelRef,
    SentimentInsights, SentimentLabel, SentimentMethod,
};

/// The cells an answer is made of.
type Cells<'a> = [&'a Cell];

/// A model as it may be told: by its name, among the others of its provider, or among all others.
type Leaf<'a> = (Option<&'a str>, Option<&'a str>);

/// What the cells of a range say, and the sums of its steps.
pub(crate) fn report(all: &[Cell], series: &[StepSum], query: &InsightQuery) -> SentimentInsights {
    let method = query.method.map(SentimentMethod::as_str);
    let chosen = narrow(all, query.provider.as_deref(), query.model.as_deref(), method);
    let people = groups(&chosen, |_| ());
    let withheld = people.get(&()).is_some_and(|group| group.0 > 0 && !group.1.are_enough())
        || (!chosen.is_empty() && !may_filter(all, query));
    let chosen = if withheld { Vec::new() } else { chosen };
    let models = leaves(&chosen);
    let messages = count(&chosen);
    SentimentInsights {
        from: query.from,
        to: query.to,
        step: query.step,
        provider: query.provider.clone(),
        model: query.model.clone(),
        method: query.method,
        choices: choices(all),
        withheld,
        messages,
        score: mean(chosen.iter().copied()),
        over_time: over_time(series, withheld, query),
        labels: by_label(&chosen),
        emotions: by_emotion(&chosen),
        providers: sources(&chosen, |cell| models_provider(&models, cell)),
        models: by_model(&chosen, &models),
        methods: by_method(&chosen),
        conversations: turns(&chosen),
        answers: drops(&chosen),
    }
}

fn narrow<'a>(all: &'a [Cell], provider: Option<&str>, model: Option<&str>, method: Option<&str>) -> Vec<&'a Cell> {
    all.iter().filter(|cell| fits(&cell.source, provider, model, method)).collect()
}

/// Whether a source passes the filters.
fn fits(source: &Source, provider: Option<&str>, model: Option<&str>, method: Option<&str>) -> bool {
    provider.is_none_or(|wanted| wanted == source.provider)
        && model.is_none_or(|wanted| wanted == source.model)
        && method.is_none_or(|wanted| wanted == source.method)
}

/// Whether each filter chooses a group that may be told apart, alone and beside the others.
fn may_filter(all: &[Cell], query: &InsightQuery) -> bool {
    let (provider, model) = (query.provider.as_deref(), query.model.as_deref());
    let method = query.method.map(SentimentMethod::as_str);
    let beside = |choice: Option<&'static str>| if choice.is_some() { vec![None, choice] } else { vec![None] };
    let by_source = beside(method).into_iter().all(|method| {
        let provider_shown = provider.is_none_or(|name| {
            let cells = narrow(all, None, None, method);
            Split::new(groups(&cells, |cell| cell.source.provider.as_str())).shown.contains_key(name)
        });
        let model_shown = model.is_none_or(|name| {
            let cells = narrow(all, provider, None, method);
            Split::new(groups(&cells, |cell| cell.source.model.as_str())).shown.contains_key(name)
        });
        provider_shown && model_shown
    });
    let levels = [(None, None), (provider, None), (provider, model)];
    let by_method = method.is_none_or(|name| {
        levels.into_iter().all(|(provider, model)| {
            let cells = narrow(all, provider, model, None);
            Split::new(groups(&cells, |cell| cell.source.method.as_str())).shown.contains_key(name)
        })
    });
    by_source && by_method
}

/// The groups of a range that may be told apart.
fn choices(all: &[Cell]) -> InsightChoices {
    let all: Vec<_> = all.iter().collect();
    let names = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    let providers = Split::new(groups(&all, |cell| cell.source.provider.as_str())).shown;
    let methods = Split::new(groups(&all, |cell| cell.source.method.as_str())).shown;
    let model = |leaf: Leaf<'_>| Some(ModelRef { provider: leaf.0?.to_owned(), model: leaf.1?.to_owned() });
    InsightChoices {
        providers: names(providers.into_keys().collect()),
        models: leaves(&all).into_values().filter_map(model).collect(),
        methods: names(methods.into_keys().collect()),
    }
}

/// The messages of cells, grouped.
fn groups<'a, K: Ord>(cells: &Cells<'a>, key: impl Fn(&'a Cell) -> K) -> BTreeMap<K, Group> {
    let mut groups = BTreeMap::<K, Group>::new();
    for cell in cells.iter().filter(|cell| cell.totals.sum.messages > 0) {
        let group = groups.entry(key(cell)).or_default();
        group.0 += cell.totals.sum.messages;
        group.1.join(&cell.totals.sum.people);
    }
    groups
}

fn count(cells: &Cells<'_>) -> i64 {
    cells.iter().map(|cell| cell.totals.sum.messages).sum()
}

/// To four digits: more would be a pretence.
fn round(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

#[expect(clippy::cast_precision_loss, reason = "no count comes near 2^53")]
fn ratio(part: f64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| round(part / whole as f64))
}

#[expect(clippy::cast_precision_loss, reason = "no count comes near 2^53")]
fn share(part: i64, whole: i64) -> f64 {
    ratio(part as f64, whole).unwrap_or_default()
}

fn mean<'a>(cells: impl Iterator<Item = &'a Cell>) -> Option<f64> {
    let (mut messages, mut sum) = (0, 0.0);
    for cell in cells {
        messages += cell.totals.sum.messages;
        sum += cell.totals.sum.score_sum;
    }
    ratio(sum, messages)
}

fn over_time(series: &[StepSum], withheld: bool, query: &InsightQuery) -> Vec<InsightPoint> {
    let method = query.method.map(SentimentMethod::as_str);
    let mut steps = BTreeMap::<NaiveDate, (Group, f64)>::new();
    for StepSum { starts_on, source, sum } in series.iter().filter(|_| !withheld) {
        if sum.messages > 0 && fits(source, query.provider.as_deref(), query.model.as_deref(), method) {
            let (group, score_sum) = steps.entry(*starts_on).or_default();
            group.0 += sum.messages;
            group.1.join(&sum.people);
            *score_sum += sum.score_sum;
        }
    }
    let split = Split::new(steps.iter().map(|(day, (group, _))| (*day, group.clone())).collect());
    let mut points = Vec::new();
    let mut day = query.from;
    while day <= query.to {
        let step = steps.get(&day);
        let messages = split.size(&day, step.is_some());
        let score = messages.and_then(|messages| ratio(step?.1, messages));
        points.push(InsightPoint { starts_on: day, messages, score });
        let next = query.step.end(day);
        if next <= day {
            break;
        }
        day = next;
    }
    points
}

fn by_label(cells: &Cells<'_>) -> Vec<InsightGroup> {
    let mut groups = BTreeMap::<&str, Group>::new();
    for (label, group) in cells.iter().flat_map(|cell| &cell.totals.detail.labels) {
        groups.entry(label).or_default().join(group);
    }
    let there: Vec<String> = groups.keys().map(|label| (*label).to_owned()).collect();
    let (split, messages) = (Split::new(groups), count(cells));
    let labels = [SentimentLabel::Positive, SentimentLabel::Neutral, SentimentLabel::Negative];
    let shown = labels.iter().filter(|_| messages > 0).filter_map(|label| {
        let size = split.size(&label.as_str(), there.iter().any(|there| there == label.as_str()))?;
        Some(group(Some(label.as_str()), size, messages))
    });
    shown.chain(merged(split.merged, messages)).collect()
}

fn by_emotion(cells: &Cells<'_>) -> Vec<InsightGroup> {
    let mut groups = BTreeMap::<&str, Group>::new();
    for (emotion, group) in cells.iter().flat_map(|cell| &cell.totals.detail.emotions) {
        groups.entry(if emotion.is_empty() { "none" } else { emotion }).or_default().join(group);
    }
    let (split, messages) = (Split::new(groups), count(cells));
    let mut shown: Vec<_> = split.shown.iter().map(|(name, size)| group(Some(name), *size, messages)).collect();
    shown.sort_by_key(|group| std::cmp::Reverse(group.messages));
    shown.extend(merged(split.merged, messages));
    shown
}

fn by_method(cells: &Cells<'_>) -> Vec<InsightGroup> {
    let split = Split::new(groups(cells, |cell| cell.source.method.as_str()));
    let shown: Vec<&str> = split.shown.keys().copied().collect();
    sources(cells, |cell| shown.iter().copied().find(|name| *name == cell.source.method))
}

/// Each model's leaf, by provider and model.
fn leaves<'a>(cells: &Cells<'a>) -> BTreeMap<(&'a str, &'a str), Leaf<'a>> {
    let providers = Split::new(groups(cells, |cell| cell.source.provider.as_str())).shown;
    let mut leaves = BTreeMap::new();
    for cell in cells {
        let (provider, model) = (cell.source.provider.as_str(), cell.source.model.as_str());
        leaves.insert((provider, model), (providers.contains_key(provider).then_some(provider), None));
    }
    for provider in providers.into_keys() {
        let within: Vec<_> = cells.iter().copied().filter(|cell| cell.source.provider == provider).collect();
        for model in Split::new(groups(&within, |cell| cell.source.model.as_str())).shown.into_keys() {
            leaves.insert((provider, model), (Some(provider), Some(model)));
        }
    }
    leaves
}

fn leaf_of<'a>(leaves: &BTreeMap<(&str, &str), Leaf<'a>>, cell: &Cell) -> Leaf<'a> {
    leaves.get(&(cell.source.provider.as_str(), cell.source.model.as_str())).copied().unwrap_or_default()
}

fn models_provider<'a>(leaves: &BTreeMap<(&str, &str), Leaf<'a>>, cell: &Cell) -> Option<&'a str> {
    leaf_of(leaves, cell).0
}

/// Groups by a name that may be told; `None` collects what may not.
fn sources<'a>(cells: &Cells<'a>, name: impl Fn(&'a Cell) -> Option<&'a str>) -> Vec<InsightGroup> {
    let mut named = BTreeMap::<Option<&str>, Vec<&Cell>>::new();
    for cell in cells.iter().filter(|cell| cell.totals.sum.messages > 0) {
        named.entry(name(cell)).or_default().push(cell);
    }
    let messages = count(cells);
    let mut sources: Vec<_> = named
        .into_iter()
        .map(|(name, cells)| InsightGroup {
            score: mean(cells.iter().copied()),
            ..group(name, count(&cells), messages)
        })
        .collect();
    sources.sort_by_key(|group| (group.name.is_none(), std::cmp::Reverse(group.messages)));
    sources
}

fn by_model(cells: &Cells<'_>, leaves: &BTreeMap<(&str, &str), Leaf<'_>>) -> Vec<InsightGroup> {
    let mut named = BTreeMap::<Leaf<'_>, Vec<&Cell>>::new();
    let (mut dropped, mut held) = (BTreeMap::<Leaf<'_>, Group>::new(), BTreeMap::<Leaf<'_>, Group>::new());
    for cell in cells {
        let leaf = leaf_of(leaves, cell);
        named.entry(leaf).or_default().push(cell);
        dropped.entry(leaf).or_default().join(&cell.totals.detail.dropped);
        held.entry(leaf).or_default().join(&cell.totals.detail.held);
    }
    let size = |groups: &BTreeMap<Leaf<'_>, Group>, leaf: &Leaf<'_>| groups.get(leaf).map_or(0, |group| group.0);
    let is_told = drops(cells).dropped.is_some();
    let (of_dropped, of_held) = (Split::new(dropped.clone()), Split::new(held.clone()));
    let messages = count(cells);
    let mut models: Vec<_> = named
        .into_iter()
        .filter(|(_, cells)| count(cells) > 0)
        .map(|(leaf, cells)| {
            let fell = of_dropped.size(&leaf, size(&dropped, &leaf) > 0);
            let stayed = of_held.size(&leaf, size(&held, &leaf) > 0);
            let answers = match (fell, stayed) {
                (Some(fell), Some(stayed)) if is_told => {
                    Some(AnswerDrops { measured: fell + stayed, dropped: Some(fell) })
                }
                _ => None,
            };
            InsightGroup {
                provider: leaf.0.map(str::to_owned),
                score: mean(cells.iter().copied()),
                answers,
                ..group(leaf.1, count(&cells), messages)
            }
        })
        .collect();
    models.sort_by_key(|group| (group.name.is_none(), std::cmp::Reverse(group.messages)));
    models
}

fn turns(cells: &Cells<'_>) -> ConversationTurns {
    let mut groups = BTreeMap::<Outcome, Group>::new();
    for (outcome, group) in cells.iter().flat_map(|cell| &cell.totals.detail.conversations) {
        groups.entry(*outcome).or_default().join(group);
    }
    let Some(measured) = told_whole(groups.values()) else { return ConversationTurns::default() };
    let there: Vec<_> = groups.keys().copied().collect();
    let split = Split::new(groups);
    let size = |outcome| split.size(&outcome, there.contains(&outcome));
    ConversationTurns { measured, improved: size(Outcome::Improved), worsened: size(Outcome::Worsened) }
}

fn drops(cells: &Cells<'_>) -> AnswerDrops {
    let (mut dropped, mut held) = (Group::default(), Group::default());
    for cell in cells {
        dropped.join(&cell.totals.detail.dropped);
        held.join(&cell.totals.detail.held);
    }
    let Some(measured) = told_whole([&dropped, &held].into_iter()) else { return AnswerDrops::default() };
    let is_there = dropped.0 > 0;
    let split = Split::new(BTreeMap::from([(true, dropped), (false, held)]));
    AnswerDrops { measured, dropped: split.size(&true, is_there) }
}

/// The size of a whole, if enough people are behind it. An empty one is told.
fn told_whole<'a>(groups: impl Iterator<Item = &'a Group>) -> Option<i64> {
    let mut whole = Group::default();
    groups.for_each(|group| whole.join(group));
    (whole.0 == 0 || whole.1.are_enough()).then_some(whole.0)
}

fn group(name: Option<&str>, size: i64, messages: i64) -> InsightGroup {
    InsightGroup {
        name: name.map(str::to_owned),
        provider: None,
        messages: size,
        share: share(size, messages),
        score: None,
        answers: None,
    }
}

fn merged(size: i64, messages: i64) -> Option<InsightGroup> {
    (size > 0).then(|| group(None, size, messages))
}
