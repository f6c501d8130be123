# The stages of `./dev test`. A stage is a function `stage_NAME`; it runs in a shell of its own, and a command that fails
# ends it. What a stage starts, it stops in an EXIT trap.
# shellcheck shell=bash

: "${root:?}" "${profile:?}" "${target_dir:?}" "${program:?program.sh sets them}"

# In the order of what they cost. `chaos`, `size` and `browser` look at the program that `build` made last.
stages='
fmt      the sources are formatted
rules    the invariants that a text search or the dependency tree can hold
deny     licences, sources and bans of all dependencies
clippy   no remarks on the server, the app (ssr) and the browser half (WASM)
docs     rustdoc builds without warnings
unit     unit and integration tests, on SQLite, and on a Postgres and a Redis of their own
build    the program and the site, as ./dev run builds them
chaos    nodes, the database, Redis and the provider are killed and paused under load, and no answer is lost
size     the first load stays within its budget
browser  Playwright drives the built program in Chromium
'

list_stages() {
  printf '%s' "$stages" | sed '/^$/d'
}

run_tests() {
  local wanted="$*" started=$SECONDS failed='' table='' name about stage_started verdict
  [ -n "$wanted" ] || wanted=$(list_stages | awk '{ print $1 }' | tr '\n' ' ')
  for name in $wanted; do
    list_stages | grep -q "^$name " || die "There is no stage '$name'. There are: $(list_stages | awk '{ printf "%s ", $1 }')"
  done
  ensure_rust
  for name in $wanted; do
    about=$(list_stages | sed -n "s/^$name  *//p")
    stage_started=$SECONDS
    say "$name: $about"
    case "$name $failed " in
      size*' build '* | browser*' build '* | chaos*' build '*)
        verdict='skipped: no build'
        ;;
      *)
        # Not in a condition: there the shell would not stop a stage at a failing command.
        run_stage "$name"
        verdict=ok
        [ "$stage_status" = 0 ] || {
          verdict=FAILED
          failed="$failed $name"
        }
        ;;
    esac
    table=$table$(printf '%-8s  %-18s %12s' "$name" "$verdict" "$(duration $((SECONDS - stage_started)))")$'\n'
  done
  printf '\n%s' "$table"
  printf '%-8s  %-18s %12s\n' total '' "$(duration $((SECONDS - started)))"
  [ -z "$failed" ] || die "Failed:$failed. Its lines are above; to run only that again: ./dev test$failed"
  say "All stages passed"
}

# Runs a stage in a process group of its own, so that Ctrl-C, or an end that only this script is told of, takes all of it
# along. Sets `stage_status`.
run_stage() {
  trap 'stop_stage 130' INT
  trap 'stop_stage 143' TERM HUP
  set -m
  (
    set +m
    trap - INT TERM HUP
    "stage_$1"
  ) </dev/null &
  stage=$!
  set +m
  stage_status=0
  wait "$stage" || stage_status=$?
  stage=''
}

stop_stage() {
  trap - INT TERM HUP
  if [ -n "$stage" ]; then
    kill -TERM -- "-$stage" 2>/dev/null || true
    wait "$stage" 2>/dev/null || true
  fi
  exit "$1"
}

stage_fmt() {
  ensure_rust_component rustfmt fmt
  cargo fmt --all --check || die "Not formatted: run 'cargo fmt --all'."
}

stage_clippy() {
  ensure_rust_component clippy clippy
  ensure_wasm_target
  # The default members are all but the browser's half; the server turns the app's feature `ssr` on.
  cargo clippy --locked --profile "$profile" --all-targets -- -D warnings
  cargo clippy --locked --profile "$profile" --package frontend --target wasm32-unknown-unknown -- -D warnings
}

stage_docs() {
  RUSTDOCFLAGS='-D warnings' cargo doc --locked --profile "$profile" --no-deps
}

stage_unit() {
  start_postgres
  start_redis
  # The developer's own settings must not reach the tests, and a snapshot that differs is a failure and not a new file.
  unset DATABASE_URL REDIS_URL
  export INSTA_UPDATE="${INSTA_UPDATE:-no}"
  if have cargo-nextest; then
    cargo nextest run --locked --cargo-profile "$profile" --no-fail-fast
    # Within the workspace Markdown is the server's edition only; the browser's is another one.
    cargo nextest run --locked --cargo-profile "$profile" --no-fail-fast --package markdown
  else
    cargo test --locked --profile "$profile" --no-fail-fast --lib --bins --tests
    cargo test --locked --profile "$profile" --no-fail-fast --package markdown --lib --tests
  fi
  cargo test --locked --profile "$profile" --doc
}

stage_build() {
  build_program
  build_emulator
}

stage_chaos() {
  [ -x "$program" ] || die "There is no built program yet: run './dev test build' first."
  build_chaos
  break_things --seconds 15 --users 8
}

stage_size() {
  measure "$program" size --limit-kb 280
}

stage_browser() {
  ensure_end2end_packages
  ensure_chromium
  [ -x "$program" ] || die "There is no built program yet: run './dev test build' first."
  cd end2end || return
  LIA_PROGRAM=$program LIA_SITE=$root/target/site LIA_EMULATOR=$target_dir/$profile/emulator npx playwright test
}

stage_deny() {
  ensure_cargo_deny
  cargo deny --locked check --hide-inclusion-graph bans licenses sources
  # Only the database's absence is forgiven, never what it says.
  if timeout 60 cargo deny --locked fetch db >/dev/null 2>&1; then
    cargo deny --locked check --disable-fetch --hide-inclusion-graph advisories
  else
    say "The advisory database is out of reach: advisories are not checked"
  fi
}

stage_rules() {
  ensure_wasm_target
  local tree leaks broken=0
  tree=$(cargo tree --locked --package frontend --target wasm32-unknown-unknown --edges normal --prefix none)
  leaks=$(awk '{ print $1 }' <<<"$tree" | sort -u |
    grep -xE 'tokio|mio|hyper|sqlx.*|axum.*|leptos_axum|reqwest|backend|llm|server' | tr '\n' ' ') || true
  [ -z "$leaks" ] || {
    echo "The browser half must do no I/O, and it is compiled with: $leaks"
    broken=1
  }
  only_in axum '^(server|app/src/ssr|crates/emulator)' || broken=1
  only_in sqlx '^(crates/backend/src/db|crates/chaos|server/tests/)' || broken=1
  only_in reqwest '^(crates/llm|crates/chaos|server/tests)/' || broken=1
  [ "$broken" = 0 ] || die "An invariant of ARCHITECTURE.md is broken: the lines above say where."
}

# only_in CRATE PATHS: no source outside of PATHS (a pattern) names the crate. Comments may.
only_in() {
  local found
  found=$(grep -rnE --include='*.rs' "(^|[^_[:alnum:]])$1(::|;)" app frontend server crates |
    grep -vE "$2" | grep -vE '^[^:]+:[0-9]+:[[:space:]]*//')
  [ -z "$found" ] || {
    printf '%s may be named in %s only:\n%s\n' "$1" "$2" "$found"
    return 1
  }
}
