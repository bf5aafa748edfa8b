//! `usher serve`

use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;

use super::{reachable, say};
use crate::access::{NewKey, Scope, insert_key, scope_names};
use crate::app::App;
use crate::config::{Bootstrap, Config, Listen};
use crate::secret::{api_key, digest};
use crate::server::{
    Listener, allow_connections, hangups, keep_memory, renew, serve, serve_metrics, stop_signal, supervisor,
};
use crate::store::{Constraint, Error, keys, projects};

/// What the key is called that is given by this variable.
const NAMED: &str = "USHER_API_KEY";

/// Runs the server until it is told to stop.
pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    keep_memory();
    let (mut stop, hangups) = (Box::pin(stop_signal()?), hangups()?);
    crate::backup::prepare(&config)?;
    let inherited = supervisor::inherited()?;
    if let Err(allowed) = allow_connections(config.connections, config.database_connections) {
        tracing::warn!(
            wanted = config.connections,
            allowed,
            "the limit of open files (ulimit -n) allows fewer connections than USHER_CONNECTIONS"
        );
    }
    let app = tokio::select! {
        opened = App::open(config) => opened?,
        // The database may be waited for for an hour.
        () = stop.as_mut() => {
            tracing::info!("stopped before the database was open");
            return Ok(());
        }
    };
    let (listen, mode) = (&app.config.listen, app.config.listen_mode);
    let listener = match inherited {
        Some(listener) => listener,
        None => Listener::bind(listen, mode)
            .await
            .with_context(|| format!("USHER_LISTEN ({listen}) cannot be listened on"))?,
    };
    let address = listener.address()?;
    if let Some(listen) = app.config.metrics_listen {
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("USHER_METRICS_LISTEN ({listen}) cannot be listened on"))?;
        tracing::info!(address = %listener.local_addr()?, "metrics are served");
        tokio::spawn(serve_metrics(Arc::clone(&app), listener));
    }
    if let Some((project, key)) = prepare(&app).await? {
        let pin = app.tls.as_ref().map(|tls| tls.certificate().pin.clone());
        welcome(&project, &key, &reachable(&address), pin.as_deref());
    }
    if matches!(address, Listen::Unix(_)) && !app.config.trusted_proxies.unix {
        tracing::warn!(
            "clients at a Unix socket have no address, and share the limits of one; list `unix` in USHER_TRUSTED_PROXIES \
             when a proxy there tells who they are"
        );
    }
    if app.config.secret.is_none() {
        tracing::info!(
            "USHER_SECRET is not set, so tokens (JWT) are recognised by this process only and end with it, and recovery codes cannot \
             be stored"
        );
    }
    if app.config.bootstrap.as_ref().is_some_and(Bootstrap::is_weak) {
        tracing::warn!(
            "USHER_API_KEY has less than 32 characters and might be guessed; `openssl rand -hex 32` makes a better one"
        );
    }
    for id in former_keys(&app).await? {
        tracing::warn!(
            id,
            "a key that USHER_API_KEY had before is still valid; `usher key revoke PROJECT ID` takes it back, once no server has it"
        );
    }
    for project in projects::all(app.store.read()).await? {
        if project.settings.password_dictionary && app.dictionary.is_none() {
            tracing::warn!(
                project = project.id,
                "passwordDictionary is on but USHER_PASSWORD_DICTIONARY names no file, so no word is refused"
            );
        }
    }
    if let Some(tls) = &app.tls {
        tls.tell(app.clock.now());
    }
    tokio::spawn(renew(Arc::clone(&app), hangups));
    tracing::info!(%address, database = ?app.config.database, version = env!("CARGO_PKG_VERSION"), "listening");
    supervisor::ready();
    let stop = async move {
        stop.await;
        supervisor::stopping();
    };
    serve(app, listener, stop).await;
    Ok(())
}

