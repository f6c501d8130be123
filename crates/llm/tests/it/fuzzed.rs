//! The properties of the fuzz targets, for bytes that are known to be awkward. So the targets are compiled, too, without the
//! nightly compiler that they are run with.

#[path = "../../fuzz/properties/sse.rs"]
mod sse;

use crate::cases;

#[test]
fn bodies_of_providers_are_decoded_the_same_however_they_are_cut() {
    for body in cases::bodies() {
        for size in [1, 2, 3, 7, 255] {
            sse::check(&[&[size], body.as_bytes()].concat());
        }
    }
}
