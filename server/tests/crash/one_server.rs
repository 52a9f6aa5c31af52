//! Two servers on one file would carry out every step twice.

use crate::process::Place;
use crate::support::nginx::free_port;
use std::process::Stdio;

#[tokio::test]
async fn a_second_server_on_the_same_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = Place::new(folder.path(), free_port());
    let second = Place { port: free_port(), ..first.clone() };
    let living = first.serve(None).await;
    let refused = || {
        let mut command = second.command(&["serve", "--listen", &format!("127.0.0.1:{}", second.port)]);
        command.arg("--site").arg(&second.site).stderr(Stdio::piped()).output().unwrap()
    };
    let done = refused();
    assert!(!done.status.success());
    let said = String::from_utf8(done.stderr).unwrap();
    let file = first.data.display();
    assert!(said.contains(&format!("crossfade: {file} is in use by another Crossfade. Stop that one first")), "{said}");

    // The lock goes with the process, however it ends.
    living.kill();
    let mut next = second.serve(None).await;
    assert!(!next.is_dead());
}
