//! What the model picker holds: the list once it has been fetched, the favourites, what is being looked for. Asking the
//! server is `actions`' part.

use super::models::{Group, ModelList, step};
use leptos::prelude::*;
use types::{ApiError, FAVOURITES_MAX, ModelRef, Preferences, ProviderView};

/// The picker of the page.
#[derive(Clone, Copy)]
pub(crate) struct Picker {
    pub(crate) list: RwSignal<ModelList>,
    pub(crate) query: RwSignal<String>,
    /// The number of the model that Enter takes.
    pub(crate) active: RwSignal<Option<usize>>,
    /// What the person prefers, as far as this page knows.
    pub(crate) preferences: RwSignal<Preferences>,
    /// Why there is no list.
    pub(crate) problem: RwSignal<Option<ApiError>>,
    /// The row of the failed answer whose question the next choice is asked.
    pub(crate) ask_again: RwSignal<Option<i64>>,
    /// Whether preferences are on their way to the server; what changes meanwhile follows them.
    pub(crate) saving: StoredValue<bool>,
    /// Names that came with the page, before there is a list.
    names: StoredValue<Vec<(ModelRef, String)>>,
}

impl Picker {
    pub(crate) fn new() -> Self {
        Self {
            list: RwSignal::default(),
            query: RwSignal::default(),
            active: RwSignal::new(None),
            preferences: RwSignal::default(),
            problem: RwSignal::new(None),
            ask_again: RwSignal::new(None),
            saving: StoredValue::new(false),
            names: StoredValue::default(),
        }
    }

    /// The names that the page knows from its beginning.
    pub(crate) fn knows(self, names: Vec<(ModelRef, String)>) {
        self.names.set_value(names);
    }

    /// A model's name for people; its id, where the name is not known. Tracks the list.
    pub(crate) fn name(self, wanted: &ModelRef) -> String {
        let listed =
            self.list.with(|list| list.number(wanted).and_then(|number| list.model(number)).map(|model| model.name.clone()));
        let known = || {
            self.names.with_value(|names| names.iter().find(|(model, _)| model == wanted).map(|(_, name)| name.clone()))
        };
        listed.or_else(known).unwrap_or_else(|| wanted.model.clone())
    }

    /// The list has come. The active model stays the same one.
    pub(crate) fn fill(self, views: Vec<ProviderView>, chosen: Option<&ModelRef>) {
        let active = self.active.get_untracked().and_then(|number| self.list.with_untracked(|list| list.reference(number)));
        self.problem.set(None);
        self.list.set(ModelList::new(views));
        let active = active.as_ref().or(chosen);
        self.active.set(active.and_then(|model| self.list.with_untracked(|list| list.number(model))));
        if self.active.get_untracked().is_none() {
            self.activate_first(chosen);
        }
    }

    /// What is shown, group by group. Tracks all it depends on.
    pub(crate) fn groups(self, chosen: Option<&ModelRef>) -> Vec<Group> {
        self.list.with(|list| {
            let chosen = chosen.and_then(|chosen| list.number(chosen));
            self.query.with(|query| self.preferences.with(|preferences| list.groups(query, &preferences.favourites, chosen)))
        })
    }

    fn shown(self, chosen: Option<&ModelRef>) -> Vec<usize> {
        untrack(|| self.groups(chosen)).into_iter().flat_map(|group| group.shown).collect()
    }

    /// Makes another one active by a key; `false` where the key is none of those.
    pub(crate) fn step(self, key: &str, chosen: Option<&ModelRef>) -> bool {
        let there = step(&self.shown(chosen), self.active.get_untracked(), key);
        if there.is_some() {
            self.active.set(there);
        }
        there.is_some()
    }

    /// Looks for words. The first model that can be asked becomes the active one.
    pub(crate) fn look_for(self, words: String, chosen: Option<&ModelRef>) {
        self.query.set(words);
        self.activate_first(chosen);
    }

    /// Makes the first model active that can be asked, else the first there is.
    pub(crate) fn activate_first(self, chosen: Option<&ModelRef>) {
        let shown = self.shown(chosen);
        let can_answer = |number: &usize| self.list.with_untracked(|list| list.problem(*number).is_none());
        self.active.set(shown.iter().copied().find(can_answer).or(shown.first().copied()));
    }

    /// Makes the first model active that another provider than this one offers now.
    pub(crate) fn activate_other(self, provider: &str, chosen: Option<&ModelRef>) {
        let shown = self.shown(chosen);
        let other = self.list.with_untracked(|list| {
            shown.iter().copied().find(|number| {
                list.problem(*number).is_none() && list.reference(*number).is_some_and(|model| model.provider != provider)
            })
        });
        if other.is_some() {
            self.active.set(other);
        }
    }

