# Breaks a running Lia at random and checks that no answer is lost: several nodes on a Postgres and a Redis of their own,
# then one on SQLite.
# shellcheck shell=bash

: "${root:?}" "${profile:?}" "${target_dir:?}" "${program:?program.sh sets them}"

# run_chaos [ARGUMENT…]: what the program `chaos` understands, such as --seed and --seconds.
run_chaos() {
  { build_program && build_chaos; } || die "The build failed: the lines above say where."
  (break_things "$@")
}

build_chaos() {
  cargo build --locked --profile "$profile" --package server --package emulator --package chaos --bins
}

# Runs in a shell of its own, which stops its Postgres when it ends.
break_things() {
  ensure_redis
  # A server that is killed keeps what it has committed.
  start_postgres -c synchronous_commit=on
  {
    printf '#!/bin/sh\ncd /\nexec '
    [ "$(id -u)" != 0 ] || printf 'runuser -u postgres -- '
    printf '%q ' "$postgres_bin/pg_ctl" restart --wait --silent --mode=immediate --pgdata="$cluster/data" --log="$cluster/postgres.log"
    printf '</dev/null\n'
  } >"$cluster/restart"
  local chaos=("$target_dir/$profile/chaos" --program "$program" --emulator "$target_dir/$profile/emulator" --site "$root/target/site")
  "${chaos[@]}" --database "$TEST_DATABASE_URL" --restart-database "sh $cluster/restart" \
    --redis "$(command -v redis-server)" "$@"
  "${chaos[@]}" "$@"
}
