//! From cells to what the dashboard shows. Pure: the one place where numbers about everybody are put together.
//!
//! Every breakdown is a [`Split`], so that nothing in an answer tells a small group apart, nor does the difference of
//! two of its numbers. Models are split within their provider: the total of a provider that is shown is the whole there.
//! A filter is a choice of one group of a split; it is answered where that group may be told apart, by itself and beside
//! every other filter, and withheld where it may not. Within such an answer no label, emotion, step or source is told apart
//! whose rest in a wider one ([`Rests`]) is small, so that the difference of two answers for one range tells of no small
//! group of these either. How many conversations and answers were measured, and the drops of single models, are kept only
//! within one answer.

use super::cells::{Detail, Group, Outcome, Source};
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

/// What the wider answers hold beside this one: with each filter, and all of them, left out.
type Rests<'a> = [Vec<&'a Cell>];

/// A model as it may be told: by its name, among the others of its provider, or among all others.
type Leaf<'a> = (Option<&'a str>, Option<&'a str>);

/// What the cells of a range say, and the sums of its steps.
pub(crate) fn report(all: &[Cell], series: &[StepSum], query: &InsightQuery) -> SentimentInsights {
    let method = query.method.map(SentimentMethod::as_str);
    let chosen = narrow(all, query.provider.as_deref(), query.model.as_deref(), method);
    let people = groups(&chosen, |_| ());
    let withheld = people.get(&()).is_some_and(Group::is_small) || (!chosen.is_empty() && !may_filter(all, query));
    let chosen = if withheld { Vec::new() } else { chosen };
    let beside = |wider: &Wider| all.iter().filter(|cell| wider.adds(&cell.source)).collect();
    let rests: Vec<Vec<&Cell>> = wider(query).iter().map(beside).collect();
    let models = leaves(&chosen, &rests);
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
        labels: by_label(&chosen, &rests),
        emotions: by_emotion(&chosen, &rests),
        providers: sources(&chosen, |cell| models_provider(&models, cell)),
        models: by_model(&chosen, &models, &rests),
        methods: by_method(&chosen, &rests),
        conversations: turns(&chosen, &rests),
        answers: drops(&chosen, &rests),
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

/// A wider answer than the one that is asked for.
struct Wider<'a> {
    query: &'a InsightQuery,
    filters: (Option<&'a str>, Option<&'a str>, Option<&'a str>),
}

impl Wider<'_> {
    /// Whether a source is in it and not in the one that is asked for.
    fn adds(&self, source: &Source) -> bool {
        let (provider, model, method) = self.filters;
        fits(source, provider, model, method) && !is_asked_for(source, self.query)
    }
}

fn is_asked_for(source: &Source, query: &InsightQuery) -> bool {
    let method = query.method.map(SentimentMethod::as_str);
    fits(source, query.provider.as_deref(), query.model.as_deref(), method)
}

/// The answers that leave some of the filters out.
fn wider(query: &InsightQuery) -> Vec<Wider<'_>> {
    let (provider, model) = (query.provider.as_deref(), query.model.as_deref());
    let asked = (provider, model, query.method.map(SentimentMethod::as_str));
    let mut all = Vec::new();
    for (provider, model) in [(None, None), (provider, None), (provider, model)] {
        all.extend([None, asked.2].map(|method| (provider, model, method)));
    }
    all.sort_unstable();
    all.dedup();
    all.into_iter().filter(|filters| *filters != asked).map(|filters| Wider { query, filters }).collect()
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
        models: leaves(&all, &[]).into_values().filter_map(model).collect(),
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
    let add_up = |is_in: &dyn Fn(&Source) -> bool| {
        let mut steps = BTreeMap::<NaiveDate, (Group, f64)>::new();
        let told = series.iter().filter(|step| !withheld && step.sum.messages > 0 && is_in(&step.source));
        for StepSum { starts_on, sum, .. } in told {
            let (group, score_sum) = steps.entry(*starts_on).or_default();
            group.0 += sum.messages;
            group.1.join(&sum.people);
            *score_sum += sum.score_sum;
        }
        steps
    };
    let steps = add_up(&|source| is_asked_for(source, query));
    let people = |steps: &BTreeMap<NaiveDate, (Group, f64)>| -> BTreeMap<NaiveDate, Group> {
        steps.iter().map(|(day, (group, _))| (*day, group.clone())).collect()
    };
    let rests: Vec<_> = wider(query).iter().map(|wider| people(&add_up(&|source| wider.adds(source)))).collect();
    let split = Split::beside(people(&steps), &rests);
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

/// The details of cells, joined by what they are called.
fn joined<'a, K: Ord + 'a>(
    cells: &Cells<'a>,
    detail: impl Fn(&'a Detail) -> &'a BTreeMap<K, Group>,
) -> BTreeMap<&'a K, Group> {
    let mut groups = BTreeMap::<&K, Group>::new();
    for (key, group) in cells.iter().flat_map(|cell| detail(&cell.totals.detail)) {
        groups.entry(key).or_default().join(group);
    }
    groups
}

/// A split of the details of cells that gives nothing away beside the wider answers.
fn split<'a, K: Ord + 'a>(
    cells: &Cells<'a>,
    rests: &Rests<'a>,
    detail: impl Fn(&'a Detail) -> &'a BTreeMap<K, Group>,
) -> Split<&'a K> {
    let rests: Vec<_> = rests.iter().map(|rest| joined(rest, &detail)).collect();
    Split::beside(joined(cells, &detail), &rests)
}

