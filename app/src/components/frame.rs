//! What is the same on every page: its title, where one can go, who is signed in.

use crate::context;
use leptos::prelude::*;
use leptos_meta::Title;

#[component]
pub fn Frame(#[prop(into)] title: String, children: Children) -> impl IntoView {
    let user = context::user();
    let signed_in = user.is_some();
    view! {
        <Title text=format!("{title} · Crossfade")/>
        <a class="skip" href="#content">"Skip to content"</a>
        <header class="top">
            <a class="brand" href="/">"Crossfade"</a>
            {signed_in.then(|| view! {
                <nav aria-label="Main">
                    <a href="/">"Applications"</a>
                    <a href="/history">"History"</a>
                </nav>
            })}
            {user.map(|user| view! {
                <form class="who" method="post" action="/api/sign-out">
                    <span>{user.name} " " <span class="role">{user.role.as_str()}</span></span>
                    <button class="quiet">"Sign out"</button>
                </form>
            })}
        </header>
        <main id="content">{children()}</main>
    }
}

/// What is wrong, in full: several problems are several lines.
#[component]
pub fn Problem(#[prop(into)] message: String) -> impl IntoView {
    let lines = message.lines().map(|line| view! { <p>{line.to_owned()}</p> }).collect_view();
    view! { <div class="problem" role="alert">{lines}</div> }
}
