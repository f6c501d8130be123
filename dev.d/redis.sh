# A Redis of our own for the tests: it keeps nothing on disk, and is gone when the shell that started it ends.
# shellcheck shell=bash

ensure_redis() {
  have redis-server || { try_system_package redis-server && have redis-server; } ||
    die "The Redis server is missing: install the package redis-server; it need not be started."
}

# Starts it and exports TEST_REDIS_URL. Call it in a subshell, as start_postgres.
start_redis() {
  ensure_redis
  local password attempt port
  password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
  # Not local: what stops it outlives this function.
  redis_folder=$(mktemp -d /tmp/lia-redis.XXXXXX)
  at_exit stop_redis
  # In a file, because everybody may see arguments.
  printf 'requirepass %s\n' "$password" >"$redis_folder/redis.conf"
  # Two users of one machine may choose the same port at the same moment; the second tries another.
  for attempt in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 20000))
    ! port_is_taken "$port" || continue
    redis-server "$redis_folder/redis.conf" --port "$port" --bind 127.0.0.1 --save '' --appendonly no \
      --dir "$redis_folder" >"$redis_folder/redis.log" 2>&1 &
    redis_process=$!
    if answers_soon "$port"; then
      export TEST_REDIS_URL="redis://default:$password@127.0.0.1:$port"
      say "Redis $(redis-server --version | sed 's/.* v=\([^ ]*\).*/\1/') runs on port $port"
      return 0
    fi
  done
  die "Redis did not start ($attempt attempts): $(tail -n 1 "$redis_folder/redis.log")"
}

# answers_soon PORT: whether the process that was started last listens there within five seconds.
answers_soon() {
  local turn
  for turn in $(seq 100); do
    ! port_is_taken "$1" || return 0
    kill -0 "$redis_process" 2>/dev/null || return 1
    sleep 0.05
  done
  return 1
}

stop_redis() {
  kill "$redis_process" 2>/dev/null || true
  wait "$redis_process" 2>/dev/null || true
  rm -rf "$redis_folder"
}