fn by_label(cells: &Cells<'_>, rests: &Rests<'_>) -> Vec<InsightGroup> {
    let there: Vec<String> = joined(cells, |detail| &detail.labels).into_keys().cloned().collect();
    let (split, messages) = (split(cells, rests, |detail| &detail.labels), count(cells));
    let labels = [SentimentLabel::Positive, SentimentLabel::Neutral, SentimentLabel::Negative];
    let shown = labels.iter().filter(|_| messages > 0).filter_map(|label| {
        let size = split.size(&&label.as_str().to_owned(), there.iter().any(|there| there == label.as_str()))?;
        Some(group(Some(label.as_str()), size, messages))
    });
    shown.chain(merged(split.merged, messages)).collect()
}

fn by_emotion(cells: &Cells<'_>, rests: &Rests<'_>) -> Vec<InsightGroup> {
    let (split, messages) = (split(cells, rests, |detail| &detail.emotions), count(cells));
    let name = |emotion: &str| if emotion.is_empty() { "none".to_owned() } else { emotion.to_owned() };
    let mut shown: Vec<_> =
        split.shown.iter().map(|(emotion, size)| group(Some(&name(emotion)), *size, messages)).collect();
    shown.sort_by_key(|group| std::cmp::Reverse(group.messages));
    shown.extend(merged(split.merged, messages));
    shown
}

fn by_method(cells: &Cells<'_>, rests: &Rests<'_>) -> Vec<InsightGroup> {
    let split = split_sources(cells, rests, |cell| cell.source.method.as_str());
    let shown: Vec<&str> = split.shown.keys().copied().collect();
    sources(cells, |cell| shown.iter().copied().find(|name| *name == cell.source.method))
}

/// A split of cells by a name of their source that gives nothing away beside the wider answers.
fn split_sources<'a>(cells: &Cells<'a>, rests: &Rests<'a>, name: fn(&'a Cell) -> &'a str) -> Split<&'a str> {
    let rests: Vec<_> = rests.iter().map(|rest| groups(rest, name)).collect();
    Split::beside(groups(cells, name), &rests)
}

/// Each model's leaf, by provider and model.
fn leaves<'a>(cells: &Cells<'a>, rests: &Rests<'a>) -> BTreeMap<(&'a str, &'a str), Leaf<'a>> {
    let providers = split_sources(cells, rests, |cell| cell.source.provider.as_str()).shown;
    let mut leaves = BTreeMap::new();
    for cell in cells {
        let (provider, model) = (cell.source.provider.as_str(), cell.source.model.as_str());
        leaves.insert((provider, model), (providers.contains_key(provider).then_some(provider), None));
    }
    for provider in providers.into_keys() {
        let within = |cells: &Cells<'a>| -> Vec<&'a Cell> {
            cells.iter().copied().filter(|cell| cell.source.provider == provider).collect()
        };
        let beside: Vec<_> = rests.iter().map(|rest| within(rest)).collect();
        for model in split_sources(&within(cells), &beside, |cell| cell.source.model.as_str()).shown.into_keys() {
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

fn by_model(cells: &Cells<'_>, leaves: &BTreeMap<(&str, &str), Leaf<'_>>, rests: &Rests<'_>) -> Vec<InsightGroup> {
    let mut named = BTreeMap::<Leaf<'_>, Vec<&Cell>>::new();
    let (mut dropped, mut held) = (BTreeMap::<Leaf<'_>, Group>::new(), BTreeMap::<Leaf<'_>, Group>::new());
    for cell in cells {
        let leaf = leaf_of(leaves, cell);
        named.entry(leaf).or_default().push(cell);
        dropped.entry(leaf).or_default().join(&cell.totals.detail.dropped);
        held.entry(leaf).or_default().join(&cell.totals.detail.held);
    }
    let size = |groups: &BTreeMap<Leaf<'_>, Group>, leaf: &Leaf<'_>| groups.get(leaf).map_or(0, |group| group.0);
    let is_told = drops(cells, rests).dropped.is_some();
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

fn turns(cells: &Cells<'_>, rests: &Rests<'_>) -> ConversationTurns {
    let groups = joined(cells, |detail| &detail.conversations);
    let Some(measured) = told_whole(groups.values()) else { return ConversationTurns::default() };
    let split = split(cells, rests, |detail| &detail.conversations);
    let size = |outcome| split.size(&&outcome, groups.contains_key(&outcome));
    ConversationTurns { measured, improved: size(Outcome::Improved), worsened: size(Outcome::Worsened) }
}

fn drops(cells: &Cells<'_>, rests: &Rests<'_>) -> AnswerDrops {
    let by_drop = |cells: &Cells<'_>| {
        let (mut dropped, mut held) = (Group::default(), Group::default());
        for cell in cells {
            dropped.join(&cell.totals.detail.dropped);
            held.join(&cell.totals.detail.held);
        }
        BTreeMap::from([(true, dropped), (false, held)])
    };
    let groups = by_drop(cells);
    let Some(measured) = told_whole(groups.values()) else { return AnswerDrops::default() };
    let is_there = groups.get(&true).is_some_and(|dropped| dropped.0 > 0);
    let rests: Vec<_> = rests.iter().map(|rest| by_drop(rest)).collect();
    AnswerDrops { measured, dropped: Split::beside(groups, &rests).size(&true, is_there) }
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
