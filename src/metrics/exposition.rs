//! Everything that is counted, gathered and written down.

use super::text::{Text, fraction};
use crate::app::App;

/// All metrics in the text format of Prometheus. Each family is there from the start; labels are routes, methods, statuses,
/// and ids of projects, and never what a client sent.
pub async fn exposition(app: &App) -> String {
    let mut text = Text::default();
    let version = [("version", env!("CARGO_PKG_VERSION")), ("engine", app.store.engine().name())];
    text.gauge("usher_info", "The server that answers.").of(&version, 1);
    let begun = u64::try_from(app.metrics.begun.0).unwrap_or(0);
    text.gauge("usher_start_time_seconds", "When the server started, since the epoch.").is(fraction(begun, 1000));
    requests(&mut text, app);
    load(&mut text, app);
    database(&mut text, app);
    housekeeping(&mut text, app);
    backups(&mut text, app);
    text.counter("usher_spans_sent_total", "Spans of traces that the collector took.").is(app.spans.sent.get());
    text.counter("usher_spans_dropped_total", "Spans of traces that were lost.").is(app.spans.dropped.get());
    stock(&mut text, app).await;
    text.end()
}

fn requests(text: &mut Text, app: &App) {
    let routes = app.metrics.routes().iter().flat_map(|traffic| traffic.by.iter().map(move |by| (traffic.route, by)));
    let counted: Vec<_> = routes.map(|(route, by)| (route, by.method, by.together())).collect();
    let mut requests = text.counter("usher_requests_total", "Requests that were answered.");
    for (route, method, counts) in &counted {
        for (status, count) in counts.statuses() {
            requests.of(&[("route", route), ("method", method), ("status", &status)], count);
        }
    }
    let mut seconds = text.histogram("usher_request_seconds", "From the head of a request to the head of its answer.");
    for (route, method, counts) in counted.iter().filter(|(_, _, counts)| counts.statuses().next().is_some()) {
        seconds.seen(&[("route", route), ("method", method)], &counts.micros, 1_000_000);
    }
}

fn load(text: &mut Text, app: &App) {
    text.gauge("usher_connections", "Connections of clients.").is(app.metrics.connections.get());
    text.gauge("usher_connections_max", "USHER_CONNECTIONS.").is(app.config.connections);
    text.counter("usher_connections_refused_total", "Connections beyond the limit, on which only health is answered.")
        .is(app.metrics.crowd.get());
    let mut expires = text.gauge("usher_tls_expires_seconds", "When the certificate expires, since the epoch.");
    if let Some(tls) = &app.tls {
        expires.is(fraction(u64::try_from(tls.certificate().expires.0).unwrap_or(0), 1000));
    }
    let places = app.admission.places();
    text.gauge("usher_places_taken", "Requests that are answered at the moment.").is(places.taken);
    text.gauge("usher_places_max", "USHER_REQUESTS.").is(places.most);
    text.gauge("usher_places_waiting", "Requests that wait for a place.").is(places.waiting);
    text.counter("usher_places_refused_total", "Requests that found no place in time.").is(places.refused);
    let mut rooms = text.gauge("usher_room_bytes", "Memory that large bodies and answers take.");
    for (room, bytes) in app.admission.rooms() {
        rooms.of(&[("room", room)], bytes);
    }
    let hashing = app.hashing.load();
    text.gauge("usher_hash_waiting", "Passwords that wait to be hashed.").is(hashing.waiting);
    text.gauge("usher_hash_queue_max", "USHER_HASH_QUEUE.").is(hashing.queue);
    text.gauge("usher_hash_workers_busy", "Threads that hash at the moment.").is(hashing.busy);
    text.gauge("usher_hash_workers", "USHER_HASH_WORKERS.").is(hashing.workers);
    text.counter("usher_hash_refused_total", "Passwords that were turned away.").is(hashing.refused);
    text.counter("usher_hash_computed_total", "Hashes that were computed.").is(app.hashing.hashes_run());
    let mut lookups = text.counter("usher_lookups_total", "Projects and keys that were looked up, and where.");
    for (of, lookups_of) in [("project", &app.registry.project_lookups), ("key", &app.registry.key_lookups)] {
        for (from, count) in lookups_of.totals() {
            lookups.of(&[("of", of), ("from", from)], count);
        }
    }
}

fn database(text: &mut Text, app: &App) {
    let pools = app.store.pools();
    let mut used = text.gauge("usher_database_connections_used", "Connections to the database in use.");
    for pool in &pools {
        used.of(&[("pool", pool.name)], pool.used);
    }
    let mut open = text.gauge("usher_database_connections", "Connections to the database that are open.");
    for pool in &pools {
        open.of(&[("pool", pool.name)], pool.open);
    }
    let mut most = text.gauge("usher_database_connections_max", "Connections to the database that there may be.");
    for pool in &pools {
        if let Some(limit) = pool.most {
            most.of(&[("pool", pool.name)], limit);
        }
    }
    let mut waiting = text.gauge("usher_database_waiting", "Requests that wait for a connection to the database.");
    for pool in &pools {
        waiting.of(&[("pool", pool.name)], pool.waiting);
    }
    let mut errors = text.counter("usher_database_errors_total", "Requests that the database failed, by what it said.");
    for (kind, count) in app.metrics.database_errors.all() {
        errors.of(&[("kind", kind)], count);
    }
    let mut jobs = text.histogram("usher_commit_jobs", "Writes that shared a commit of SQLite.");
    let commits = app.store.commits();
    if let Some(commits) = commits {
        jobs.seen(&[], &commits.jobs, 1);
    }
    let mut lost = text.counter("usher_commits_failed_total", "Commits of SQLite that failed.");
    if let Some(commits) = commits {
        lost.is(commits.failed.get());
    }
}

fn housekeeping(text: &mut Text, app: &App) {
    let done = &app.metrics.housekeeping;
    let mut removed = text.counter("usher_housekeeping_removed_total", "Rows that were removed since they were over.");
    for (what, rows) in done.removed.all() {
        removed.of(&[("of", what)], rows);
    }
    text.counter("usher_housekeeping_failed_total", "Times that housekeeping failed.").is(done.failed.get());
    text.gauge("usher_housekeeping_last_seconds", "When this server last kept house, since the epoch; 0 is never.")
        .is(fraction(done.last.get(), 1000));
}

fn backups(text: &mut Text, app: &App) {
    let done = &app.metrics.backups;
    text.counter("usher_backup_made_total", "Copies of the database that were made.").is(done.made.get());
    text.counter("usher_backup_failed_total", "Copies of the database that failed.").is(done.failed.get());
    text.gauge("usher_backup_last_seconds", "The time of the newest copy, since the epoch; 0 is never.")
        .is(fraction(done.last.get(), 1000));
    text.gauge("usher_backup_every_seconds", "USHER_BACKUP_EVERY; 0 without USHER_BACKUP_FOLDER.").is(app
        .config
        .backups
        .as_ref()
        .map_or(0, |backups| backups.every.as_secs()));
}

async fn stock(text: &mut Text, app: &App) {
    let counts = app.metrics.stock.counts(app).await;
    let mut users = text.gauge("usher_users", "Users of a project.");
    for count in counts.iter() {
        users.of(&[("project", &count.project)], count.users);
    }
    let mut sessions = text.gauge("usher_sessions", "Sessions of a project, with ended ones that are still there.");
    for count in counts.iter() {
        sessions.of(&[("project", &count.project)], count.sessions);
    }
}