/// Sees to it that there is a project with a key. Gives both when it had to make them up itself.
///
/// # Errors
/// Those of the database.
pub(super) async fn prepare(app: &Arc<App>) -> anyhow::Result<Option<(String, String)>> {
    let (project, secret, made_up) = match &app.config.bootstrap {
        Some(bootstrap) => (bootstrap.project.clone(), bootstrap.key.0.clone(), false),
        None => ("default".to_owned(), api_key(), true),
    };
    loop {
        match make(app, project.clone(), secret.clone(), made_up).await {
            Ok(true) if made_up => return Ok(Some((project, secret))),
            Ok(_) => return Ok(None),
            // Another server on the same database was quicker: what it has made is there now, the rest may be missing.
            Err(Error::Conflict(Constraint::ProjectId | Constraint::ApiKeyDigest)) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Makes what is missing of a project and a key with all scopes. One that is made up is only wanted where there is no
/// project at all; `false` when there is one.
async fn make(app: &Arc<App>, id: String, key: String, made_up: bool) -> Result<bool, Error> {
    let now = app.clock.now();
    let work = app.store.write(move |tx| {
        Box::pin(async move {
            if made_up && !projects::all(tx.on()).await?.is_empty() {
                return Ok(false);
            }
            let project = match projects::find(tx.on(), &id).await? {
                // Another server has made it since the line above.
                Some(_) if made_up => return Ok(false),
                Some(project) => project,
                None => projects::insert(tx, &id, &id, now).await?,
            };
            let scopes = Scope::ALL.to_vec();
            if keys::find(tx.on(), project.key, &digest(&key)).await?.is_some() {
                keys::renew(tx, project.key, &digest(&key), &scope_names(&scopes)).await?;
            } else {
                let name = if made_up { "first key" } else { NAMED };
                insert_key(tx, project.key, &key, &NewKey { name: name.into(), scopes, expire: None }, now).await?;
            }
            Ok(true)
        })
    });
    work.await
}

/// The ids of keys that the variable gave to its project before it was changed. They stay valid, since other servers may not have
/// the new one yet.
async fn former_keys(app: &App) -> Result<Vec<String>, Error> {
    let Some(bootstrap) = &app.config.bootstrap else { return Ok(Vec::new()) };
    let Some(project) = projects::find(app.store.read(), &bootstrap.project).await? else { return Ok(Vec::new()) };
    let current = keys::find(app.store.read(), project.key, &digest(&bootstrap.key.0)).await?.map(|key| key.id);
    let keys = keys::all(app.store.read(), project.key).await?.into_iter();
    let former = keys.filter(|key| key.name == NAMED && Some(&key.id) != current.as_ref());
    Ok(former.map(|key| key.id).collect())
}

/// What a new installation says once. With TLS, the line that it prints wants the certificate with this pin and no other: its
/// names are hardly those of this machine, and whoever has made it may not be known to curl.
fn welcome(project: &str, key: &str, address: &Listen, pin: Option<&str>) {
    let scheme = if pin.is_some() { "https" } else { "http" };
    let (endpoint, mut by) = match address {
        Listen::Tcp(address) => (format!("{scheme}://{address}"), String::new()),
        Listen::Unix(path) => (format!("{scheme}://localhost"), format!("--unix-socket '{}' ", path.display())),
    };
    if let Some(pin) = pin {
        by.push_str(&format!("--insecure --pinnedpubkey '{pin}' "));
    }
    say(&format!(
        "Usher is ready. This is shown once, so keep the key:\n\
         \n\
         endpoint  {endpoint}/v1\n\
         project   {project}\n\
         key       {key}\n\
         \n\
         A first request:\n\
         \n\
         curl {by}{endpoint}/v1/users -H 'X-Appwrite-Project: {project}' -H 'X-Appwrite-Key: {key}' \
         -H 'Content-Type: application/json' -d '{{\"userId\":\"unique()\",\"email\":\"ada@example.org\",\"name\":\"Ada\"}}'\n"
    ));
}
