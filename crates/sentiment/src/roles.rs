//! The function words that turn, strengthen or weaken what stands near them. English only. It knows what each does, not how
//! far that reaches; see [`crate::rules`].

/// What a function word does to the clues near it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Role {
    /// Turns what follows.
    Negates,
    /// Multiplies what follows at once.
    Scales(f32),
    /// What follows counts more, what came before less.
    Contrasts,
    /// What stands in its clause counts less: "although", "despite".
    Concedes,
    /// What follows is not so: "would", "if", "wish".
    Supposes,
    /// Something that speaks of nobody's feelings.
    None,
}

/// The function words, in the order of the alphabet.
#[rustfmt::skip]
const ROLES: [(&str, Role); 141] = {
    use Role::{Concedes, Contrasts, Negates, Scales, Supposes};
    [
        ("absolute", Scales(1.3)), ("absolutely", Scales(1.3)), ("all", Scales(1.1)), ("almost", Scales(0.7)),
        ("also", Scales(1.1)), ("although", Concedes), ("always", Scales(1.1)), ("amazingly", Scales(1.3)),
        ("anything", Negates), ("awfully", Scales(1.3)), ("barely", Negates), ("beyond", Scales(1.3)),
        ("bit", Scales(0.7)), ("bloody", Scales(1.3)), ("but", Contrasts), ("cannot", Negates),
        ("complete", Scales(1.3)), ("completely", Scales(1.3)), ("could", Supposes), ("damn", Scales(1.3)),
        ("deeply", Scales(1.3)), ("despite", Concedes), ("devoid", Negates), ("downright", Scales(1.3)),
        ("entirely", Scales(1.3)), ("especially", Scales(1.3)), ("except", Contrasts), ("exceptionally", Scales(1.3)),
        ("expected", Supposes), ("expecting", Supposes), ("extremely", Scales(1.3)), ("failed", Negates),
        ("fails", Negates), ("fairly", Scales(0.7)), ("far", Negates), ("freaking", Scales(1.3)),
        ("frickin", Scales(1.3)), ("fuckin", Scales(1.3)), ("fucking", Scales(1.3)), ("genuinely", Scales(1.3)),
        ("hardly", Negates), ("hella", Scales(1.3)), ("highly", Scales(1.3)), ("hoped", Supposes),
        ("how", Scales(1.1)), ("however", Contrasts), ("hugely", Scales(1.3)), ("if", Supposes),
        ("immensely", Scales(1.3)), ("incredibly", Scales(1.3)), ("insanely", Scales(1.3)), ("just", Scales(1.1)),
        ("kinda", Scales(0.7)), ("lack", Negates), ("lacked", Negates), ("lacking", Negates), ("lacks", Negates),
        ("least", Scales(-0.5)), ("less", Scales(-0.5)), ("little", Scales(0.7)), ("maybe", Scales(0.7)),
        ("mega", Scales(1.3)), ("mildly", Scales(0.7)), ("moderately", Scales(0.7)), ("more", Scales(1.1)),
        ("most", Scales(1.1)), ("mostly", Scales(0.7)), ("much", Scales(1.1)), ("nearly", Scales(0.7)),
        ("neither", Negates), ("never", Negates), ("nevertheless", Contrasts), ("no", Negates), ("nobody", Negates),
        ("none", Negates), ("nonetheless", Contrasts), ("nor", Negates), ("not", Negates), ("nothing", Negates),
        ("notwithstanding", Concedes), ("nowhere", Negates), ("occasionally", Scales(0.7)),
        ("particularly", Scales(1.3)), ("partly", Scales(0.7)), ("perhaps", Scales(0.7)), ("possibly", Scales(0.7)),
        ("pretty", Scales(1.1)), ("probably", Scales(0.7)), ("pure", Scales(1.3)), ("quite", Scales(1.1)),
        ("rarely", Negates), ("rather", Scales(0.7)), ("real", Scales(1.3)), ("really", Scales(1.3)),
        ("relatively", Scales(0.7)), ("remarkably", Scales(1.3)), ("ridiculously", Scales(1.3)), ("sadly", Contrasts),
        ("scarcely", Negates), ("seldom", Negates), ("seriously", Scales(1.3)), ("should", Supposes),
        ("slightly", Scales(0.7)), ("so", Scales(1.3)), ("some", Scales(0.7)), ("sometimes", Scales(0.7)),
        ("somewhat", Scales(0.7)), ("soo", Scales(1.3)), ("sooo", Scales(1.3)), ("sorta", Scales(0.7)),
        ("stopped", Negates), ("such", Scales(1.3)), ("super", Scales(1.3)), ("supposed", Supposes),
        ("terribly", Scales(1.3)), ("thoroughly", Scales(1.3)), ("though", Concedes), ("total", Scales(1.3)),
        ("totally", Scales(1.3)), ("truly", Scales(1.3)), ("uber", Scales(1.3)), ("ultra", Scales(1.3)),
        ("unable", Negates), ("unbelievably", Scales(1.3)), ("unfortunately", Contrasts), ("unless", Supposes),
        ("until", Contrasts), ("utter", Scales(1.3)), ("utterly", Scales(1.3)), ("very", Scales(1.3)),
        ("veryy", Scales(1.3)), ("wanted", Supposes), ("what", Scales(1.1)), ("while", Concedes),
        ("whilst", Concedes), ("wildly", Scales(1.3)), ("wish", Supposes), ("without", Negates), ("would", Supposes),
        ("yet", Contrasts), ("zero", Negates),
    ]
};

/// What a word does, by the form of its token.
pub(crate) fn role(form: &str) -> Role {
    match ROLES.binary_search_by(|(word, _)| word.cmp(&form)) {
        Ok(found) => ROLES.get(found).map_or(Role::None, |(_, role)| *role),
        Err(_) if form.ends_with("n't") => Role::Negates,
        Err(_) => Role::None,
    }
}
