//! The settings of how models write, as a form holds them: texts in fields, each within its bounds or with a remark. In
//! hundredths and not in fractions, so that what is shown is what is meant.

use types::GenerationSettings;

/// One setting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    /// Its name on the wire.
    pub(crate) field: &'static str,
    /// Its name for people.
    pub(crate) label: &'static str,
    pub(crate) hint: &'static str,
    /// Bounds, in units.
    pub(crate) low: i32,
    pub(crate) high: i32,
    /// Units in one: 100 where there are hundredths.
    pub(crate) scale: i32,
    /// How far the slider moves at once, in units.
    pub(crate) step: i32,
    /// Where the slider stands while nothing is set, in units.
    pub(crate) rest: i32,
}

/// All of them, in the order of [`GenerationSettings`].
pub(crate) const SETTINGS: [Setting; 5] = [
    Setting {
        field: "temperature",
        label: "Temperature",
        hint: "Low keeps to the likeliest words, high brings surprises.",
        low: 0,
        high: 200,
        scale: 100,
        step: 5,
        rest: 100,
    },
    Setting {
        field: "max_tokens",
        label: "Max tokens",
        hint: "The longest answer. A hundred tokens are about 75 words.",
        low: 1,
        high: 32_000,
        scale: 1,
        step: 1,
        rest: 4_000,
    },
    Setting {
        field: "top_p",
        label: "Top P",
        hint: "The share of likely words it chooses from. Change this or the temperature, not both.",
        low: 0,
        high: 100,
        scale: 100,
        step: 1,
        rest: 100,
    },
    Setting {
        field: "frequency_penalty",
        label: "Frequency penalty",
        hint: "Above zero it repeats words less often.",
        low: -200,
        high: 200,
        scale: 100,
        step: 10,
        rest: 0,
    },
    Setting {
        field: "presence_penalty",
        label: "Presence penalty",
        hint: "Above zero it turns to new subjects sooner.",
        low: -200,
        high: 200,
        scale: 100,
        step: 10,
        rest: 0,
    },
];

impl Setting {
    /// Reads a field: nothing for an empty one, else a number within the bounds, in units. The error says what is
    /// allowed.
    pub(crate) fn read(&self, text: &str) -> Result<Option<i32>, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        match units(text, self.scale).filter(|units| (self.low..=self.high).contains(units)) {
            Some(units) => Ok(Some(units)),
            None => Err(format!("A number from {} to {}.", self.write(self.low), self.write(self.high))),
        }
    }

    /// Writes a number of units.
    pub(crate) fn write(&self, units: i32) -> String {
        if self.scale == 1 {
            return units.to_string();
        }
        let sign = if units < 0 { "-" } else { "" };
        let (whole, rest) = (units.abs() / self.scale, units.abs() % self.scale);
        let text = format!("{sign}{whole}.{rest:02}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// A decimal number in units; none for anything else, and for finer ones than a unit.
fn units(text: &str, scale: i32) -> Option<i32> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, rest) = digits.split_once(['.', ',']).unwrap_or((digits, ""));
    let rest = rest.trim_end_matches('0');
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain(whole) || !is_plain(rest) || (whole.is_empty() && rest.is_empty()) || whole.len() > 6 {
        return None;
    }
    let whole: i32 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let rest = match (rest.len(), scale) {
        (0, _) => 0,
        (1, 100) => rest.parse::<i32>().ok()? * 10,
        (2, 100) => rest.parse().ok()?,
        _ => return None,
    };
    Some(sign * (whole * scale + rest))
}

/// The texts of the fields.
pub(crate) type Texts = [String; SETTINGS.len()];

/// What the form shows for these settings.
pub(crate) fn texts(settings: &GenerationSettings) -> Texts {
    let hundredths = |value: Option<f32>| {
        #[expect(clippy::cast_possible_truncation, reason = "it is bounded by 2, and a cast saturates")]
        let units = value.map(|value| (value * 100.0).round() as i32);
        units
    };
    let units = [
        hundredths(settings.temperature),
        settings.max_tokens.and_then(|tokens| i32::try_from(tokens).ok()),
        hundredths(settings.top_p),
        hundredths(settings.frequency_penalty),
        hundredths(settings.presence_penalty),
    ];
    let mut index = 0;
    units.map(|units| {
        let text = units.map(|units| SETTINGS[index].write(units)).unwrap_or_default();
        index += 1;
        text
    })
}

/// The settings that the form means, or none while a field is out of its bounds.
pub(crate) fn settings(texts: &Texts) -> Option<GenerationSettings> {
    let mut units = [None; SETTINGS.len()];
    for (index, setting) in SETTINGS.iter().enumerate() {
        units[index] = setting.read(&texts[index]).ok()?;
    }
    let fraction = |units: Option<i32>| {
        #[expect(clippy::cast_precision_loss, reason = "it is bounded by 200")]
        let value = units.map(|units| units as f32 / 100.0);
        value
    };
    let [temperature, max_tokens, top_p, frequency_penalty, presence_penalty] = units;
    Some(GenerationSettings {
        temperature: fraction(temperature),
        max_tokens: max_tokens.and_then(|tokens| u32::try_from(tokens).ok()),
        top_p: fraction(top_p),
        frequency_penalty: fraction(frequency_penalty),
        presence_penalty: fraction(presence_penalty),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(temperature: &str, max_tokens: &str, frequency_penalty: &str) -> Texts {
        [temperature, max_tokens, "", frequency_penalty, ""].map(str::to_owned)
    }

    #[test]
    fn a_form_brings_back_what_it_was_filled_with() {
        for settings_before in [
            GenerationSettings::default(),
            GenerationSettings {
                temperature: Some(0.7),
                max_tokens: Some(32_000),
                top_p: Some(0.95),
                frequency_penalty: Some(-2.0),
                presence_penalty: Some(0.0),
            },
        ] {
            assert_eq!(settings(&texts(&settings_before)), Some(settings_before));
        }
        assert_eq!(texts(&GenerationSettings::default()), form("", "", ""));
    }

    #[test]
    fn fields_keep_to_their_bounds() {
        let temperature = |text: &str| SETTINGS[0].read(text);
        assert_eq!(temperature(" 0.7 "), Ok(Some(70)));
        assert_eq!(temperature("0,75"), Ok(Some(75)));
        assert_eq!(temperature(".5"), Ok(Some(50)));
        assert_eq!(temperature("2.00"), Ok(Some(200)));
        assert_eq!(temperature(""), Ok(None));
        for wrong in ["2.01", "-0.1", "warm", "1e0", "-", ".", "0.123", "99999999999"] {
            assert_eq!(temperature(wrong), Err("A number from 0 to 2.".to_owned()), "{wrong}");
        }
        let most = |text: &str| SETTINGS[1].read(text);
        assert_eq!((most("1"), most("32000")), (Ok(Some(1)), Ok(Some(32_000))));
        assert!(most("0").is_err() && most("32001").is_err() && most("1.5").is_err());
        assert_eq!(SETTINGS[3].read("-1.5"), Ok(Some(-150)));
        assert_eq!(SETTINGS[3].read("-3"), Err("A number from -2 to 2.".to_owned()));
        assert_eq!(settings(&form("3", "", "")), None);
    }

    #[test]
    fn numbers_are_written_without_noise() {
        let written = |units| SETTINGS[0].write(units);
        assert_eq!([0, 5, 50, 70, 100, 155].map(written), ["0", "0.05", "0.5", "0.7", "1", "1.55"]);
        assert_eq!(SETTINGS[3].write(-50), "-0.5");
        assert_eq!(SETTINGS[1].write(32_000), "32000");
    }
}
