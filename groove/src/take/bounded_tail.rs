//! Lists of which only the last items are deserialised, so that a damaged or malicious file takes
//! no more memory than a valid one.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The last `MOST` items of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundedTail<T, const MOST: usize> {
    /// Items in order.
    pub items: Vec<T>,
    /// Number of items before them.
    pub before: usize,
}

impl<T, const MOST: usize> Default for BoundedTail<T, MOST> {
    fn default() -> Self {
        BoundedTail { items: Vec::new(), before: 0 }
    }
}

impl<T: Serialize, const MOST: usize> Serialize for BoundedTail<T, MOST> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.items.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for BoundedTail<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T, const MOST: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for List<T, MOST> {
            type Value = BoundedTail<T, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut last = BoundedTail::default();
                while let Some(item) = list.next_element()? {
                    if last.items.len() < MOST {
                        last.items.push(item);
                    } else {
                        // Replaces the oldest item; the order is restored at the end.
                        last.items[last.before % MOST] = item;
                        last.before += 1;
                    }
                }
                last.items.rotate_left(last.before % MOST);
                Ok(last)
            }
        }

        const { assert!(MOST > 0) };
        deserializer.deserialize_seq(List(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounded_tail_keeps_the_last_items_in_order() {
        for count in [0usize, 2, 3, 4, 7, 9] {
            let all: Vec<usize> = (0..count).collect();
            let text = serde_json::to_string(&all).expect("text");
            let last: BoundedTail<usize, 3> = serde_json::from_str(&text).expect("a list");
            let before = count.saturating_sub(3);
            assert_eq!((last.before, &last.items[..]), (before, &all[before..]));
            assert_eq!(
                serde_json::to_string(&last).expect("text"),
                serde_json::to_string(&all[before..]).expect("text")
            );
        }
        assert!(serde_json::from_str::<BoundedTail<usize, 3>>("[1, 2, 3, 4, \"five\"]").is_err());
    }
}
