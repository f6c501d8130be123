//! What may be told apart. Pure.
//!
//! A group is told apart where at least [`types::PEOPLE_MIN`] people are behind it. The others are merged; and because
//! whoever knows the whole and the groups told apart knows what is left as well, more groups are merged, the smallest
//! first, until at least as many people are behind what is left, too. The same holds beside the wider wholes of which one is
//! a part.

use super::cells::Group;
use std::collections::BTreeMap;

/// A whole, told apart as far as that is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Split<K> {
    /// The groups that may be told apart, with their sizes.
    pub(crate) shown: BTreeMap<K, i64>,
    /// The size of the others together; 0: there are none.
    pub(crate) merged: i64,
}

/// A part of a whole, and what the wider wholes hold of the same beside it.
struct Part {
    whole: Group,
    rests: Vec<Group>,
}

impl Part {
    fn may_be_told(&self) -> bool {
        self.whole.1.are_enough() && !self.rests.iter().any(Group::is_small)
    }

    fn join(&mut self, other: &Self) {
        self.whole.join(&other.whole);
        for (rest, other) in self.rests.iter_mut().zip(&other.rests) {
            rest.join(other);
        }
    }
}

impl<K: Ord> Split<K> {
    /// Splits a whole into groups; empty ones are none.
    pub(crate) fn new(groups: BTreeMap<K, Group>) -> Self {
        Self::beside(groups, &[])
    }

    /// Splits a whole that is a part of wider ones, which may be asked for as well: `rests` are what each of these holds
    /// beside it. What is told apart, and what is merged, has no rest in one of them with too few people behind it: the
    /// difference would tell.
    pub(crate) fn beside(groups: BTreeMap<K, Group>, rests: &[BTreeMap<K, Group>]) -> Self {
        let mut merged = Part { whole: Group::default(), rests: vec![Group::default(); rests.len()] };
        let mut shown: Vec<(K, Part)> = Vec::new();
        for (key, whole) in groups.into_iter().filter(|(_, group)| group.0 > 0) {
            let rests = rests.iter().map(|rest| rest.get(&key).cloned().unwrap_or_default()).collect();
            let part = Part { whole, rests };
            if part.may_be_told() { shown.push((key, part)) } else { merged.join(&part) }
        }
        shown.sort_by_key(|(_, part)| std::cmp::Reverse(part.whole.0));
        while merged.whole.0 > 0 && !merged.may_be_told() {
            let Some((_, smallest)) = shown.pop() else { break };
            merged.join(&smallest);
        }
        Self { shown: shown.into_iter().map(|(key, part)| (key, part.whole.0)).collect(), merged: merged.whole.0 }
    }

    /// The size of a group that may be told; one that is not there is empty, unless something was merged. `is_there` says
    /// whether the group has anything in it.
    pub(crate) fn size(&self, key: &K, is_there: bool) -> Option<i64> {
        if is_there { self.shown.get(key).copied() } else { Some(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn group(size: i64, people: std::ops::Range<i64>) -> Group {
        let mut group = Group::default();
        for person in people {
            group.1.add(person);
        }
        group.0 = size;
        group
    }

    fn split(groups: &[(&'static str, Group)]) -> Split<&'static str> {
        Split::new(groups.iter().cloned().collect())
    }

    #[test]
    fn large_groups_are_told_apart() {
        let all = split(&[("a", group(9, 0..5)), ("b", group(7, 3..9)), ("c", Group::default())]);
        assert_eq!((all.shown, all.merged), (BTreeMap::from([("a", 9), ("b", 7)]), 0));
    }

    #[test]
    fn a_small_group_takes_the_smallest_other_with_it() {
        let all = split(&[("a", group(50, 0..20)), ("b", group(30, 0..9)), ("c", group(2, 0..1))]);
        assert_eq!((all.shown, all.merged), (BTreeMap::from([("a", 50)]), 32));
    }

    #[test]
    fn small_groups_with_enough_people_together_are_merged_alone() {
        let all = split(&[("a", group(50, 0..20)), ("b", group(3, 0..3)), ("c", group(4, 3..6))]);
        assert_eq!((all.shown, all.merged), (BTreeMap::from([("a", 50)]), 7));
    }

    #[test]
    fn a_group_whose_rest_is_small_is_not_told_apart() {
        let groups = || BTreeMap::from([("a", group(50, 0..20)), ("b", group(30, 0..9)), ("c", group(9, 0..9))]);
        let shown = |rests: &[BTreeMap<&'static str, Group>]| Split::beside(groups(), rests).shown;
        let (few, many) = (BTreeMap::from([("a", group(3, 0..2))]), BTreeMap::from([("a", group(8, 0..7))]));
        assert_eq!(
            shown(std::slice::from_ref(&many)),
            groups().into_iter().map(|(key, group)| (key, group.0)).collect()
        );
        // "a" alone would be what is left, so one more is merged with it; its rest is still small, and all are.
        assert_eq!(shown(&[many, few.clone()]), BTreeMap::new());
        let more = BTreeMap::from([("a", group(3, 0..2)), ("c", group(9, 2..9))]);
        assert_eq!(shown(&[more]), BTreeMap::from([("b", 30)]), "with the rest of another one it is large enough");
    }

    proptest! {
        #[test]
        fn nothing_that_can_be_worked_out_has_too_few_people(
            groups in prop::collection::vec((0_i64..6, prop::collection::vec(0_i64..12, 0..8)), 0..8),
        ) {
            let mut exact = BTreeMap::new();
            for (key, (more, people)) in groups.into_iter().enumerate() {
                let mut group = Group::default();
                for person in &people {
                    group.add(*person);
                }
                if group.0 > 0 {
                    group.0 += more;
                }
                exact.insert(key, (group, people));
            }
            let total: i64 = exact.values().map(|(group, _)| group.0).sum();
            let split = Split::new(exact.iter().map(|(key, (group, _))| (*key, group.clone())).collect());
            prop_assert_eq!(split.shown.values().sum::<i64>() + split.merged, total);
            let distinct = |people: Vec<i64>| people.into_iter().collect::<std::collections::BTreeSet<_>>().len();
            for (key, (group, people)) in &exact {
                prop_assert!(!split.shown.contains_key(key) || distinct(people.clone()) >= types::PEOPLE_MIN);
                prop_assert!(split.shown.get(key).is_none_or(|size| *size == group.0));
            }
            let rest: Vec<i64> = exact.iter().filter(|(key, _)| !split.shown.contains_key(key))
                .flat_map(|(_, (_, people))| people.clone()).collect();
            prop_assert!(split.merged == 0 || split.shown.is_empty() || distinct(rest) >= types::PEOPLE_MIN);
        }
    }
}
