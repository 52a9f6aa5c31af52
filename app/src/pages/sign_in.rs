//! Sign in.

use crate::components::Frame;
use crate::context::{query, take_flash};
use leptos::prelude::*;

#[component]
pub fn SignInPage() -> impl IntoView {
    let to = query("to").unwrap_or_else(|| "/".to_owned());
    view! {
        <Frame title="Sign in">
            <h1>"Sign in"</h1>
            {Suspend::new(async move {
                let flash = take_flash().await.filter(|flash| flash.form == "sign-in").unwrap_or_default();
                let wrong = !flash.message.is_empty();
                view! {
                    <form class="card sign-in" method="post" action="/api/sign-in">
                        <input type="hidden" name="to" value=to/>
                        <label for="name">"Name"</label>
                        <input id="name" name="name" value=flash.value autocomplete="username" required autofocus=!wrong/>
                        <label for="password">"Password"</label>
                        <input
                            id="password" name="password" type="password" autocomplete="current-password" required
                            autofocus=wrong aria-invalid=wrong.to_string() aria-describedby=wrong.then_some("password-error")
                        />
                        {wrong.then(|| view! { <p class="field-error" id="password-error" role="alert">{flash.message}</p> })}
                        <button class="primary">"Sign in"</button>
                    </form>
                }
            })}
        </Frame>
    }
}
