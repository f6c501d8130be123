//! Draws the picker's list. Element by element and not as a view: hundreds of rows follow each key that is pressed, none of
//! them is ever in a page that the server sends, and a view of each of them would be a tenth of all the code.

use super::{
    draw::{append, by_id, drawn, made, mark, set, text},
    icon,
};
use crate::chat::{
    Picker,
    models::{Group, ModelList, facts},
};
use leptos::{prelude::document, web_sys::Element};
use types::{Model, ModelRef};

// The ids of the parts that are drawn: the list, what is said of it, the way to fetch it again, the search field, and
// below the list the active model and its mark.
const LIST: &str = "models";
const REMARK: &str = "models-remark";
const RETRY: &str = "models-retry";
pub(crate) const SEARCH: &str = "models-search";
const FOOT: &str = "models-foot";
const ABOUT: &str = "models-about";
const MARK: &str = "models-mark";

/// Draws everything anew. The list stays where it was scrolled to.
pub(crate) fn draw(picker: &Picker, chosen: Option<&ModelRef>) {
    let (Some(list), Some(remark)) = (by_id(LIST), by_id(REMARK)) else { return };
    let groups = picker.groups(chosen);
    let found: usize = groups.iter().map(|group| group.shown.len() + group.more).sum();
    remark.set_text_content(Some(&picker.remark(found)));
    // How many there are is of use only to those who do not see them.
    let is_silent = picker.problem.is_none() && found > 0;
    remark.set_class_name(if is_silent { "visually-hidden" } else { "picker-remark" });
    if let Some(retry) = by_id(RETRY) {
        mark(&retry, "hidden", picker.problem.is_none());
    }
    let top = list.scroll_top();
    list.set_text_content(None);
    mark(&list, "hidden", groups.is_empty());
    let chosen = chosen.and_then(|chosen| picker.list.number(chosen));
    for group in &groups {
        append(&list, draw_group(picker, group, chosen));
    }
    draw_active(picker);
    list.set_scroll_top(top);
}

/// Scrolls the list to the active model.
pub(crate) fn follow_active(picker: &Picker) {
    if let Some(row) = picker.active.and_then(|number| by_id(&option_id(number))) {
        crate::browser::scroll_to(&row);
    }
}

/// Shows which model is the active one.
pub(crate) fn draw_active(picker: &Picker) {
    if let Ok(Some(before)) = document().query_selector(".picker-option.active") {
        before.set_class_name("picker-option");
    }
    let (Some(search), Some(foot)) = (by_id(SEARCH), by_id(FOOT)) else { return };
    let active = picker.active.and_then(|number| Some((number, picker.list.model(number)?)));
    let row = active.and_then(|(number, _)| by_id(&option_id(number)));
    mark(&foot, "hidden", row.is_none());
    let (Some((number, model)), Some(row)) = (active, row) else {
        set(&search, "aria-activedescendant", "");
        return;
    };
    row.set_class_name("picker-option active");
    set(&search, "aria-activedescendant", &row.id());
    if let (Some(about), Some(button)) = (by_id(ABOUT), by_id(MARK)) {
        about.set_text_content(Some(picker.list.problem(number).unwrap_or(&model.description)));
        let does = if picker.is_favourite(number) { "Remove from favourites" } else { "Add to favourites" };
        button.set_text_content(Some(does));
        set(&button, "aria-label", &format!("{does}: {}", model.name));
    }
}

fn draw_group(picker: &Picker, group: &Group, chosen: Option<usize>) -> Option<Element> {
    let section = made("div", "picker-group")?;
    set(&section, "role", "group");
    let label = match &group.problem {
        Some(problem) => format!("{}: {problem}", group.title),
        None => group.title.clone(),
    };
    set(&section, "aria-label", &label);
    let head = text("p", "picker-head", &group.title)?;
    set(&head, "role", "presentation");
    if let Some(problem) = &group.problem {
        append(&head, text("span", "", problem));
    }
    append(&section, Some(head));
    for number in &group.shown {
        append(&section, draw_option(picker, &picker.list, *number, chosen == Some(*number)));
    }
    if group.more > 0
        && let Some(more) = text("p", "picker-more", &format!("{} more: type to find them", group.more))
    {
        set(&more, "role", "presentation");
        append(&section, Some(more));
    }
    Some(section)
}

fn draw_option(picker: &Picker, list: &ModelList, number: usize, is_chosen: bool) -> Option<Element> {
    let model = list.model(number)?;
    let is_favourite = picker.is_favourite(number);
    let row = made("div", "picker-option")?;
    row.set_id(&option_id(number));
    set(&row, "role", "option");
    set(&row, "aria-selected", if is_chosen { "true" } else { "false" });
    if list.problem(number).is_some() {
        set(&row, "aria-disabled", "true");
    }
    set(&row, "data-model", &number.to_string());
    set(&row, "title", &model.id);
    let name = text("span", "option-name", &model.name)?;
    if is_chosen {
        append(&name, drawn(icon::CHECK));
    }
    append(&row, Some(name));
    append(&row, draw_capabilities(model));
    append(&row, text("span", "option-facts", &facts(model)));
    if is_favourite {
        append(&row, text("span", "visually-hidden", ", favourite"));
    }
    let star = made("span", if is_favourite { "star marked" } else { "star" })?;
    set(&star, "aria-hidden", "true");
    set(&star, "data-does", "mark");
    append(&star, drawn(icon::STAR));
    append(&row, Some(star));
    Some(row)
}

fn draw_capabilities(model: &Model) -> Option<Element> {
    let all = made("span", "capabilities")?;
    for (word, path) in model.capabilities.iter().filter_map(|capability| capability_mark(capability)) {
        let one = made("span", "capability")?;
        set(&one, "title", word);
        append(&one, drawn(path));
        append(&one, text("span", "visually-hidden", &format!(" {word},")));
        append(&all, Some(one));
    }
    Some(all)
}

/// A capability's word and sign; none for one that this build does not know.
fn capability_mark(capability: &str) -> Option<(&'static str, &'static str)> {
    Some(match capability {
        "images" => ("Reads images", icon::IMAGE),
        "audio" => ("Hears audio", icon::AUDIO),
        "thinking" => ("Thinks first", icon::THINKING),
        "structured_output" => ("Answers in a given structure", icon::STRUCTURE),
        "tools" => ("Uses tools", icon::TOOLS),
        _ => return None,
    })
}

fn option_id(number: usize) -> String {
    format!("model-{number}")
}
