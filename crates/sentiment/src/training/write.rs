//! Writes weights in the form that [`crate::Model::from_bytes`] reads.

use std::collections::BTreeMap;

use super::{lexicon::Known, linear::Linear};
use crate::{
    features::hash,
    weights::{FORMAT, MAGIC, Numbers},
};

/// The file.
pub(crate) fn bytes(linear: &Linear, numbers: &Numbers, lexicon: &BTreeMap<u32, Known>) -> Vec<u8> {
    let mut body = Vec::new();
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes();
    body.extend(FORMAT.to_le_bytes());
    body.extend(count(linear.keys.len()));
    body.extend(count(lexicon.len()));
    let few = linear.scales.iter().chain(&linear.biases).chain(&numbers.thresholds).chain(&numbers.group_thresholds);
    let few = few.chain(numbers.joint.as_flattened()).chain([&numbers.cut]).chain(numbers.calibration.as_flattened());
    body.extend(few.flat_map(|number| number.to_bits().to_le_bytes()));
    body.extend(linear.keys.iter().flat_map(|key| key.to_le_bytes()));
    body.extend(&linear.importances);
    body.extend(linear.rows.as_flattened().iter().map(|weight| weight.cast_unsigned()));
    body.extend(lexicon.keys().flat_map(|key| key.to_le_bytes()));
    body.extend(lexicon.values().map(|known| known.valence.unwrap_or_default().cast_unsigned()));
    body.extend(lexicon.values().map(|known| known.mark()));
    let mut file = MAGIC.to_vec();
    file.extend(hash(&body).to_le_bytes());
    file.extend(body);
    file
}
