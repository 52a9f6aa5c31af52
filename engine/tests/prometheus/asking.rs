//! What a query gives.

use super::{ask, started};
use engine::telemetry::promql::fill;
use rollout::slot::Slot;

#[tokio::test]
#[ignore = "needs prometheus"]
async fn a_query_gives_one_number_or_none() {
    let prometheus = started().await;
    for (query, number) in [
        ("depth{slot=\"{slot}\",version=\"{version}\",job=\"{application}\"}", Some(7.5)),
        ("depth{slot='{slot}'}", Some(7.5)),
        ("max(depth)", Some(7.5)),
        ("sum(depth)\n  / 3", Some(3.5)),
        ("scalar(depth{slot=\"blue\"})", Some(3.0)),
        ("42", Some(42.0)),
        // Nothing there, and nothing that is a number: no data, and no zero.
        ("depth{slot=\"red\"}", None),
        ("sum(depth{slot=\"red\"})", None),
        ("none", None),
        ("0 / 0", None),
        ("scalar(depth{slot=\"red\"})", None),
    ] {
        let filled = fill(query, Slot::Green, "1.1.0", "shop");
        assert_eq!(ask(&prometheus, &filled).await, Ok(number), "{query}");
    }
    // Whatever is filled in, the query can be read, and asks for just that.
    for strange in ["\"} or depth{slot='blue", "a\\", "'`\"", "\n"] {
        for query in ["depth{version=\"{version}\"}", "depth{version='{version}'}"] {
            assert_eq!(ask(&prometheus, &fill(query, Slot::Green, strange, "shop")).await, Ok(None), "{strange:?}");
        }
        let echo =
            fill("label_replace(vector(1), \"a\", \"{version}\", \"\", \"\") == 1", Slot::Green, strange, "shop");
        assert_eq!(ask(&prometheus, &echo).await, Ok(Some(1.0)), "{strange:?}");
    }
}
