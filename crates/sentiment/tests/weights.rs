//! The committed weights.

use sentiment::{BadWeights, Model, WEIGHTS};

#[test]
fn they_are_less_than_a_megabyte_and_can_be_read() {
    assert!(WEIGHTS.len() <= 1_000_000, "{} bytes", WEIGHTS.len());
    assert!(Model::from_bytes(WEIGHTS).is_ok());
}

#[test]
fn damaged_ones_are_refused() {
    assert_eq!(Model::from_bytes(&[]).err(), Some(BadWeights));
    assert_eq!(Model::from_bytes(b"LIAS").err(), Some(BadWeights));
    assert_eq!(Model::from_bytes(&WEIGHTS[..WEIGHTS.len() - 1]).err(), Some(BadWeights));
    let mut longer = WEIGHTS.to_vec();
    longer.push(0);
    assert_eq!(Model::from_bytes(&longer).err(), Some(BadWeights));
    for place in [0, 5, 9, 13, 400, WEIGHTS.len() / 2] {
        let mut broken = WEIGHTS.to_vec();
        broken[place] ^= 1;
        assert_eq!(Model::from_bytes(&broken).err(), Some(BadWeights), "byte {place}");
    }
}
