//! A file of SQLite that is replaced or removed under a server: what it answers is not lost, and the other file not damaged.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Place, Server, get};
use crate::crash::consistency;
use crate::wire::socket::{Raw, send};

const JSON: &str = "Content-Type: application/json\r\n";

const REASON: &str =
    "data/usher.db was replaced or removed while it was open; stop the server before anything is put in its place";

/// A server with the users ada and ben, and a copy of its database from before ben came.
struct Scene {
    place: Place,
    server: Server,
    file: PathBuf,
    copy: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let place = Place::sqlite();
        let server = place.start_demo(&[]);
        let (file, copy) = (place.folder.path().join("data/usher.db"), place.folder.path().join("copy.db"));
        let scene = Self { place, server, file, copy };
        assert_eq!(scene.make("ada").status, 201);
        scene.place.prints(&["backup", "copy.db"]);
        assert_eq!(scene.make("ben").status, 201);
        scene
    }

    fn make(&self, id: &str) -> Raw {
        make(&self.server, id)
    }

    fn get(&self, path: &str) -> Raw {
        get(self.server.address, "demo", "first-key", path)
    }

    /// The server says that it is not well and takes no writes. What it still reads is its own database.
    fn refuses(&self) {
        let refused = self.make("eve");
        assert_eq!(refused.status, 503, "{refused:?}");
        assert!(!refused.header("retry-after").is_empty(), "{refused:?}");
        assert_eq!(self.get("/livez").status, 200);
        for path in ["/readyz", "/v1/health"] {
            let answer = self.get(path);
            assert_eq!(answer.status, 503, "{path}: {answer:?}");
        }
        // More at the same time than there are connections which were opened before.
        let address = self.server.address;
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(move || {
                    for path in ["/v1/users", "/v1/users?search=be", "/v1/users?search=ben", "/v1/users/ben"] {
                        let answer = get(address, "demo", "first-key", path);
                        let own = match answer.status {
                            503 => true,
                            200 => ids(&answer.json()).contains(&"ben".to_owned()),
                            _ => false,
                        };
                        assert!(own, "{path}: {answer:?}");
                    }
                });
            }
        });
        assert_eq!(self.make("eve").status, 503);
    }
}

fn make(server: &Server, id: &str) -> Raw {
    let user = json!({ "userId": id, "email": format!("{id}@example.org") }).to_string();
    send(server.address, "first-key", "POST", "/v1/users", JSON, user.as_bytes())
}

/// Those in a list, or the one.
fn ids(answer: &Value) -> Vec<String> {
    let users = answer["users"].as_array().cloned().unwrap_or_else(|| vec![answer.clone()]);
    users.iter().map(|user| user["$id"].as_str().unwrap().to_owned()).collect()
}

/// What a server finds that is started on what is there, which takes writes and is well.
async fn starts_with(place: &Place, users: &[&str]) {
    let server = place.start_demo(&[]);
    assert_eq!(ids(&get(server.address, "demo", "first-key", "/v1/users").json()), users);
    assert_eq!(make(&server, "new").status, 201);
    server.stop();
    consistency::check(&place.database()).await;
    assert!(place.prints(&["check"]).ends_with("faults=0\nmended=0\n"));
}

/// Stops the server, which has said why it took no writes.
fn said(scene: Scene) -> Place {
    let (_, stderr) = scene.server.stop();
    let reason =
        "data/usher.db was replaced or removed while it was open; stop the server before anything is put in its place";
    assert!(stderr.contains("SQLite stored nothing of a transaction") && stderr.contains(reason), "{stderr}");
    scene.place
}

/// Whether the log of the file holds nothing that another one would be given.
fn no_log(file: &Path) -> bool {
    std::fs::metadata(file.with_extension("db-wal")).is_ok_and(|log| log.len() == 0)
}

/// Both files are whole in the end: the one that was put there, and the one that had to go for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_put_in_its_place_is_not_touched() {
    for stop in ["TERM", "KILL"] {
        let scene = Scene::new();
        let aside = scene.place.folder.path().join("aside.db");
        std::fs::hard_link(&scene.file, &aside).unwrap();
        std::fs::rename(&scene.copy, &scene.file).unwrap();
        assert!(!no_log(&scene.file));
        let bytes = std::fs::read(&scene.file).unwrap();
        scene.refuses();
        assert!(no_log(&scene.file) && std::fs::read(&scene.file).unwrap() == bytes);
        let Scene { place, server, file, .. } = scene;
        server.signal(stop);
        let (_, _, stderr) = server.ended();
        assert!(stderr.contains("SQLite stored nothing of a transaction") && stderr.contains(REASON), "{stderr}");
        assert!(std::fs::read(&file).unwrap() == bytes);
        starts_with(&place, &["ada"]).await;
        std::fs::rename(&aside, &file).unwrap();
        starts_with(&place, &["ada", "ben"]).await;
    }
}

/// Nobody writes to it in between, so that it is noticed at the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_is_it_by_a_server_that_only_ends() {
    let scene = Scene::new();
    std::fs::rename(&scene.copy, &scene.file).unwrap();
    scene.server.stop();
    starts_with(&scene.place, &["ada"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_removed_takes_no_writes() {
    let scene = Scene::new();
    std::fs::remove_file(&scene.file).unwrap();
    scene.refuses();
    assert!(!scene.file.exists());
    let place = said(scene);
    starts_with(&place, &[]).await;
}

/// It is moved aside, another is there for a while, and it comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_comes_back_goes_on() {
    let scene = Scene::new();
    let aside = scene.place.folder.path().join("data/aside.db");
    let swap = |from: &Path, to: &Path| std::fs::rename(from, to).unwrap();
    swap(&scene.file, &aside);
    scene.refuses();
    swap(&scene.copy, &scene.file);
    scene.refuses();
    swap(&scene.file, &scene.copy);
    swap(&aside, &scene.file);
    assert_eq!(scene.get("/readyz").status, 200);
    assert_eq!(ids(&scene.get("/v1/users").json()), ["ada", "ben"]);
    assert_eq!(scene.make("cleo").status, 201);
    let place = said(scene);
    starts_with(&place, &["ada", "ben", "cleo"]).await;
}
