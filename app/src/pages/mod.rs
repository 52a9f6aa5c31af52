//! One file a page.

mod application;
mod applications;
mod history;
mod not_found;
mod rollout;
mod sign_in;

pub use application::ApplicationPage;
pub use applications::ApplicationsPage;
pub use history::HistoryPage;
pub use not_found::NotFoundPage;
pub use rollout::RolloutPage;
pub use sign_in::SignInPage;
