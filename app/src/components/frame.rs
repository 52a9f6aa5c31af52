//! What is the same on every page: its title, where one can go, who is signed in.

use crate::context;
use engine::accounts::User;
use leptos::prelude::*;
use leptos_meta::Title;

#[component]
pub fn Frame(#[prop(into)] title: String, children: Children) -> impl IntoView {
    let user = context::user();
    let signed_in = user.is_some();
    // Elsewhere `aria-current` is left out.
    let here = |name: &str| (title == name).then_some("page");
    let (applications, history) = (here("Applications"), here("History"));
    view! {
        <Title text=as_text(&format!("{title} · Crossfade"))/>
        <a class="skip" href="#content">"Skip to content"</a>
        <header class="top">
            <a class="brand" href="/">
                <svg viewBox="0 0 24 16" width="24" height="16" aria-hidden="true">
                    <circle class="brand-blue" cx="8" cy="8" r="7"/>
                    <circle class="brand-green" cx="16" cy="8" r="7"/>
                </svg>
                <span class="brand-name">"Crossfade"</span>
            </a>
            {signed_in.then(|| view! {
                <nav aria-label="Main">
                    <a href="/" aria-current=applications>"Applications"</a>
                    <a href="/history" aria-current=history>"History"</a>
                </nav>
            })}
            {user.map(|user| view! {
                <form class="who" method="post" action="/api/sign-out">
                    <span class="name">{user.name.clone()} {role(&user)}</span>
                    <button class="quiet">"Sign out"</button>
                </form>
            })}
        </header>
        <main id="content">{children()}</main>
    }
}

/// Nothing new is said of a user who is named after their role.
fn role(user: &User) -> Option<impl IntoView + use<>> {
    let role = user.role.as_str();
    (user.name != role).then(|| view! { " " <span class="role">{role}</span> })
}

/// A title is written into the document as it stands, and some come from the address: it must not end itself.
fn as_text(title: &str) -> String {
    title.replace('&', "&amp;").replace('<', "&lt;")
}

/// What is wrong, in full: several problems are several lines.
#[component]
pub fn Problem(#[prop(into)] message: String) -> impl IntoView {
    let lines = message.lines().map(|line| view! { <p>{line.to_owned()}</p> }).collect_view();
    view! { <div class="problem" role="alert">{lines}</div> }
}
