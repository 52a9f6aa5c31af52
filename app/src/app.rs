//! The routes. Every page is rendered whole before it is sent, so that it works before, and without, any script.

use crate::pages::{ApplicationPage, ApplicationsPage, HistoryPage, NotFoundPage, RolloutPage, SignInPage};
use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/") view=ApplicationsPage ssr=SsrMode::Async/>
                <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async/>
                <Route path=path!("/applications/:name") view=ApplicationPage ssr=SsrMode::Async/>
                <Route path=path!("/rollouts/:id") view=RolloutPage ssr=SsrMode::Async/>
                <Route path=path!("/history") view=HistoryPage ssr=SsrMode::Async/>
            </Routes>
        </Router>
    }
}
