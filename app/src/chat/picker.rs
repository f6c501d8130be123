//! What the model picker holds: the list once it has been fetched, the favourites, what is being looked for. Drawing it
//! and asking the server are others' parts.

use super::models::{Group, ModelList, step};
use types::{ApiError, FAVOURITES_MAX, ModelRef, Preferences, PreferencesChange, ProviderView};

/// The picker of the page.
#[derive(Debug, Default)]
pub(crate) struct Picker {
    pub(crate) list: ModelList,
    pub(crate) query: String,
    /// The number of the model that Enter takes.
    pub(crate) active: Option<usize>,
    /// What the person prefers, as far as this page knows.
    pub(crate) preferences: Preferences,
    /// What was chosen and marked here and is yet to be told to the server.
    pub(crate) unsaved: PreferencesChange,
    /// How many times something was chosen or marked here.
    pub(crate) changes: u32,
    /// Why there is no list, or none that is new.
    pub(crate) problem: Option<ApiError>,
    /// The row of the failed answer whose question the next choice is asked.
    pub(crate) ask_again: Option<i64>,
    /// Whether preferences are on their way to the server; what changes meanwhile follows them.
    pub(crate) saving: bool,
    /// Names that came with the page, before there is a list.
    pub(crate) names: Vec<(ModelRef, String)>,
}

impl Picker {
    /// A model's name for people; its id, where the name is not known.
    pub(crate) fn name(&self, wanted: &ModelRef) -> String {
        let listed = || self.list.model(self.list.number(wanted)?).map(|model| &model.name);
        let known = || self.names.iter().find(|(model, _)| model == wanted).map(|(_, name)| name);
        listed().or_else(known).unwrap_or(&wanted.model).clone()
    }

    /// The list has come. The active model stays the same one.
    pub(crate) fn fill(&mut self, views: Vec<ProviderView>, chosen: Option<&ModelRef>) {
        let active = self.active.and_then(|number| self.list.reference(number));
        self.problem = None;
        self.list = ModelList::new(views);
        self.active = active.as_ref().or(chosen).and_then(|model| self.list.number(model));
        if self.active.is_none() {
            self.activate_first(chosen);
        }
    }

    /// It has been closed: the next time it begins anew.
    pub(crate) fn rest(&mut self, chosen: Option<&ModelRef>) {
        self.ask_again = None;
        self.query.clear();
        self.active = chosen.and_then(|chosen| self.list.number(chosen));
    }

    /// What is shown, group by group.
    pub(crate) fn groups(&self, chosen: Option<&ModelRef>) -> Vec<Group> {
        let chosen = chosen.and_then(|chosen| self.list.number(chosen));
        self.list.groups(&self.query, &self.preferences.favourites, chosen)
    }

    fn shown(&self, chosen: Option<&ModelRef>) -> Vec<usize> {
        self.groups(chosen).into_iter().flat_map(|group| group.shown).collect()
    }

    /// Makes another one active by a key; `false` where the key is none of those.
    pub(crate) fn step(&mut self, key: &str, chosen: Option<&ModelRef>) -> bool {
        let there = step(&self.shown(chosen), self.active, key);
        self.active = there.or(self.active);
        there.is_some()
    }

    /// Looks for words. The first model that can be asked becomes the active one.
    pub(crate) fn look_for(&mut self, words: String, chosen: Option<&ModelRef>) {
        self.query = words;
        self.activate_first(chosen);
    }

    fn activate_first(&mut self, chosen: Option<&ModelRef>) {
        let shown = self.shown(chosen);
        let can_answer = |number: &&usize| self.list.problem(**number).is_none();
        self.active = shown.iter().find(can_answer).or(shown.first()).copied();
    }

    /// Makes the first model active that another provider than this one offers now.
    pub(crate) fn activate_other(&mut self, provider: &str, chosen: Option<&ModelRef>) {
        let is_other = |number: &usize| {
            self.list.problem(*number).is_none()
                && self.list.reference(*number).is_some_and(|model| model.provider != provider)
        };
        self.active = self.shown(chosen).into_iter().find(is_other).or(self.active);
    }

    /// Whether a model is marked.
    pub(crate) fn is_favourite(&self, number: usize) -> bool {
        self.list.reference(number).is_some_and(|model| self.preferences.favourites.contains(&model))
    }

    /// Marks a model or takes the mark away. `false` where there is no room for another one.
    pub(crate) fn toggle_favourite(&mut self, number: usize) -> bool {
        let favourites = &mut self.preferences.favourites;
        let Some(model) = self.list.reference(number) else { return true };
        let PreferencesChange { mark, unmark, .. } = &mut self.unsaved;
        let (from, to) = if favourites.contains(&model) {
            favourites.retain(|favourite| *favourite != model);
            (mark, unmark)
        } else if favourites.len() < FAVOURITES_MAX {
            favourites.push(model.clone());
            (unmark, mark)
        } else {
            return false;
        };
        from.retain(|other| *other != model);
        to.push(model);
        self.changes += 1;
        true
    }

    /// Makes a model the one that answers in new conversations.
    pub(crate) fn prefer(&mut self, model: ModelRef) {
        self.preferences.model = Some(model.clone());
        self.unsaved.model = Some(Some(model));
        self.changes += 1;
    }

    /// The model of a number, where it can be asked now.
    pub(crate) fn choice(&self, number: usize) -> Option<ModelRef> {
        if self.list.problem(number).is_some() { None } else { self.list.reference(number) }
    }

