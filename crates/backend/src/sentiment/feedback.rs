//! Corrections: a person says that a reading of their message is wrong. The correction becomes the reading, and what was
//! read before is kept with it.

use super::recompute;
use crate::{Actor, Backend, Error, db, error::Result};
use types::{ErrorCode, FeedbackKind, MessageId, Sentiment, SentimentFeedback, SentimentLabel, SentimentUpdate};

/// The score of a reading whose label a person has given.
const GIVEN_SCORE: f64 = 0.5;

/// Corrects the reading of one of the user's messages.
pub async fn correct(
    backend: &Backend,
    actor: &Actor,
    id: MessageId,
    feedback: SentimentFeedback,
) -> Result<SentimentUpdate> {
    let now = backend.clock.now();
    let mut tx = backend.db.begin().await?;
    // Held, so that an answer that ends at this moment and this correction do not overwrite each other's sums.
    let conversation = db::sentiment::hold_conversation(&mut tx, id, actor.id()).await?;
    let conversation = conversation.ok_or_else(Error::message_not_found)?;
    let before = db::sentiment::find_reading(&mut tx, id).await?.ok_or_else(|| {
        Error::refused(ErrorCode::RunInProgress, "This message has not been read yet: its answer is being written.")
    })?;
    let sentiment = corrected(&before, feedback);
    db::sentiment::insert_feedback(&mut tx, id, actor.id(), feedback, &before, now).await?;
    db::sentiment::correct_reading(&mut tx, id, &sentiment).await?;
    let state = recompute(&mut tx, conversation).await?;
    tx.commit().await?;
    Ok(SentimentUpdate { message: Some(sentiment), cumulative: state.map(|state| state.shown) })
}

/// The reading as the person says it is. Without a label it counts as neutral: what was said is withdrawn.
fn corrected(before: &Sentiment, feedback: SentimentFeedback) -> Sentiment {
    let label = feedback.label.unwrap_or(SentimentLabel::Neutral);
    let score = match label {
        // How strong it is was not what was wrong.
        label if label == before.label => before.score,
        SentimentLabel::Positive => GIVEN_SCORE,
        SentimentLabel::Neutral => 0.0,
        SentimentLabel::Negative => -GIVEN_SCORE,
    };
    let emotion = match feedback.kind {
        FeedbackKind::Joking => Some("amusement".to_owned()),
        FeedbackKind::Wrong => before.emotion.clone().filter(|_| label == before.label),
    };
    Sentiment { score, label, emotion, confidence: 1.0, corrected: true, ..before.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::SentimentMethod;

    #[test]
    fn a_correction_is_the_reading() {
        let before = Sentiment {
            score: -0.9,
            label: SentimentLabel::Negative,
            emotion: Some("anger".into()),
            confidence: 0.7,
            method: SentimentMethod::Local,
            fallback: true,
            corrected: false,
        };
        let of = |kind, label| {
            let after = corrected(&before, SentimentFeedback { kind, label });
            assert!(after.corrected && after.fallback);
            assert_eq!((after.confidence, after.method), (1.0, SentimentMethod::Local));
            (after.score, after.label, after.emotion)
        };
        let amused = Some("amusement".to_owned());
        assert_eq!(of(FeedbackKind::Joking, None), (0.0, SentimentLabel::Neutral, amused.clone()));
        let positive = Some(SentimentLabel::Positive);
        assert_eq!(of(FeedbackKind::Joking, positive), (0.5, SentimentLabel::Positive, amused));
        assert_eq!(of(FeedbackKind::Wrong, positive), (0.5, SentimentLabel::Positive, None));
        assert_eq!(of(FeedbackKind::Wrong, None), (0.0, SentimentLabel::Neutral, None));
        let same = of(FeedbackKind::Wrong, Some(SentimentLabel::Negative));
        assert_eq!(same, (-0.9, SentimentLabel::Negative, Some("anger".into())));
    }
}
