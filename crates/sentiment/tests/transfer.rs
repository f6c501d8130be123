//! Texts of other kinds than those that the weights were trained on: film sentences, reviews, tweets, written for this
//! test. They hold what has been reached: the lexicon was written with an eye on `transfer.tsv`, and changed after
//! `unseen.tsv` was written, so neither says how well Lia reads what nobody has seen.

use sentiment::{Label, analyse};
use vader_parity::SentimentIntensityAnalyzer;

/// How many statements are read rightly, by Lia and by VADER, and how many there are.
fn right(statements: &str) -> (usize, usize, usize) {
    let vader = SentimentIntensityAnalyzer::new();
    let (mut lia_right, mut vader_right, mut all) = (0, 0, 0);
    for statement in statements.lines() {
        let mut fields = statement.split('\t').skip(1);
        let (truth, text) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        let compound = vader.polarity_scores(text).compound;
        let base = match compound {
            compound if compound >= 0.05 => Label::Positive,
            compound if compound <= -0.05 => Label::Negative,
            _ => Label::Neutral,
        };
        lia_right += usize::from(analyse(text).label.as_str() == truth);
        vader_right += usize::from(base.as_str() == truth);
        all += 1;
    }
    (lia_right, vader_right, all)
}

#[test]
fn statements_of_other_kinds_are_read_better_than_by_vader() {
    for (statements, count) in [(include_str!("transfer.tsv"), 185), (include_str!("unseen.tsv"), 70)] {
        let (lia, vader, all) = right(statements);
        assert_eq!(all, count);
        assert!(lia * 100 >= all * 78 && lia > vader + all / 10, "{lia} and {vader} of {all}");
    }
}
