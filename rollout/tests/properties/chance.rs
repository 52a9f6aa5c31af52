//! One random number, taken apart into choices.

/// What is left of the number. When nothing is left, every choice is the first one: the dullest.
pub struct Chance(pub u64);

impl Chance {
    /// 0 to `n - 1`.
    pub fn below(&mut self, n: u64) -> u64 {
        let choice = self.0 % n;
        self.0 /= n;
        choice
    }

    pub fn index(&mut self, n: usize) -> usize {
        self.below(n as u64) as usize
    }

    /// True once in `n` times; false when nothing is left.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == n - 1
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.index(from.len())]
    }
}
