//! The models as the picker shows them: grouped by provider, found by words, favourites first. It knows nothing of how
//! they are fetched and drawn.

use super::figures::dollars;
use types::{Model, ModelRef, Price, ProviderView};

/// Rows that a group shows at most. Nobody reads through more; whoever wants another one types a part of its name.
pub(crate) const GROUP_MAX: usize = 20;

/// The models there are. A model's number is its place in the list, and the same until the next list.
#[derive(Clone, Debug, Default)]
pub(crate) struct ModelList {
    providers: Vec<Provider>,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Provider {
    id: String,
    name: String,
    problem: Option<String>,
    is_blocked: bool,
}

#[derive(Clone, Debug)]
struct Entry {
    provider: usize,
    model: Model,
    /// What a search looks in, in small letters.
    words: String,
}

/// Models that are shown under one heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) title: String,
    /// What is wrong with their provider.
    pub(crate) problem: Option<String>,
    /// Their numbers.
    pub(crate) shown: Vec<usize>,
    /// How many more there would be.
    pub(crate) more: usize,
}

impl ModelList {
    /// The list as the server gives it.
    pub(crate) fn new(views: Vec<ProviderView>) -> Self {
        let mut list = Self::default();
        for (provider, view) in views.into_iter().enumerate() {
            for model in view.models {
                let words =
                    [&model.name, &model.id, &view.name, &view.id].map(|word| word.to_ascii_lowercase()).join(" ");
                list.entries.push(Entry { provider, model, words });
            }
            list.providers.push(Provider {
                id: view.id,
                name: view.name,
                problem: view.problem,
                is_blocked: view.is_blocked,
            });
        }
        list
    }

    /// The number of a model, where it is in the list.
    pub(crate) fn number(&self, wanted: &ModelRef) -> Option<usize> {
        self.entries
            .iter()
            .position(|entry| entry.model.id == wanted.model && self.providers[entry.provider].id == wanted.provider)
    }

    /// The model of a number.
    pub(crate) fn model(&self, number: usize) -> Option<&Model> {
        self.entries.get(number).map(|entry| &entry.model)
    }

    /// Its name across providers.
    pub(crate) fn reference(&self, number: usize) -> Option<ModelRef> {
        let entry = self.entries.get(number)?;
        Some(ModelRef { provider: self.providers[entry.provider].id.clone(), model: entry.model.id.clone() })
    }

    /// Why the model of a number cannot be asked now.
    pub(crate) fn problem(&self, number: usize) -> Option<&str> {
        let provider = &self.providers[self.entries.get(number)?.provider];
        provider.problem.as_deref().filter(|_| provider.is_blocked)
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.providers.is_empty()
    }

    /// What is shown for these words: the favourites, then provider by provider what is no favourite. `chosen` is shown
    /// even where its group is cut.
    pub(crate) fn groups(&self, query: &str, favourites: &[ModelRef], chosen: Option<usize>) -> Vec<Group> {
        let query = query.to_ascii_lowercase();
        let words: Vec<&str> = query.split_whitespace().collect();
        let found = |number: &usize| words.iter().all(|word| self.entries[*number].words.contains(word));
        let marked: Vec<usize> = favourites.iter().filter_map(|favourite| self.number(favourite)).collect();
        let mut groups = vec![Group {
            title: "Favourites".to_owned(),
            problem: None,
            shown: marked.iter().copied().filter(found).collect(),
            more: 0,
        }];
        groups.extend(self.providers.iter().enumerate().map(|(index, provider)| {
            let mut shown: Vec<usize> = (0..self.entries.len())
                .filter(|number| self.entries[*number].provider == index && !marked.contains(number))
                .filter(found)
                .collect();
            let cut = shown.split_off(shown.len().min(GROUP_MAX));
            let kept = cut.iter().copied().find(|number| Some(*number) == chosen);
            shown.extend(kept);
            let more = cut.len() - usize::from(kept.is_some());
            Group { title: provider.name.clone(), problem: provider.problem.clone(), shown, more }
        }));
        // A provider without a model is worth a heading only where that is a problem, and no answer to a search.
        groups.retain(|group| !group.shown.is_empty() || (group.problem.is_some() && words.is_empty()));
        groups
    }
}

/// Where a key leads from the active model among those shown.
pub(crate) fn step(shown: &[usize], active: Option<usize>, key: &str) -> Option<usize> {
    const PAGE: usize = 8;
    let last = shown.len().checked_sub(1)?;
    let here = active.and_then(|active| shown.iter().position(|number| *number == active));
    let there = match (key, here) {
        ("ArrowDown", None) | ("Home", _) => 0,
        ("ArrowUp", None) | ("End", _) => last,
        ("ArrowDown", Some(here)) => (here + 1) % shown.len(),
        ("ArrowUp", Some(here)) => here.checked_sub(1).unwrap_or(last),
        ("PageDown", here) => (here.unwrap_or(0) + PAGE).min(last),
        ("PageUp", here) => here.unwrap_or(0).saturating_sub(PAGE),
        _ => return None,
    };
    shown.get(there).copied()
}

