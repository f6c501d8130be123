//! The labels: how a text leans, and which emotion it shows. It knows the names and their groups, not how they are found.

/// Which way a text leans. On the wire `Positive`, `Neutral`, `Negative`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Label {
    /// A score of 0.1 or more.
    Positive,
    /// A score between −0.1 and 0.1.
    Neutral,
    /// A score of −0.1 or less.
    Negative,
}

impl Label {
    /// The label of a score between −1 and 1: the cut is at ±0.1, and what is not a number is neutral.
    pub fn of(score: f32) -> Self {
        if score >= 0.1 {
            Self::Positive
        } else if score <= -0.1 {
            Self::Negative
        } else {
            Self::Neutral
        }
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Positive => "Positive",
            Self::Neutral => "Neutral",
            Self::Negative => "Negative",
        }
    }
}

/// The four groups of the `GoEmotions` taxonomy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// Twelve emotions, admiration to relief.
    Positive,
    /// Eleven emotions, anger to sadness.
    Negative,
    /// Confusion, curiosity, realization, surprise.
    Ambiguous,
    /// None of them.
    Neutral,
}

impl Group {
    /// All groups, in the order of the weights.
    pub const ALL: [Self; 4] = [Self::Positive, Self::Negative, Self::Ambiguous, Self::Neutral];
}

/// Ekman's six basic emotions, and none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Basic {
    /// Anger, annoyance, disapproval.
    Anger,
    /// Disgust.
    Disgust,
    /// Fear, nervousness.
    Fear,
    /// All that is positive.
    Joy,
    /// Sadness, disappointment, embarrassment, grief, remorse.
    Sadness,
    /// All that is ambiguous.
    Surprise,
    /// None.
    Neutral,
}

impl Basic {
    /// All seven.
    pub const ALL: [Self; 7] =
        [Self::Anger, Self::Disgust, Self::Fear, Self::Joy, Self::Sadness, Self::Surprise, Self::Neutral];
}

macro_rules! emotions {
    ($($name:ident $text:literal $group:ident $basic:ident,)*) => {
        /// An emotion by the taxonomy of `GoEmotions` (Demszky et al., 2020), in the order of its label numbers. On the
        /// wire it is its English name in lower case.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
        pub enum Emotion {
            $(#[doc = $text] $name,)*
        }

        impl Emotion {
            /// All emotions, in the order of their numbers.
            pub const ALL: [Self; 28] = [$(Self::$name,)*];

            /// The name on the wire.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The emotion of a name on the wire.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($text => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// The group it belongs to.
            pub fn group(self) -> Group {
                match self {
                    $(Self::$name => Group::$group,)*
                }
            }

            /// The basic emotion that it is a kind of.
            pub fn basic(self) -> Basic {
                match self {
                    $(Self::$name => Basic::$basic,)*
                }
            }
        }
    };
}

emotions! {
    Admiration "admiration" Positive Joy,
    Amusement "amusement" Positive Joy,
    Anger "anger" Negative Anger,
    Annoyance "annoyance" Negative Anger,
    Approval "approval" Positive Joy,
    Caring "caring" Positive Joy,
    Confusion "confusion" Ambiguous Surprise,
    Curiosity "curiosity" Ambiguous Surprise,
    Desire "desire" Positive Joy,
    Disappointment "disappointment" Negative Sadness,
    Disapproval "disapproval" Negative Anger,
    Disgust "disgust" Negative Disgust,
    Embarrassment "embarrassment" Negative Sadness,
    Excitement "excitement" Positive Joy,
    Fear "fear" Negative Fear,
    Gratitude "gratitude" Positive Joy,
    Grief "grief" Negative Sadness,
    Joy "joy" Positive Joy,
    Love "love" Positive Joy,
    Nervousness "nervousness" Negative Fear,
    Optimism "optimism" Positive Joy,
    Pride "pride" Positive Joy,
    Realization "realization" Ambiguous Surprise,
    Relief "relief" Positive Joy,
    Remorse "remorse" Negative Sadness,
    Sadness "sadness" Negative Sadness,
    Surprise "surprise" Ambiguous Surprise,
    Neutral "neutral" Neutral Neutral,
}
