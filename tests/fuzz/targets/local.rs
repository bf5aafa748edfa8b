//! A server on SQLite for targets that need one, as long as the process lives. Its folder is left to whoever has set the
//! temporary one (`scripts/fuzz`): libFuzzer ends the process without asking.

use std::sync::{Mutex, PoisonError};

use tokio::runtime::{Builder, Runtime};
use usher::app::App;
use usher::config::Config;
use usher_fuzz::scene::Scene;

/// The server, and the thread that everything in it runs on.
pub struct Local {
    runtime: Runtime,
    scene: Mutex<Scene>,
}

impl Local {
    /// Starts the server.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        let url = format!("sqlite:{}", folder.join("usher.db").display());
        let variables = [
            ("DATABASE_URL", url.as_str()),
            ("USHER_CLOCK", "2026-01-02T03:04:05.678+00:00"),
            ("USHER_HASH_COST", "m=8,t=1,p=1"),
            ("USHER_HASH_WORKERS", "1"),
            ("USHER_DATABASE_CONNECTIONS", "2"),
            ("USHER_STARTUP_WAIT", "0"),
            ("USHER_SECRET", "a secret of the fuzz targets, of 32 characters or more"),
        ];
        let find =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let scene = runtime.block_on(async {
            let app = App::open(Config::read(find).unwrap()).await.unwrap();
            Scene::new(&app).await
        });
        Self { runtime, scene: Mutex::new(scene) }
    }

    /// Does something with an input.
    pub fn run(&self, body: impl AsyncFnOnce(&mut Scene, &[u8]), input: &[u8]) {
        let mut scene = self.scene.lock().unwrap_or_else(PoisonError::into_inner);
        self.runtime.block_on(body(&mut scene, input));
    }
}
