//! When a slot does not come up, what its containers said last is kept.

use crate::bench::{Bench, COMPOSE};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker and the images of demo/images.sh"]
async fn a_container_that_falls_over_leaves_its_last_words() {
    let bench = Bench::new("docker-words", COMPOSE).await;
    bench.first().await;
    bench.write(
        "docker-compose.yml",
        &COMPOSE.replace("    container_name: {name}-the-web\n", "    command: [\"/bin/hopwhistle\", \"nonsense\"]\n"),
    );
    let id = bench.start("1.1.0").await;
    let (error, lines) = bench.until_failed(id).await;
    assert_eq!(error, "web does not stay up: it is exited (1). Its last lines are below.");
    let kept: Vec<&str> = lines.iter().filter(|line| line.stream == "kept").map(|line| line.text.as_str()).collect();
    assert_eq!(kept[0], "── web · exited (1) ──");
    assert!(kept.iter().any(|line| line.contains(r#"["nonsense"] is nothing that can be run"#)), "{kept:#?}");
    // The live slot does not notice.
    assert_eq!(bench.ps("blue", "{{.State}}"), ["web running", "worker running"]);
}
