//! What one slot showed over a window of time: the raw material of a verdict.

use super::histogram::Histogram;

#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    /// So many of so many: errors among requests.
    Share { part: f64, of: f64 },
    /// Many observations of a time, and which quantile is looked at.
    Quantile { quantile: f64, seen: Histogram },
    /// Numbers that were read one after another, oldest first: one for each look.
    Points(Vec<f64>),
    /// The least or the greatest of so many numbers.
    Extreme { value: f64, of: u64 },
    /// The source works, and had nothing to tell.
    Silent,
    /// The source failed, and why: refused, timed out, stale, not a number.
    Failed(String),
}

impl Window {
    /// The number that people see. `None` when there is none.
    pub fn value(&self) -> Option<f64> {
        match self {
            Window::Share { part, of } => (*of > 0.0 && of.is_finite()).then(|| part / of),
            Window::Quantile { quantile, seen } => seen.quantile(*quantile),
            Window::Points(points) if points.is_empty() => None,
            Window::Points(points) => Some(points.iter().sum::<f64>() / points.len() as f64),
            Window::Extreme { value, .. } => Some(*value),
            Window::Silent | Window::Failed(_) => None,
        }
    }

    /// How many observations it rests on.
    pub fn samples(&self) -> u64 {
        match self {
            Window::Share { of, .. } => *of as u64,
            Window::Quantile { seen, .. } => seen.count() as u64,
            Window::Points(points) => points.len() as u64,
            Window::Extreme { of, .. } => *of,
            Window::Silent | Window::Failed(_) => 0,
        }
    }
}
