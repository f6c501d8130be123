//! `sentiment-eval [FILE…]`: measures the committed weights, beside VADER. A file is either of comments with their emotions
//! (`text TAB label numbers TAB id`, as `GoEmotions` comes) or of statements with their leaning (`kind TAB
//! Positive|Neutral|Negative TAB text`, as `tests/transfer.tsv`).

mod measure;

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use measure::{Answer, accuracy, calibration_error, chance_error, leaning_accuracy, macro_f1, polarity_accuracy};
use sentiment::{
    Basic, Emotion, Group, Label, Reading, analyse, embedded,
    training::data::{self, Example, Statement},
};
use vader_parity::SentimentIntensityAnalyzer;

const LABELS: [Label; 3] = [Label::Positive, Label::Neutral, Label::Negative];
/// How long the speed is measured for.
const SPEED_TIME: Duration = Duration::from_secs(3);

fn main() -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    for path in std::env::args_os().skip(1).map(PathBuf::from) {
        match data::load(&path) {
            Ok(examples) => emotions(&mut out, &path, &examples)?,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                statements(&mut out, &path, &data::load_statements(&path)?)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// VADER's score and label: its authors cut at ±0.05.
fn vader(analyzer: &SentimentIntensityAnalyzer, text: &str) -> (f64, Label) {
    let score = analyzer.polarity_scores(text).compound;
    let label = match score {
        score if score >= 0.05 => Label::Positive,
        score if score <= -0.05 => Label::Negative,
        _ => Label::Neutral,
    };
    (score, label)
}

fn emotions(out: &mut impl io::Write, path: &Path, examples: &[Example]) -> io::Result<()> {
    let readings: Vec<Reading> = examples.iter().map(|example| analyse(&example.text)).collect();
    let groups: Vec<Vec<Group>> = examples.iter().map(|example| embedded().groups(&example.text)).collect();
    let analyzer = SentimentIntensityAnalyzer::new();
    let base: Vec<Label> = examples.iter().map(|example| vader(&analyzer, &example.text).1).collect();
    let truth: Vec<Label> = examples.iter().map(Example::leaning).collect();
    let labels: Vec<Label> = readings.iter().map(|reading| reading.label).collect();

    writeln!(out, "\n{} ({} comments)                 Lia     VADER", name(path), examples.len())?;
    let row = |out: &mut dyn io::Write, what: &str, lia: f32, vader: Option<f32>| {
        let vader = vader.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
        writeln!(out, "  {what:<42}{lia:>8.3}{vader:>10}")
    };
    row(out, "accuracy, 3 labels", accuracy(&labels, &truth), Some(accuracy(&base, &truth)))?;
    row(out, "macro-F1, 3 labels", macro_f1_of(&labels, &truth), Some(macro_f1_of(&base, &truth)))?;
    let four = macro_f1(&Group::ALL, |group| {
        pairs(examples, |at, example| (groups[at].contains(&group), example.is_of(group)))
    });
    let base_group = |label: Label| match label {
        Label::Positive => Group::Positive,
        Label::Neutral => Group::Neutral,
        Label::Negative => Group::Negative,
    };
    let base_four = macro_f1(&Group::ALL, |group| {
        pairs(examples, |at, example| (base_group(base[at]) == group, example.is_of(group)))
    });
    row(out, "macro-F1, 4 groups", four, Some(base_four))?;
    let seven = macro_f1(&Basic::ALL, |basic| {
        pairs(examples, |at, example| {
            (readings[at].emotions.iter().any(|emotion| emotion.basic() == basic), example.is_basic(basic))
        })
    });
    row(out, "macro-F1, 7 basic emotions", seven, None)?;
    let all = macro_f1(&Emotion::ALL, |emotion| {
        pairs(examples, |at, example| (readings[at].emotions.contains(&emotion), example.has(emotion)))
    });
    row(out, "macro-F1, 28 emotions", all, None)?;
    let one = macro_f1(&Emotion::ALL, |emotion| {
        pairs(examples, |at, example| (readings[at].emotion == emotion, example.has(emotion)))
    });
    row(out, "macro-F1, 28 emotions, the one named", one, None)?;
    row(out, "calibration error of the label", calibration_error(&answers(&readings, &truth)), None)?;
    reliability(out, &answers(&readings, &truth))?;
    let texts: Vec<&str> = examples.iter().map(|example| example.text.as_str()).collect();
    let lia = speed(&texts, |text| analyse(text).score);
    #[expect(clippy::cast_possible_truncation, reason = "a score between -1 and 1")]
    let base = speed(&texts, |text| analyzer.polarity_scores(text).compound as f32);
    writeln!(out, "  {:<42}{lia:>8.0}{base:>10.0}", "comments a second, one core")
}

/// A row for each kind of statement: by the score's sign; by the label, of the statements that lean and of all; and how far
/// the confidence is off, beside what chance alone would give as few statements. Then how often each confidence is right.
fn statements(out: &mut impl io::Write, path: &Path, all: &[Statement]) -> io::Result<()> {
    let analyzer = SentimentIntensityAnalyzer::new();
    let mut kinds: Vec<&str> = all.iter().map(|statement| statement.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let title = format!("{} ({} statements)", name(path), all.len());
    let columns = ["accuracy, sign", "accuracy, leaning", "accuracy, 3 labels", "macro-F1, 3 labels", "calibration"];
    write!(out, "\n{title:<34}")?;
    columns.iter().try_for_each(|column| write!(out, "{column:>20}"))?;
    write!(out, "\n{:<34}", "")?;
    columns.iter().skip(1).try_for_each(|_| write!(out, "{:>12}{:>8}", "Lia", "VADER"))?;
    writeln!(out, "{:>12}{:>8}", "Lia", "chance")?;
    let mut tables = Vec::new();
    for kind in kinds.iter().copied().map(Some).chain([None]) {
        let some: Vec<&Statement> =
            all.iter().filter(|statement| kind.is_none_or(|kind| statement.kind == kind)).collect();
        let truth: Vec<Label> = some.iter().map(|statement| statement.label).collect();
        let readings: Vec<Reading> = some.iter().map(|statement| analyse(&statement.text)).collect();
        let labels: Vec<Label> = readings.iter().map(|reading| reading.label).collect();
        let scores: Vec<f64> = readings.iter().map(|reading| f64::from(reading.score)).collect();
        let (base_scores, base): (Vec<f64>, Vec<Label>) =
            some.iter().map(|statement| vader(&analyzer, &statement.text)).unzip();
        let answers = answers(&readings, &truth);
        let pairs = [
            (polarity_accuracy(&scores, &truth), polarity_accuracy(&base_scores, &truth)),
            (leaning_accuracy(&labels, &truth), leaning_accuracy(&base, &truth)),
            (accuracy(&labels, &truth), accuracy(&base, &truth)),
            (macro_f1_of(&labels, &truth), macro_f1_of(&base, &truth)),
            (calibration_error(&answers), chance_error(&answers)),
        ];
        write!(out, "  {:<32}", kind.unwrap_or("all"))?;
        pairs.iter().try_for_each(|(first, second)| write!(out, "{first:>12.3}{second:>8.3}"))?;
        writeln!(out)?;
        tables.push((kind.unwrap_or("all"), answers));
    }
    for (kind, answers) in tables {
        writeln!(out, "  {kind}")?;
        reliability(out, &answers)?;
    }
    Ok(())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn pairs(examples: &[Example], pair: impl Fn(usize, &Example) -> (bool, bool)) -> Vec<(bool, bool)> {
    examples.iter().enumerate().map(|(at, example)| pair(at, example)).collect()
}

/// The mean F1 of the labels that there are.
fn macro_f1_of(said: &[Label], truth: &[Label]) -> f32 {
    let labels: Vec<Label> = LABELS.into_iter().filter(|label| truth.contains(label)).collect();
    macro_f1(&labels, |label| said.iter().zip(truth).map(|(said, truth)| (*said == label, *truth == label)).collect())
}

fn answers(readings: &[Reading], truth: &[Label]) -> Vec<Answer> {
    let pairs = readings.iter().zip(truth);
    pairs.map(|(reading, truth)| Answer { confidence: reading.confidence, is_right: reading.label == *truth }).collect()
}

/// How often a confidence is right, tenth by tenth.
fn reliability(out: &mut impl io::Write, answers: &[Answer]) -> io::Result<()> {
    for bin in measure::bins(answers) {
        writeln!(out, "    confidence {:.2}: {:.2} right of {}", bin.confidence, bin.right, bin.count)?;
    }
    Ok(())
}

/// How many texts a second a function reads: in the fastest pass over all of them, so that what else the machine does
/// counts as little as can be.
fn speed(texts: &[&str], read: impl Fn(&str) -> f32) -> f64 {
    let started = Instant::now();
    let mut fastest = Duration::MAX;
    while started.elapsed() < SPEED_TIME {
        let pass = Instant::now();
        for text in texts {
            std::hint::black_box(read(text));
        }
        fastest = fastest.min(pass.elapsed());
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of texts")]
    let count = texts.len() as f64;
    count / fastest.as_secs_f64()
}
