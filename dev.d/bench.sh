# Measures what README.md states. The figures are printed, and kept as JSON in bench-results/.
# shellcheck shell=bash

: "${root:?}" "${profile:?}" "${target_dir:?}" "${program:?program.sh sets them}"

run_benches() {
  local name
  [ $# -gt 0 ] || set -- size idle start relay
  for name in "$@"; do
    case $name in
      size | idle | start | relay | dashboard) ;;
      *) die "There is no benchmark '$name'. There are: size idle start relay dashboard" ;;
    esac
  done
  build_program || die "The build failed: the lines above say where."
  for name in "$@"; do
    case $name in
      # The browser's half is the same in both profiles, so the quick one will do.
      size) measure "$program" size ;;
      relay)
        { build_dist && build_load; } || die "The build failed: the lines above say where."
        (measure_relay)
        ;;
      dashboard)
        build_dist || die "The build failed: the lines above say where."
        (measure_dashboard)
        ;;
      *)
        build_dist || die "The build failed: the lines above say where."
        measure "$target_dir/dist/lia" "$name"
        ;;
    esac
  done
}

# The program as it is packaged: slow to compile, and what memory and speed are measured with.
build_dist() {
  say "Building the program with the profile dist"
  cargo build --locked --profile dist --package server --bin lia || return 1
  # The names of the site's files, which the program reads beside itself.
  cp "$target_dir/$profile/hash.txt" "$target_dir/dist/hash.txt"
}

# The providers' stand-in and the load generator, as fast as Lia is: a slow one would flatter her. The server's package is
# named too, so that nothing they share is compiled twice.
build_load() {
  cargo build --locked --profile dist --package server --package emulator --package load --bins
}

# Runs in a shell of its own, which stops its Postgres when it ends.
measure_relay() {
  ensure_node
  start_postgres
  # What is held open is measured on a database without a past: whoever comes to one finishes the answers that it holds.
  "$postgres_bin/psql" --quiet "$TEST_DATABASE_URL" --command='create database held'
  LIA_PROGRAM=$target_dir/dist/lia LIA_EMULATOR=$target_dir/dist/emulator LIA_LOAD=$target_dir/dist/load \
    LIA_SITE=$root/target/site LIA_POSTGRES=$TEST_DATABASE_URL LIA_POSTGRES_HELD=${TEST_DATABASE_URL%/*}/held \
    node end2end/bench/relay.js </dev/null
}

# Fills both engines and asks for what the dashboard shows. Runs in a shell of its own, as above. LIA_MESSAGES and
# LIA_USERS say how much is invented, LIA_DAYS over how many days, LIA_ENGINES on which engines.
measure_dashboard() {
  ensure_node
  start_postgres
  LIA_PROGRAM=$target_dir/dist/lia LIA_SITE=$root/target/site LIA_POSTGRES=$TEST_DATABASE_URL \
    node end2end/bench/dashboard.js </dev/null
}

take_shots() {
  { build_program && build_emulator; } || die "The build failed: the lines above say where."
  measure "$program" shots
}

# measure PROGRAM NAME ARGUMENT…: runs end2end/bench/NAME.js on a program.
measure() {
  local measured=$1 name=$2
  shift 2
  [ -x "$measured" ] || die "There is no built program yet: run './dev test build' first."
  ensure_end2end_packages
  ensure_chromium
  LIA_PROGRAM=$measured LIA_SITE=$root/target/site LIA_EMULATOR=$target_dir/$profile/emulator \
    node "end2end/bench/$name.js" "$@" </dev/null
}
