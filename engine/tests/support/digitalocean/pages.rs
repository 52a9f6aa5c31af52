//! Lists in pages.

use serde_json::{Value, json};
use std::collections::HashMap;

pub type Query = HashMap<String, String>;

/// One page of a list: 20 items when it is not said how many, and never more than 200.
pub fn page(key: &str, path: &str, query: &Query, items: Vec<Value>) -> Value {
    let number = |key: &str, default: usize| query.get(key).and_then(|n| n.parse().ok()).unwrap_or(default);
    let (per_page, page) = (number("per_page", 20).clamp(1, 200), number("page", 1).max(1));
    let total = items.len();
    let last = total.div_ceil(per_page).max(1);
    let shown: Vec<Value> = items.into_iter().skip((page - 1) * per_page).take(per_page).collect();
    let mut answer = json!({ key: shown, "meta": { "total": total } });
    if last > 1 {
        let link = |page: usize| format!("https://api.digitalocean.com{path}?page={page}&per_page={per_page}");
        let mut pages = json!({});
        if page < last {
            pages["next"] = json!(link(page + 1));
            pages["last"] = json!(link(last));
        }
        if page > 1 {
            pages["first"] = json!(link(1));
            pages["prev"] = json!(link(page - 1));
        }
        answer["links"] = json!({ "pages": pages });
    }
    answer
}