/// What a model can read and what it costs, in a few words.
pub(crate) fn facts(model: &Model) -> String {
    let window = model.context_window.map(|tokens| format!("{} tokens", short(tokens)));
    let price = model.price.map(|Price { input, output }| match (per_million(input), per_million(output)) {
        (Some(input), Some(output)) if input == output => format!("{input} per million"),
        (Some(input), Some(output)) => format!("{input} in, {output} out per million"),
        _ => "free".to_owned(),
    });
    [window, price].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// A price in dollars; none for nothing.
fn per_million(price: f64) -> Option<String> {
    #[expect(clippy::cast_possible_truncation, reason = "a price is far below what an i64 holds, and a cast saturates")]
    let text = dollars((price * 1_000_000.0).round() as i64)?;
    Some(text.strip_suffix(".00").map(str::to_owned).unwrap_or(text))
}

/// A number of tokens as makers say it: 128K, 1M.
fn short(tokens: u32) -> String {
    match tokens {
        0..1_000 => tokens.to_string(),
        1_000..1_000_000 => format!("{}K", tokens / 1_000),
        _ if tokens % 1_000_000 < 100_000 => format!("{}M", tokens / 1_000_000),
        _ => format!("{}.{}M", tokens / 1_000_000, tokens % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(id: &str, name: &str) -> Model {
        Model {
            id: id.into(),
            name: name.into(),
            description: String::new(),
            context_window: None,
            capabilities: Vec::new(),
            price: None,
        }
    }

    fn provider(id: &str, name: &str, models: Vec<Model>) -> ProviderView {
        ProviderView { id: id.into(), name: name.into(), models, problem: None, is_blocked: false }
    }

    fn reference(provider: &str, model: &str) -> ModelRef {
        ModelRef { provider: provider.into(), model: model.into() }
    }

    fn list() -> ModelList {
        let many = (0..400).map(|number| model(&format!("vendor/m{number}"), &format!("Model {number}"))).collect();
        let down = ProviderView { problem: Some("Down.".into()), ..provider("ollama", "Ollama", Vec::new()) };
        ModelList::new(vec![
            provider("openai", "OpenAI", vec![model("gpt-5", "GPT-5"), model("gpt-5-mini", "GPT-5 mini")]),
            provider("openrouter", "OpenRouter", many),
            down,
        ])
    }

    fn names(list: &ModelList, group: &Group) -> Vec<String> {
        group.shown.iter().map(|number| list.model(*number).unwrap().name.clone()).collect()
    }

    #[test]
    fn everything_is_grouped_and_long_groups_say_what_they_leave_out() {
        let list = list();
        let groups = list.groups("", &[], None);
        assert_eq!(
            groups.iter().map(|group| group.title.as_str()).collect::<Vec<_>>(),
            ["OpenAI", "OpenRouter", "Ollama"]
        );
        assert_eq!((groups[1].shown.len(), groups[1].more), (GROUP_MAX, 400 - GROUP_MAX));
        assert_eq!(groups[2].problem.as_deref(), Some("Down."));
        let chosen = list.number(&reference("openrouter", "vendor/m300"));
        let groups = list.groups("", &[], chosen);
        assert_eq!((groups[1].shown.len(), groups[1].more), (GROUP_MAX + 1, 400 - GROUP_MAX - 1));
        assert_eq!(groups[1].shown.last().copied(), chosen);
    }

    #[test]
    fn words_are_looked_for_in_names_ids_and_providers() {
        let list = list();
        let find = |query: &str| {
            let groups = list.groups(query, &[], None);
            groups.iter().flat_map(|group| names(&list, group)).collect::<Vec<_>>()
        };
        assert_eq!(find("gpt MINI"), ["GPT-5 mini"]);
        assert_eq!(find("openrouter m399"), ["Model 399"]);
        assert_eq!(find("vendor/m42"), ["Model 42"]);
        assert!(find("no such model").is_empty());
        assert!(list.groups("no such model", &[], None).is_empty());
    }

    #[test]
    fn favourites_come_first_and_once() {
        let list = list();
        let favourites =
            [reference("openrouter", "vendor/m7"), reference("openai", "gone"), reference("openai", "gpt-5")];
        let groups = list.groups("", &favourites, None);
        assert_eq!(names(&list, &groups[0]), ["Model 7", "GPT-5"]);
        assert_eq!(names(&list, &groups[1]), ["GPT-5 mini"]);
        assert!(!names(&list, &groups[2]).contains(&"Model 7".to_owned()));
        assert_eq!(list.groups("mini", &favourites, None)[0].title, "OpenAI");
    }

    #[test]
    fn keys_go_round() {
        let shown = [4, 7, 9];
        assert_eq!(step(&shown, Some(9), "ArrowDown"), Some(4));
        assert_eq!(step(&shown, Some(4), "ArrowUp"), Some(9));
        assert_eq!(step(&shown, None, "ArrowDown"), Some(4));
        assert_eq!(step(&shown, Some(1), "ArrowUp"), Some(9));
        assert_eq!(step(&shown, Some(4), "End"), Some(9));
        assert_eq!(step(&shown, Some(9), "Home"), Some(4));
        assert_eq!(step(&shown, Some(4), "PageDown"), Some(9));
        assert_eq!(step(&shown, Some(9), "PageUp"), Some(4));
        assert_eq!(step(&shown, Some(4), "x"), None);
        assert_eq!(step(&[], None, "ArrowDown"), None);
    }

    #[test]
    fn facts_are_short() {
        let facts_of = |context_window, price: Option<(f64, f64)>| {
            let price = price.map(|(input, output)| Price { input, output });
            facts(&Model { context_window, price, ..model("m", "M") })
        };
        assert_eq!(facts_of(Some(128_000), Some((0.15, 0.6))), "128K tokens · $0.15 in, $0.60 out per million");
        assert_eq!(facts_of(Some(1_048_576), Some((3.0, 15.0))), "1M tokens · $3 in, $15 out per million");
        assert_eq!(facts_of(Some(1_500_000), Some((0.0, 0.0))), "1.5M tokens · free");
        assert_eq!(facts_of(None, Some((0.075, 0.075))), "$0.075 per million");
        assert_eq!(facts_of(None, None), "");
    }
}
