# Builds the program and serves it.
# shellcheck shell=bash

: "${root:?the folder of the repository, which dev sets}"

# The profile of the program in `run` and `test`: a release that compiles quickly. Cargo.toml says the same to
# cargo-leptos.
profile=quick
target_dir=${CARGO_TARGET_DIR:-$root/target}
program=$target_dir/$profile/lia

# cargo-leptos sets this name when it compiles. Setting it for every other cargo command as well keeps them from
# compiling leptos and all above it a second time.
export LEPTOS_OUTPUT_NAME=lia

# Where RUSTFLAGS is set, cargo does not look at those of .cargo/config.toml, without which pages do not come to life.
[ -z "${RUSTFLAGS:-}" ] || export RUSTFLAGS="$RUSTFLAGS --cfg erase_components"

build_program() {
  ensure_build_tools
  cargo leptos build --release --split --precompress --cargo-locked </dev/null
  node "$root/dev.d/shorten.mjs" "$root/target/site/pkg"
}

# The providers' stand-in for browser tests and benchmarks. The server's package is named too, so that both use the same
# features of what they share and nothing is compiled twice.
build_emulator() {
  cargo build --locked --profile "$profile" --package server --package emulator --bins
}

# setting NAME DEFAULT: a setting as the program will read it: the environment, then .env, then the default.
setting() {
  local name=$1 default=$2 value=${!1:-}
  if [ -z "$value" ] && [ -f .env ]; then
    value=$(sed -n "s/^[[:space:]]*${name}[[:space:]]*=[[:space:]]*[\"']\{0,1\}\([^\"'#[:space:]]*\).*/\1/p" .env | tail -n 1)
  fi
  printf '%s' "${value:-$default}"
}

# Whether something accepts connections at a port of this machine.
port_is_taken() {
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

run_program() {
  local started=$SECONDS port
  port=$(setting PORT 8000)
  # Asked before the build, so that nobody waits for minutes to be told.
  ! port_is_taken "$port" || die "Port $port is in use: stop what runs there, or choose another: PORT=8001 ./dev run"
  say "Building Lia (the first time this takes some minutes)"
  build_program || die "The build failed: the lines above say where."
  say "Built in $(duration $((SECONDS - started)))"
  say "Starting Lia at http://$(setting HOST 127.0.0.1):$port; her data lies in $(setting LIA_DATA_DIR ./data); Ctrl-C stops her"
  exec "$program" serve "$@"
}

watch_program() {
  ensure_build_tools
  say "Building for development; every change of a file builds and restarts Lia on http://127.0.0.1:$(setting PORT 8000)"
  exec cargo leptos watch --split -- serve "$@"
}
