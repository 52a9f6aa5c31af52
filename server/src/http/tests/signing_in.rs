//! Names and passwords.

use super::dashboard::{Dashboard, PASSWORD};
use rollout::actor::Role;

const WRONG: &str = "That name and password do not go together.";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_wrong_password_is_said_beside_the_field_and_the_name_is_kept() {
    let dashboard = Dashboard::new().await;
    dashboard.add_user("ada", Role::Viewer).await;
    let mut browser = dashboard.browser();
    // The same for a name that nobody has.
    for name in ["ada", "nobody"] {
        let answer = browser.sign_in(name, "wrong password", "/history").await;
        assert_eq!(answer.location(), "/sign-in?to=%2Fhistory");
        let form = browser.get("/sign-in?to=%2Fhistory").await;
        assert_eq!(form.attribute(r#"id="name""#, "value"), name);
        assert_eq!(form.attribute(r#"id="password""#, "aria-invalid"), "true");
        assert_eq!(form.attribute(r#"id="password""#, "aria-describedby"), "password-error");
        let (_, said) = form.body.split_once(r#"id="password-error""#).unwrap();
        assert!(said.contains(WRONG), "{said}");
        assert!(!form.body.contains("wrong password"), "the password is not sent back");
        assert_eq!(form.attribute(r#"name="to""#, "value"), "/history");
        // It is said once.
        assert!(!browser.get("/sign-in").await.body.contains(WRONG));
    }
    assert_eq!(browser.get("/").await.location(), "/sign-in?to=/");
    assert_eq!(browser.sign_in(" ADA ", PASSWORD, "/history").await.location(), "/history");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_wrong_passwords_lock_the_account() {
    let dashboard = Dashboard::new().await;
    dashboard.add_user("ada", Role::Viewer).await;
    let mut browser = dashboard.browser();
    for _ in 0..5 {
        browser.sign_in("ada", "wrong password", "/").await;
        assert!(browser.get("/sign-in").await.body.contains(WRONG));
    }
    // Even with the right one.
    assert_eq!(browser.sign_in("ada", PASSWORD, "/").await.location(), "/sign-in?to=%2F");
    let form = browser.get("/sign-in").await;
    assert!(form.body.contains("Too many wrong passwords. Try again in "), "{}", form.body);
    assert_eq!(browser.get("/").await.location(), "/sign-in?to=/");
    // Others are not.
    dashboard.add_user("grace", Role::Viewer).await;
    assert_eq!(browser.sign_in("grace", PASSWORD, "/").await.location(), "/");
}
