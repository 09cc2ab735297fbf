//! A map of bounded size that cannot be flooded: when it is full it drops the entries that matter least, an eighth at a
//! time, and never all of them.
//!
//! Keys are hashed under a random key of this process, so an entry costs a few bytes however long its subject is, and
//! strangers cannot target another's entry.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};

/// The most entries of one map. Each takes about 50 bytes.
pub const CAPACITY: usize = 50_000;

pub struct Bounded<V> {
    entries: HashMap<u64, V>,
    hasher: RandomState,
    most: usize,
}

impl<V> Default for Bounded<V> {
    fn default() -> Self {
        Self::of(CAPACITY)
    }
}

impl<V> Bounded<V> {
    pub fn of(most: usize) -> Self {
        Self {
            entries: HashMap::new(),
            hasher: RandomState::new(),
            most,
        }
    }

    fn key(&self, subject: &impl Hash) -> u64 {
        self.hasher.hash_one(subject)
    }

    pub fn get(&self, subject: &impl Hash) -> Option<&V> {
        self.entries.get(&self.key(subject))
    }

    pub fn get_mut(&mut self, subject: &impl Hash) -> Option<&mut V> {
        let key = self.key(subject);
        self.entries.get_mut(&key)
    }

    pub fn remove(&mut self, subject: &impl Hash) {
        let key = self.key(subject);
        self.entries.remove(&key);
    }

    /// Returns the entry of a subject, creating it if needed. A full map first drops the entries of the lowest
    /// `weight`; those without a weight are no longer needed.
    pub fn entry<W: Ord + Copy>(
        &mut self,
        subject: &impl Hash,
        weight: impl Fn(&V) -> Option<W>,
    ) -> &mut V
    where
        V: Default,
    {
        let key = self.key(subject);
        if self.entries.len() >= self.most && !self.entries.contains_key(&key) {
            self.shrink(weight);
        }
        self.entries.entry(key).or_default()
    }

    fn shrink<W: Ord + Copy>(&mut self, weight: impl Fn(&V) -> Option<W>) {
        self.entries.retain(|_, value| weight(value).is_some());
        let keep = self.most - self.most.div_ceil(8);
        let Some(surplus) = self.entries.len().checked_sub(keep).filter(|n| *n > 0) else {
            return;
        };
        let mut weights: Vec<_> = self
            .entries
            .iter()
            .map(|(key, value)| (weight(value), *key))
            .collect();
        weights.select_nth_unstable(surplus - 1);
        for (_, key) in &weights[..surplus] {
            self.entries.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_map_drops_what_matters_least() {
        let mut map = Bounded::of(64);
        let weight = |value: &u32| (*value > 0).then_some(*value);
        *map.entry(&"victim", weight) = 6;
        for stranger in 0..10_000 {
            *map.entry(&stranger, weight) = 1 + stranger % 5;
        }
        assert_eq!(map.get(&"victim"), Some(&6));
        assert!(map.entries.len() <= 64);
        assert!(map.entries.len() >= 56, "and no more than it must");
    }
}
