# Shared by the scripts in this folder; sourced, never run.
# shellcheck shell=bash

# shellcheck disable=SC2034 # used by the scripts
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# ---------------------------------------------------------------- packages

apt_updated=

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif have sudo; then sudo "$@"
  else die "cannot run '$*': neither root nor sudo is available"
  fi
}

apt_update() {
  [ -z "$apt_updated" ] || return 0
  apt_updated=yes
  say "apt-get update"
  as_root apt-get update -qq >&2
}

# apt_install WHAT PACKAGE...   WHAT is named when there is no apt-get.
apt_install() {
  local what="$1"; shift
  have apt-get || die "$what is missing and there is no apt-get to install it with; install it and run this again"
  say "installing $what: $*"
  apt-cache show "$@" >/dev/null 2>&1 || apt_update
  # Old package lists name files that are gone: refresh them once and try again.
  apt_get_install "$@" || { apt_update && apt_get_install "$@"; } || die "could not install $what ($*)"
}

apt_get_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" >/dev/null
}

need_cargo() {
  have cargo || die "cargo is missing: install the Rust toolchain with rustup"
  have cc || apt_install "a C compiler" gcc libc6-dev
  local part
  for part in fmt clippy; do
    cargo "$part" --version >/dev/null 2>&1 && continue
    have rustup || die "cargo $part is missing: install it with rustup"
    rustup component add "$([ "$part" = fmt ] && echo rustfmt || echo clippy)" >&2
  done
}

