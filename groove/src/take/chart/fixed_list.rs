//! A list of at most `N` values, stored in place, so that what contains it can be copied.

/// Up to `N` values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FixedList<T, const N: usize> {
    /// The values; defaults behind the last one.
    items: [T; N],
    count: usize,
}

impl<T: Copy + Default, const N: usize> Default for FixedList<T, N> {
    fn default() -> Self {
        FixedList { items: [T::default(); N], count: 0 }
    }
}

impl<T: Copy + Default, const N: usize> FixedList<T, N> {
    /// The values.
    pub(crate) fn as_slice(&self) -> &[T] {
        &self.items[..self.count]
    }

    /// Replaces the list by the first `N` values. Returns false if there were more.
    pub(crate) fn replace(&mut self, values: impl IntoIterator<Item = T>) -> bool {
        *self = FixedList::default();
        for value in values {
            let Some(place) = self.items.get_mut(self.count) else { return false };
            *place = value;
            self.count += 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_find_no_room_are_reported() {
        let mut list = FixedList::<u8, 3>::default();
        assert!(list.replace([5, 6, 7]));
        assert_eq!(list.as_slice(), [5, 6, 7]);
        assert!(!list.replace([1, 2, 3, 4]));
        assert_eq!(list.as_slice(), [1, 2, 3]);
        assert!(list.replace([9]));
        let mut other = FixedList::default();
        other.replace([9]);
        assert_eq!(list, other, "what was there before leaves no trace");
    }
}
