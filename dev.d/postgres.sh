# A Postgres of our own for the tests: a fresh cluster in a temporary folder, gone when the shell that started it ends.
# shellcheck shell=bash

# Finds the server's programs (they are not on PATH everywhere) and sets `postgres_bin`.
find_postgres() {
  local folder
  for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin | sort -rV) "$(dirname "$(command -v initdb || echo /-/-)")"; do
    if [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ]; then
      postgres_bin=$folder
      return 0
    fi
  done
  return 1
}

ensure_postgres() {
  find_postgres || { try_system_package postgresql && find_postgres; } ||
    die "The Postgres server is missing: install the package postgresql; it need not be started."
}

# Postgres refuses to run as root: then it runs as the user its package made.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && runuser -u postgres -- "$@")
  else
    "$@"
  fi
}

# start_postgres [OPTION…]: starts the cluster, with more options for the server, and exports TEST_DATABASE_URL. Call it in
# a subshell: what stops the cluster runs when that ends.
start_postgres() {
  ensure_postgres
  local password attempt port
  password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
  # Always in /tmp: the user postgres may not enter root's own temporary folder, and a socket's path must be short.
  # Not local: the trap outlives this function.
  cluster=$(mktemp -d /tmp/lia-postgres.XXXXXX)
  at_exit stop_postgres
  printf '%s\n' "$password" >"$cluster/password"
  [ "$(id -u)" != 0 ] || chown -R postgres "$cluster"
  as_postgres "$postgres_bin/initdb" --pgdata="$cluster/data" --username=postgres --pwfile="$cluster/password" \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync >"$cluster/initdb.log" 2>&1 ||
    die "initdb failed: $(tail -n 1 "$cluster/initdb.log")"
  # Two users of one machine may choose the same port at the same moment; the second tries another.
  for attempt in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 20000))
    ! port_is_taken "$port" || continue
    if as_postgres "$postgres_bin/pg_ctl" start --wait --silent --pgdata="$cluster/data" --log="$cluster/postgres.log" \
      --options="-p $port -h 127.0.0.1 -k $cluster -F -c full_page_writes=off -c synchronous_commit=off -c max_connections=300 $*" </dev/null; then
      export TEST_DATABASE_URL="postgres://postgres:$password@127.0.0.1:$port/postgres"
      say "Postgres $("$postgres_bin/postgres" --version | awk '{ print $3 }') runs on port $port"
      return 0
    fi
  done
  die "Postgres did not start ($attempt attempts): $(tail -n 1 "$cluster/postgres.log")"
}

stop_postgres() {
  as_postgres "$postgres_bin/pg_ctl" stop --mode=immediate --silent --pgdata="$cluster/data" >/dev/null 2>&1 || true
  rm -rf "$cluster"
}
