//! Clients that write and read through all servers in turn, one of which is killed in the middle and started again.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::runtime::Handle;
use usher::config::DatabaseUrl;

use super::{DEMO, NODES, Node, PATIENCE, start_demo};
use crate::crash::writer::Writer;
use crate::crash::{Dice, client, consistency, say, seed};
use crate::program::Place;
use crate::store::schema::Outside;

/// Writers at the same time.
const WRITERS: u64 = 6;

/// Writes that are answered before the kill, from it to the new start, and from there to the end.
const WRITES: usize = 150;

/// Where the servers listen, and what their connections are called.
type Known = Arc<Mutex<Vec<(SocketAddr, String)>>>;

/// PostgreSQL ends what a server that is gone has begun. Until then the outcome is open.
async fn ended(database: &DatabaseUrl, name: &str) {
    let mut outside = Outside::at(database).await;
    let begun = format!("SELECT CAST(count(*) AS TEXT) FROM pg_stat_activity WHERE application_name = '{name}'");
    let end = Instant::now() + PATIENCE;
    while outside.text(&begun).await != "0" {
        assert!(Instant::now() < end, "{name} left a request without an answer, and its connections do not end");
        tokio::task::yield_now().await;
    }
}

/// Writes through all servers in turn until it is told to stop. Where one does not answer, another one tells what became of the
/// write. How often that was.
fn write(writer: &mut Writer, known: &Known, database: &DatabaseUrl, mut answered: impl FnMut() -> bool) -> usize {
    let runtime = Handle::current();
    let (mut turn, mut gaps) = (0, 0);
    loop {
        turn += 1;
        let (address, name) = known.lock().unwrap()[turn % NODES].clone();
        if writer.write(address) {
            if !answered() {
                return gaps;
            }
            continue;
        }
        gaps += 1;
        runtime.block_on(ended(database, &name));
        let other = known.lock().unwrap().iter().find(|(_, other)| *other != name).unwrap().0;
        writer.check(other);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_the_kill_of_one() {
    let Some(place) = Place::postgres().await else { return };
    let seed = seed();
    say(&format!("USHER_TEST_SEED={seed}"));
    let mut dice = Dice(seed);
    let mut nodes = start_demo(&place);
    let known: Known = Arc::new(Mutex::new(nodes.iter().map(|node| (node.address(), node.name.clone())).collect()));
    let (tell, told) = channel();
    let stop = Arc::new(AtomicBool::new(false));
    let (runtime, database) = (Handle::current(), place.database());
    let threads: Vec<_> = (0..WRITERS)
        .map(|number| {
            let mut writer = Writer::new(number, dice.below(u64::MAX));
            let (known, database, tell, stop) = (Arc::clone(&known), database.clone(), tell.clone(), Arc::clone(&stop));
            let runtime = runtime.clone();
            std::thread::spawn(move || {
                let _inside = runtime.enter();
                let answered = || {
                    let _ = tell.send(());
                    !stop.load(Ordering::Relaxed)
                };
                let gaps = write(&mut writer, &known, &database, answered);
                (writer, gaps)
            })
        })
        .collect();
    let wait = || (0..WRITES).for_each(|_| told.recv_timeout(PATIENCE).expect("the writers are answered"));
    wait();
    let killed = nodes.remove(1);
    killed.server.signal("KILL");
    assert_eq!(killed.server.ended().0.code(), None, "it was killed");
    wait();
    let again = Node::spawn(&place, "node1-again", &DEMO).listening();
    known.lock().unwrap()[1] = (again.address(), again.name.clone());
    nodes.insert(1, again);
    wait();
    stop.store(true, Ordering::Relaxed);
    let (mut writers, mut gaps) = (Vec::new(), 0);
    for thread in threads {
        let (writer, some) = thread.join().expect("a writer");
        writers.push(writer);
        gaps += some;
    }
    assert!(gaps > 0, "nobody has noticed that a server was killed");
    let users: usize = writers.iter().map(Writer::users).sum();
    for node in &nodes {
        writers.iter_mut().for_each(|writer| writer.check(node.address()));
        assert_eq!(client::get(node.address(), "/v1/users?queries[]=limit(1)")["total"], users);
    }
    consistency::check(&database).await;
    for node in nodes {
        node.server.stop();
    }
    place.remove().await;
}
