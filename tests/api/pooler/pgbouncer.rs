//! A `PgBouncer` of a test's own, before the PostgreSQL that a URL names.

use crate::crash::cluster::Servant;

/// What starts one, and does what words say.
const SCRIPT: &str = r#"
. scripts/lib.sh
find_pgbouncer || exit 0
user="$1" password="$2" host="$3" pg_port="$4" settings="$5"
dir="$(new_folder)" port="$(free_port)"
cat >"$dir/ini" <<CONF
[databases]
* = host=$host port=$pg_port
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
pidfile = $dir/run/pid
auth_type = scram-sha-256
auth_file = $dir/users
server_login_retry = 1
$settings
CONF
(umask 077 && echo "\"$user\" \"$password\"" >"$dir/users")
mkdir "$dir/run"
if [ "$(id -u)" = 0 ]; then chown "$(as_postgres id -u)" "$dir/users" "$dir/run"; fi
restart_pooler() {
  as_postgres "$pgbouncer" "$dir/ini" >>"$dir/log" 2>&1 </dev/null &
  job=$!
  until [ -s "$dir/run/pid" ] && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do kill -0 "$job" || return 1; sleep 0.02; done
}
kill_pooler() {
  kill -KILL "$(cat "$dir/run/pid")" 2>/dev/null
  wait "$job" 2>/dev/null
  rm -f "$dir/run/pid"
}
trap 'kill_pooler; rm -rf "$dir"' EXIT
restart_pooler || { cat "$dir/log" >&2; exit 1; }
echo "127.0.0.1:$port"
while read -r word; do "${word}_pooler" && echo "$word"; done
"#;

pub struct PgBouncer {
    servant: Servant,
    /// The same database, through it.
    pub url: String,
}

impl PgBouncer {
    /// Starts one with these lines of settings; none where it is not installed.
    pub fn start(url: &str, settings: &str) -> Option<Self> {
        let (account, place) = url.strip_prefix("postgres://").unwrap().split_once('@').unwrap();
        let (user, password) = account.split_once(':').unwrap();
        let (server, database) = place.split_once('/').unwrap();
        let (host, port) = server.split_once(':').unwrap_or((server, "5432"));
        let (servant, address) = Servant::start(SCRIPT, &[user, password, host, port, settings])?;
        Some(Self { servant, url: format!("postgres://{account}@{address}/{database}") })
    }

    /// Another database of the same server, through it.
    pub fn to(&self, url: &str) -> String {
        let (this, _) = self.url.rsplit_once('/').unwrap();
        let (_, database) = url.rsplit_once('/').unwrap();
        format!("{this}/{database}")
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        self.servant.order("kill");
    }

    /// Starts it where it was; it takes connections when this returns.
    pub fn restart(&mut self) {
        self.servant.order("restart");
    }
}