    /// Whether a model is marked. Tracks the favourites.
    pub(crate) fn is_favourite(self, number: usize) -> bool {
        let model = self.list.with(|list| list.reference(number));
        model.is_some_and(|model| self.preferences.with(|preferences| preferences.favourites.contains(&model)))
    }

    /// Marks a model or takes the mark away. `false` where there is no room for another one.
    pub(crate) fn toggle_favourite(self, number: usize) -> bool {
        let Some(model) = self.list.with_untracked(|list| list.reference(number)) else { return true };
        let mut has_room = true;
        self.preferences.update(|Preferences { favourites, .. }| {
            if favourites.contains(&model) {
                favourites.retain(|favourite| *favourite != model);
            } else if favourites.len() < FAVOURITES_MAX {
                favourites.push(model);
            } else {
                has_room = false;
            }
        });
        has_room
    }

    /// The model of a number, where it can be asked now.
    pub(crate) fn choice(self, number: usize) -> Option<ModelRef> {
        self.list.with_untracked(|list| if list.problem(number).is_some() { None } else { list.reference(number) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::Model;

    fn reference(provider: &str, model: &str) -> ModelRef {
        ModelRef { provider: provider.into(), model: model.into() }
    }

    fn view(id: &str, models: &[&str], problem: Option<&str>) -> ProviderView {
        let model = |id: &&str| Model {
            id: (*id).into(),
            name: id.to_uppercase(),
            description: String::new(),
            context_window: None,
            capabilities: Vec::new(),
            price: None,
        };
        let models = models.iter().map(model).collect();
        ProviderView { id: id.into(), name: id.to_uppercase(), models, problem: problem.map(str::to_owned) }
    }

    fn picker() -> (Owner, Picker) {
        let owner = Owner::new();
        owner.set();
        let picker = Picker::new();
        picker.fill(vec![view("a", &["one", "two"], Some("Down.")), view("b", &["three", "four"], None)], None);
        (owner, picker)
    }

    fn active(picker: Picker) -> Option<ModelRef> {
        picker.active.get_untracked().and_then(|number| picker.list.with_untracked(|list| list.reference(number)))
    }

    #[test]
    fn what_cannot_be_asked_is_shown_and_not_taken() {
        let (_owner, picker) = picker();
        assert_eq!(active(picker), Some(reference("b", "three")));
        assert!(picker.step("Home", None));
        assert_eq!(active(picker), Some(reference("a", "one")));
        assert_eq!(picker.choice(picker.active.get_untracked().unwrap()), None);
        assert!(!picker.step("x", None));
    }

    #[test]
    fn the_active_model_stays_when_the_list_is_fetched_again() {
        let (_owner, picker) = picker();
        picker.step("End", None);
        picker.fill(vec![view("b", &["five", "four"], None)], None);
        assert_eq!(active(picker), Some(reference("b", "four")));
        picker.fill(vec![view("b", &["five"], None)], Some(&reference("b", "gone")));
        assert_eq!(active(picker), Some(reference("b", "five")));
    }

    #[test]
    fn a_search_makes_its_first_find_active_and_a_failure_another_providers() {
        let (_owner, picker) = picker();
        picker.look_for("fou".into(), None);
        assert_eq!(active(picker), Some(reference("b", "four")));
        picker.look_for("nothing".into(), None);
        assert_eq!(active(picker), None);
        picker.fill(vec![view("a", &["one"], None), view("b", &["three"], None)], None);
        picker.look_for(String::new(), None);
        assert_eq!(active(picker), Some(reference("a", "one")));
        picker.activate_other("a", None);
        assert_eq!(active(picker), Some(reference("b", "three")));
    }

    #[test]
    fn marks_come_and_go_and_have_an_end() {
        let (_owner, picker) = picker();
        assert!(picker.toggle_favourite(1));
        assert!(picker.is_favourite(1));
        assert!(picker.toggle_favourite(1));
        assert!(!picker.is_favourite(1));
        let full = (0..FAVOURITES_MAX).map(|number| reference("z", &number.to_string())).collect();
        picker.preferences.update(|preferences| preferences.favourites = full);
        assert!(!picker.toggle_favourite(0));
    }

    #[test]
    fn a_name_is_known_from_the_page_or_the_list() {
        let (_owner, picker) = picker();
        picker.knows(vec![(reference("c", "old"), "Old".into())]);
        assert_eq!(picker.name(&reference("b", "three")), "THREE");
        assert_eq!(picker.name(&reference("c", "old")), "Old");
        assert_eq!(picker.name(&reference("c", "new")), "new");
    }
}