    /// What a screen reader is told of the list, and everybody where there is none.
    pub(crate) fn remark(&self, found: usize) -> String {
        match (&self.problem, found) {
            (Some(problem), _) => problem.message.clone(),
            (None, _) if self.list.is_empty() => "Reading the lists of models…".to_owned(),
            (None, 0) => format!("No model is called “{}”.", self.query),
            (None, 1) => "1 model".to_owned(),
            (None, found) => format!("{found} models"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{ErrorCode, Model};

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
        let is_blocked = problem == Some("Down.");
        ProviderView { id: id.into(), name: id.to_uppercase(), models, problem: problem.map(str::to_owned), is_blocked }
    }

    fn picker() -> Picker {
        let mut picker = Picker::default();
        picker.fill(vec![view("a", &["one", "two"], Some("Down.")), view("b", &["three", "four"], None)], None);
        picker
    }

    fn active(picker: &Picker) -> Option<ModelRef> {
        picker.active.and_then(|number| picker.list.reference(number))
    }

    #[test]
    fn what_cannot_be_asked_is_shown_and_not_taken() {
        let mut picker = picker();
        assert_eq!(active(&picker), Some(reference("b", "three")));
        assert!(picker.step("Home", None));
        assert_eq!(active(&picker), Some(reference("a", "one")));
        assert_eq!(picker.choice(picker.active.unwrap()), None);
        assert!(!picker.step("x", None));
        assert_eq!(active(&picker), Some(reference("a", "one")));
    }

    #[test]
    fn what_has_only_a_remark_is_taken() {
        let mut picker = Picker::default();
        picker.fill(vec![view("a", &["one"], Some("Its list is old."))], None);
        assert_eq!(picker.choice(picker.active.unwrap()), Some(reference("a", "one")));
        assert_eq!(picker.groups(None)[0].problem.as_deref(), Some("Its list is old."));
    }

    #[test]
    fn the_active_model_stays_when_the_list_is_fetched_again() {
        let mut picker = picker();
        picker.step("End", None);
        picker.fill(vec![view("b", &["five", "four"], None)], None);
        assert_eq!(active(&picker), Some(reference("b", "four")));
        picker.fill(vec![view("b", &["five"], None)], Some(&reference("b", "gone")));
        assert_eq!(active(&picker), Some(reference("b", "five")));
    }

    #[test]
    fn a_search_makes_its_first_find_active_and_a_failure_another_providers() {
        let mut picker = picker();
        picker.look_for("fou".into(), None);
        assert_eq!(active(&picker), Some(reference("b", "four")));
        picker.look_for("nothing".into(), None);
        assert_eq!(active(&picker), None);
        picker.fill(vec![view("a", &["one"], None), view("b", &["three"], None)], None);
        picker.look_for(String::new(), None);
        assert_eq!(active(&picker), Some(reference("a", "one")));
        picker.activate_other("a", None);
        assert_eq!(active(&picker), Some(reference("b", "three")));
    }

    #[test]
    fn marks_come_and_go_and_have_an_end() {
        let mut picker = picker();
        assert!(picker.toggle_favourite(1));
        assert!(picker.is_favourite(1));
        assert!(picker.toggle_favourite(1));
        assert!(!picker.is_favourite(1));
        picker.preferences.favourites = (0..FAVOURITES_MAX).map(|number| reference("z", &number.to_string())).collect();
        assert!(!picker.toggle_favourite(0));
    }

    #[test]
    fn only_what_is_chosen_here_is_told() {
        let mut picker = picker();
        picker.prefer(reference("b", "three"));
        for number in [1, 2, 2, 3] {
            assert!(picker.toggle_favourite(number));
        }
        assert_eq!(picker.changes, 5);
        let mut elsewhere = Preferences { favourites: vec![reference("b", "three")], ..Preferences::default() };
        std::mem::take(&mut picker.unsaved).apply(&mut elsewhere);
        assert_eq!(elsewhere.model, Some(reference("b", "three")));
        assert_eq!(elsewhere.favourites, [reference("a", "two"), reference("b", "four")]);
        assert_eq!(picker.unsaved, PreferencesChange::default());
    }

    #[test]
    fn closing_it_forgets_what_it_was_opened_for() {
        let mut picker = picker();
        picker.ask_again = Some(7);
        picker.look_for("fou".into(), None);
        picker.rest(Some(&reference("b", "three")));
        assert_eq!((picker.ask_again, picker.query.as_str()), (None, ""));
        assert_eq!(active(&picker), Some(reference("b", "three")));
    }

    #[test]
    fn a_name_is_known_from_the_page_or_the_list() {
        let mut picker = picker();
        picker.names = vec![(reference("c", "old"), "Old".into())];
        assert_eq!(picker.name(&reference("b", "three")), "THREE");
        assert_eq!(picker.name(&reference("c", "old")), "Old");
        assert_eq!(picker.name(&reference("c", "new")), "new");
    }

    #[test]
    fn what_is_said_of_the_list_is_what_there_is() {
        let mut picker = Picker::default();
        assert_eq!(picker.remark(0), "Reading the lists of models…");
        picker.fill(vec![view("a", &["one"], None)], None);
        assert_eq!(picker.remark(1), "1 model");
        picker.query = "x".into();
        assert_eq!(picker.remark(0), "No model is called “x”.");
        picker.problem = Some(ApiError::new(ErrorCode::Unknown, "Lia could not be reached."));
        assert_eq!(picker.remark(1), "Lia could not be reached.");
    }
}