# need_tool NAME VERSION: installed by cargo, without optimisation, which would take longer than it saves.
need_tool() {
  [ "$(cargo "${1#cargo-}" --version 2>/dev/null | awk '{ print $NF }')" = "$2" ] && return
  say "installing $1 $2"
  cargo install --quiet --locked --debug --force "$1" --version "$2"
}

need_sdk_tools() {
  have node || apt_install "Node.js" nodejs
  have npm || apt_install "npm" npm
  local major
  major="$(node -p 'process.versions.node.split(".")[0]')"
  [ "$major" -ge 18 ] || die "Node.js $major is too old for the SDK harness: 18 or newer is needed"
  have python3 || apt_install "Python" python3
  python3 -m pip --version >/dev/null 2>&1 || apt_install "pip" python3-pip
}

# The browser in which the web SDK runs.
need_chromium() { have chromium || apt_install "Chromium" chromium; }

# ---------------------------------------------------------------- ports and folders

free_port() {
  local port _
  for _ in $(seq 50); do
    port=$((20000 + RANDOM % 10000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  die "no free port found"
}

random_text() { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

# A folder below the usual temporary one that other users may pass through, but not list.
new_folder() {
  local dir
  dir="$(mktemp -d)" || die "no temporary folder"
  chmod 711 "$dir"
  echo "$dir"
}

# The same in memory, where there is room for it and programs may run: for what is made and removed all the time and need not last.
new_folder_in_memory() {
  local free
  free="$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)"
  if [ -w /dev/shm ] && [ "${free:-0}" -ge 4194304 ] && ! grep ' /dev/shm ' /proc/mounts | grep -qw noexec; then
    TMPDIR=/dev/shm new_folder
  else
    new_folder
  fi
}

# Where cargo puts the program, built alone or with the tests.
development_build() {
  local target
  target="$(cd "$root" && cargo metadata --locked --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')"
  echo "$target/debug/usher"
}

release_build() {
  local build
  build="$(development_build)"
  echo "${build%/debug/usher}/release/usher"
}

# The program under test: USHER_BIN, else the development build.
find_usher() {
  if [ -n "${USHER_BIN:-}" ]; then
    [ -x "$USHER_BIN" ] || die "USHER_BIN=$USHER_BIN is not a program"
    usher="$(cd "$(dirname "$USHER_BIN")" && pwd)/$(basename "$USHER_BIN")"
    return
  fi
  (cd "$root" && cargo build --locked --bin usher) || die "the server does not build"
  usher="$(development_build)"
  [ -x "$usher" ] || die "no program at $usher after the build"
}

# ---------------------------------------------------------------- a throwaway PostgreSQL

pg_bin=
pg_dir=
pg_job=
pg_port=
pg_from=

find_postgres() {
  local dir
  for dir in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5 -rn) "$(dirname "$(command -v initdb || echo /)")"; do
    if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ] && [ -x "$dir/psql" ]; then
      pg_bin="$dir"
      return 0
    fi
  done
  return 1
}

need_postgres() {
  find_postgres && return
  # Debian's package would also make and start a cluster of its own; only the programs are wanted.
  local conf=/etc/postgresql-common/createcluster.conf
  if ! dpkg -s postgresql-common >/dev/null 2>&1; then
    apt_install "PostgreSQL" postgresql-common
    as_root cp -p "$conf" "$conf.usher"
    as_root sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' "$conf"
  fi
  apt_install "PostgreSQL" postgresql
  if [ -f "$conf.usher" ]; then as_root mv "$conf.usher" "$conf"; fi
  find_postgres || die "PostgreSQL was installed, but initdb and postgres are not found"
}

pgbouncer=

find_pgbouncer() {
  pgbouncer="$(PATH="$PATH:/usr/sbin" command -v pgbouncer)"
}

need_pgbouncer() {
  find_pgbouncer && return
  apt_install "PgBouncer" pgbouncer
  # Debian's package starts one; only the program is wanted.
  if have systemctl; then as_root systemctl disable --now pgbouncer >/dev/null 2>&1; fi
  find_pgbouncer || die "PgBouncer was installed, but is not found"
}

# The PostgreSQL server refuses to run as root. The home folder is not the caller's, so that nothing of it is read.
as_postgres() (
  cd / || exit 1
  if [ "$(id -u)" != 0 ]; then exec "$@"; fi
  user=nobody
  if id postgres >/dev/null 2>&1; then user=postgres; fi
  exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups env HOME=/ "$@"
)

# start_postgres [SETTING...]   Starts a server on a free port of the loopback interface and sets TEST_POSTGRES_URL.
# Without settings it is one for tests, which keeps nothing safe. With pg_from its data are a copy of what
# keep_postgres kept there.
start_postgres() {
  local password port try
  # A worker of autovacuum is the superuser's and could not be ended by the role that drops a test's database.
  if [ $# = 0 ] && [ -z "$pg_from" ]; then
    pg_dir="$(new_folder_in_memory)"
    set -- fsync=off full_page_writes=off autovacuum=off max_connections=300
  else
    pg_dir="$(new_folder)"
  fi
  if [ -n "$pg_from" ]; then
    cp -a "$pg_from/data" "$pg_from/password" "$pg_dir" || die "no copy of $pg_from"
    password="$(cat "$pg_dir/password")"
  else
    password="$(random_text)"
    make_cluster "$password" "$@"
  fi

  # A child of this script and not of pg_ctl, so that it can be waited for.
  for try in 1 2 3 4 5; do
    port="$(free_port)" pg_port="$port"
    as_postgres "$pg_bin/postgres" -D "$pg_dir/data" -p "$port" >"$pg_dir/server.log" 2>&1 </dev/null &
    pg_job=$!
    if postgres_ready "$port"; then break; fi
    end_postgres
    [ "$try" -lt 5 ] || { cat "$pg_dir/server.log" >&2; die "PostgreSQL does not start"; }
  done

  # As in production: a role that may create databases, but no superuser.
  [ -n "$pg_from" ] || PGPASSWORD="$password" psql_at "postgres://postgres@127.0.0.1:$port/postgres" \
    -c "CREATE ROLE usher LOGIN CREATEDB PASSWORD '$password'" || die "PostgreSQL does not answer"
  export TEST_POSTGRES_URL="postgres://usher:$password@127.0.0.1:$port/postgres"
  say "PostgreSQL $("$pg_bin/postgres" --version | sed 's/[^0-9]*\([0-9.]*\).*/\1/') on port $port"
}

# make_cluster PASSWORD SETTING...
make_cluster() {
  (umask 077 && echo "$1" >"$pg_dir/password")
  mkdir "$pg_dir/data"
  if [ "$(id -u)" = 0 ]; then chown -R "$(as_postgres id -u)" "$pg_dir/data" "$pg_dir/password"; fi
  # A language's sort order, not bytes: the server under test must not depend on the database's own.
  local log="$pg_dir/initdb.log" init=("$pg_bin/initdb" -D "$pg_dir/data" -U postgres --encoding=UTF8 --locale=C
    --auth=scram-sha-256 --pwfile="$pg_dir/password" --no-sync)
  if ! as_postgres "${init[@]}" --locale-provider=icu --icu-locale=en-US >"$log" 2>&1; then
    as_postgres "${init[@]}" >"$log" 2>&1 || { cat "$log" >&2; die "initdb failed"; }
  fi
  as_postgres tee -a "$pg_dir/data/postgresql.conf" >/dev/null <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
log_min_messages = warning
$(printf '%s\n' "${@:2}")
CONF
}

# keep_postgres FOLDER   Stops the server and keeps its data there for pg_from.
keep_postgres() {
  as_postgres "$pg_bin/pg_ctl" -D "$pg_dir/data" -m fast -w -t 300 stop >/dev/null 2>&1 </dev/null
  mkdir -p "$1"
  cp -a "$pg_dir/data" "$pg_dir/password" "$1" || die "nothing was kept in $1"
  stop_postgres
}

# The line "ready" in the pid file belongs to this server, unlike an answer on the port.
postgres_ready() {
  local end=$((SECONDS + 60))
  while [ "$SECONDS" -lt "$end" ] && kill -0 "$pg_job" 2>/dev/null; do
    if [ "$(sed -n '8{s/ *$//;p}' "$pg_dir/data/postmaster.pid" 2>/dev/null)" = ready ]; then return 0; fi
    sleep 0.05
  done
  return 1
}

# kill_postgres   Ends the server at once, as a machine does that fails; restart_postgres starts it again where it was.
kill_postgres() {
  local main
  main="$(head -n 1 "$pg_dir/data/postmaster.pid")"
  # The main process first: it would start its children anew.
  # shellcheck disable=SC2046 # a list of numbers
  kill -STOP "$main" && kill -KILL $(ps -A -o pid=,ppid= | awk -v main="$main" '$2 == main { print $1 }') "$main"
  wait "$pg_job" 2>/dev/null
  # It says that the server is ready.
  rm -f "$pg_dir/data/postmaster.pid"
}

restart_postgres() {
  as_postgres "$pg_bin/postgres" -D "$pg_dir/data" -p "$pg_port" >>"$pg_dir/server.log" 2>&1 </dev/null &
  pg_job=$!
  postgres_ready || { cat "$pg_dir/server.log" >&2; die "PostgreSQL does not start again"; }
}

end_postgres() {
  if [ -f "$pg_dir/data/postmaster.pid" ]; then
    as_postgres "$pg_bin/pg_ctl" -D "$pg_dir/data" -m immediate -w -t 30 stop >/dev/null 2>&1 </dev/null
  fi
  if [ -n "$pg_job" ]; then wait "$pg_job" 2>/dev/null; fi
  pg_job=
}

stop_postgres() {
  [ -n "$pg_dir" ] || return 0
  end_postgres
  rm -rf "$pg_dir"
  pg_dir=
}

# psql_at URL ARGUMENT...
psql_at() {
  local url="$1" program=psql; shift
  if [ -n "$pg_bin" ] && [ -x "$pg_bin/psql" ]; then program="$pg_bin/psql"; fi
  "$program" -X -q -v ON_ERROR_STOP=1 "$url" "$@"
}

# ---------------------------------------------------------------- a server to measure

measured=
measured_dir=
measured_database=

# Sets usher to USHER_BIN, else to the release build of what is here, and measured_dir to an empty folder.
need_to_measure() {
  need_cargo
  have curl || apt_install "curl" curl
  have wrk || apt_install "wrk" wrk
  if [ -z "${USHER_BIN:-}" ]; then
    (cd "$root" && cargo build -q --release --locked --bin usher) || die "the server does not build"
    USHER_BIN="$(release_build)"
  fi
  find_usher
  measured_dir="$(new_folder)"
  measured_key="$(random_text)"
  guest=(-H "X-Appwrite-Project: measure" -H "Content-Type: application/json")
  admin=("${guest[@]}" -H "X-Appwrite-Key: $measured_key")
}

# built NAME   The program of that benchmark.
built() {
  (cd "$root" && cargo bench -q --locked --no-run --bench "$1" --message-format=json) |
    sed -n "s/.*\"name\":\"$1\".*\"executable\":\"\([^\"]*\)\".*/\1/p" | tail -n 1
}

# new_database sqlite|postgres   Makes an empty database and sets measured_url.
new_database() {
  case "$1" in
    sqlite)
      rm -f "$measured_dir"/usher.db*
      measured_url="sqlite:$measured_dir/usher.db" ;;
    postgres)
      drop_database
      measured_database="usher_measure_$$"
      psql_at "${TEST_POSTGRES_URL:?scripts/with-postgres sets it}" -c "CREATE DATABASE $measured_database" \
        || die "no database"
      measured_url="${TEST_POSTGRES_URL%/*}/$measured_database" ;;
    *) die "'$1' is neither sqlite nor postgres" ;;
  esac
}

drop_database() {
  [ -n "$measured_database" ] || return 0
  psql_at "$TEST_POSTGRES_URL" -c "DROP DATABASE IF EXISTS $measured_database WITH (FORCE)" 2>/dev/null
  measured_database=
}

# run_server [NAME=VALUE...]   Starts the server on that database, with these variables and the caller's. Sets measured
# (its process), address, and curl's and wrk's options for requests with a key (admin) and without (guest). It does not
# answer yet.
run_server() {
  local port
  port="$(free_port)"
  listen="127.0.0.1:$port" address="http://127.0.0.1:$port"
  (cd "$measured_dir" && exec env DATABASE_URL="$measured_url" USHER_PROJECT_ID=measure USHER_API_KEY="$measured_key" \
    USHER_LISTEN="$listen" "$@" "$usher" 2>"$measured_dir/log") &
  measured=$!
}

await_server() {
  local end=$((SECONDS + 120))
  until curl -sf -o /dev/null "$address/readyz"; do
    if [ "$SECONDS" -ge "$end" ] || ! kill -0 "$measured" 2>/dev/null; then
      cat "$measured_dir/log" >&2
      die "the server does not answer"
    fi
    sleep 0.05
  done
}

# start_measured sqlite|postgres [NAME=VALUE...]   Starts the server on a database of its own, and waits for it.
start_measured() {
  new_database "$1"
  run_server "${@:2}"
  await_server
}

end_server() {
  if [ -n "$measured" ]; then kill "$measured" 2>/dev/null; wait "$measured" 2>/dev/null; fi
  measured=
}

stop_measured() {
  end_server
  drop_database
  if [ -n "$measured_dir" ]; then rm -rf "$measured_dir"; fi
  measured_dir=
}

# CPU time of a process so far, in ns, with that of its threads that have ended; to a clock tick.
process_time() {
  sed 's/.*) //' "/proc/$1/stat" | awk -v ticks="$(getconf CLK_TCK)" '{ printf "%.0f\n", ($12 + $13) / ticks * 1e9 }'
}

# CPU time of the server so far, in ns. Finer than clock ticks, but without threads that have ended.
cpu_time() { cat "/proc/$measured/task/"*/schedstat 2>/dev/null | awk '{ sum += $1 } END { printf "%.0f\n", sum }'; }

# CPU time of the throwaway PostgreSQL so far, in ns: of its processes, and of those that have ended.
postgres_time() {
  local main children
  read -r main <"$pg_dir/data/postmaster.pid"
  mapfile -t children < <(pgrep -P "$main" | sed 's|.*|/proc/&/schedstat|')
  {
    cat "/proc/$main/schedstat" "${children[@]}" 2>/dev/null
    sed 's/.*) //' "/proc/$main/stat" | awk -v ticks="$(getconf CLK_TCK)" '{ printf "%.0f\n", ($14 + $15) / ticks * 1e9 }'
  } | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# load CLIENTS SECONDS URL WHICH METHOD PATH [BODY...]   Asks without a pause, with the headers in admin; what the
# other arguments mean and what it prints stands in benches/load.lua.
load() {
  wrk -t $(($1 > 1 ? 2 : 1)) -c "$1" -d "$2" --timeout 60s "${admin[@]}" -s "$root/benches/load.lua" "$3" -- \
    "${@:4}" | tail -n 1
}

# reads CLIENTS SECONDS PATH   Reads without a pause.
reads() { load "$1" "$2" "$address" random:1 GET "$3"; }

# percentile P   of the numbers on standard input, the smallest that at least P % of them do not exceed.
percentile() {
  sort -g | awk -v p="$1" '{ n[NR] = $1 }
    END { i = p / 100 * NR; i = i > int(i) ? int(i) + 1 : i; print n[i < 1 ? 1 : i] }'
}
