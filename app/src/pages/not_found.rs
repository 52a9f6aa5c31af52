//! There is no such page.

use crate::components::Frame;
use axum::http::StatusCode;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

#[component]
pub fn NotFoundPage() -> impl IntoView {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(StatusCode::NOT_FOUND);
    }
    view! {
        <Frame title="Not found">
            <section class="card empty">
                <h1>"There is no such page"</h1>
                <p>"Perhaps the link is old, or a letter is missing."</p>
                <p><a class="button" href="/">"See the applications"</a></p>
            </section>
        </Frame>
    }
}
