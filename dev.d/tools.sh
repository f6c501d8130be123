# Brings the tools that the build and the tests need. Every function here may be called again at no cost, and by two
# checkouts at once: a tool is built under a temporary name and renamed when it is whole.
# shellcheck shell=bash

: "${root:?the folder of the repository, which dev sets}"

tools=${LIA_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/lia/tools}
case $tools in
  /*) ;;
  *) tools=$root/$tools ;;
esac

cargo_binstall_version=1.24.0
cargo_leptos_version=0.3.10
cargo_deny_version=0.20.2
binaryen_version=132

# ensure_tool NAME VERSION PROGRAM INSTALLER…: puts PROGRAM (a path inside the tool's folder) on PATH, and runs
# `INSTALLER… FOLDER` first where it is missing.
ensure_tool() {
  local name=$1 version=$2 program=$3
  shift 3
  local home=$tools/$name-$version
  if [ ! -x "$home/$program" ]; then
    mkdir -p "$tools" || die "Cannot write to $tools: set LIA_TOOLS to a folder for tools."
    (install_tool "$home" "$name" "$version" "$program" "$@") || exit 1
  fi
  PATH=$home/$(dirname "$program"):$PATH
}

# Runs in a shell of its own, so that the lock and the temporary folder go with it, however it ends.
install_tool() {
  local home=$1 name=$2 version=$3 program=$4 started=$SECONDS
  shift 4
  if have flock; then
    exec 9>"$tools/.$name-$version.lock"
    flock 9
    [ ! -x "$home/$program" ] || return 0
  fi
  # Not local: the trap outlives this function.
  unfinished=$(mktemp -d "$tools/.$name-$version.XXXXXX")
  trap 'rm -rf "$unfinished"' EXIT
  "$@" "$unfinished" || die "$name $version could not be installed: the lines above say why. Then run this again."
  [ -x "$unfinished/$program" ] || die "$name $version was installed without $program."
  chmod 755 "$unfinished"
  rm -rf "$home"
  mv "$unfinished" "$home"
  say "$name $version is ready ($(duration $((SECONDS - started))))"
}

# crate_tool NAME VERSION PROGRAM OPT_LEVEL [CARGO_ARGUMENT…]: a tool from crates.io.
crate_tool() {
  local name=$1 version=$2 program=$3 opt_level=$4
  shift 4
  ensure_tool "$name" "$version" "bin/$program" install_crate "$name" "$version" "$opt_level" "$@"
}

# cargo-binstall, which fetches prebuilt tools: the machine's own, else that of its release, where the network allows.
ensure_binstall() {
  ! have cargo-binstall || return 0
  local home=$tools/cargo-binstall-$cargo_binstall_version platform folder
  if [ ! -x "$home/cargo-binstall" ]; then
    { have curl && have tar; } || return 1
    case $(uname -s)-$(uname -m) in
      Linux-x86_64) platform=x86_64-unknown-linux-musl ;;
      Linux-aarch64 | Linux-arm64) platform=aarch64-unknown-linux-musl ;;
      *) return 1 ;;
    esac
    folder=$(mktemp -d "$tools/.cargo-binstall.XXXXXX")
    curl --proto '=https' --fail --silent --location --connect-timeout 5 --max-time 60 \
      "https://github.com/cargo-bins/cargo-binstall/releases/download/v$cargo_binstall_version/cargo-binstall-$platform.tgz" |
      tar -xz -C "$folder" 2>/dev/null || {
      rm -rf "$folder"
      return 1
    }
    chmod 755 "$folder"
    # Another checkout may have been faster.
    mv -T "$folder" "$home" 2>/dev/null || rm -rf "$folder"
  fi
  PATH=$home:$PATH
  have cargo-binstall
}

# Prebuilt where cargo-binstall is at hand and reaches a prebuilt program, else from source. These tools run for seconds:
# settings that are cheap to compile win over fast programs by minutes.
install_crate() {
  local name=$1 version=$2 opt_level=$3 folder=${*: -1}
  shift 3
  local extra=("${@:1:$#-1}")
  if ensure_binstall; then
    say "Fetching $name $version (prebuilt)"
    cargo binstall --no-confirm --log-level error --disable-strategies compile --root "$folder" "$name@$version" </dev/null && return 0
    say "No prebuilt $name within reach"
  fi
  say "Building $name $version from source, once; this takes some minutes"
  [ -t 2 ] || extra+=(--quiet)
  # The caller's own build settings are for Lia and not for the tool.
  env -u RUSTFLAGS -u RUSTDOCFLAGS -u CARGO_ENCODED_RUSTFLAGS -u CARGO_BUILD_TARGET \
    CARGO_TARGET_DIR="$folder/build" \
    CARGO_PROFILE_RELEASE_OPT_LEVEL="$opt_level" CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_DEBUG=0 \
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS=256 CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS=fallback \
    cargo install "$name" --version "=$version" --root "$folder" "${extra[@]}" </dev/null || return 1
  rm -rf "$folder/build"
}

install_npm_package() {
  local package=$1 folder=$2
  say "Fetching $package from npm"
  npm install --prefix "$folder" --no-fund --no-audit --no-update-notifier --loglevel=error "$package" </dev/null
}

# The version of wasm-bindgen that the browser's half is built with: the command-line tool must be the same.
wasm_bindgen_version() {
  awk '$1 == "name" && $3 == "\"wasm-bindgen\"" { getline; gsub(/"/, "", $3); print $3 }' Cargo.lock
}

ensure_rust() {
  [ -d "$HOME/.cargo/bin" ] && PATH=$PATH:$HOME/.cargo/bin
  have cargo || die "Rust is missing: install it with https://rustup.rs, then run this again."
  local wanted found
  wanted=$(awk -F'"' '/^rust-version/ { print $2 }' Cargo.toml)
  found=$(rustc --version | awk '{ print $2 }') || die "rustc does not start: 'rustup default stable' sets a toolchain."
  [ "$(printf '%s\n' "$wanted" "${found%%-*}" | sort -V | head -n 1)" = "$wanted" ] ||
    die "Rust $wanted or newer is needed and this is $found: run 'rustup update stable'."
  have cc || die "A C compiler is missing: install gcc or clang (for example 'apt-get install build-essential')."
  have make || try_system_package make
  have make || die "make is missing: install it (for example 'apt-get install make')."
}

ensure_wasm_target() {
  [ ! -d "$(rustc --print target-libdir --target wasm32-unknown-unknown)" ] || return 0
  have rustup || die "The target wasm32-unknown-unknown is missing: add it to your Rust installation."
  say "Adding the target wasm32-unknown-unknown"
  rustup target add wasm32-unknown-unknown || die "rustup could not add the target wasm32-unknown-unknown."
}

ensure_node() {
  have npm || die "Node is missing: install Node 20 or newer with npm (https://nodejs.org), then run this again."
}

# What it takes to build both halves of Lia.
ensure_build_tools() {
  ensure_rust
  ensure_wasm_target
  ensure_node
  crate_tool cargo-leptos "$cargo_leptos_version" cargo-leptos 0 --locked
  # Its lock file names a release that the index no longer has: without --locked it builds.
  crate_tool wasm-bindgen-cli "$(wasm_bindgen_version)" wasm-bindgen 1
  ensure_tool binaryen "$binaryen_version" node_modules/.bin/wasm-opt install_npm_package "binaryen@$binaryen_version"
}

ensure_rust_component() {
  local component=$1 probe=$2
  ! cargo "$probe" --version >/dev/null 2>&1 || return 0
  have rustup || die "$component is missing: add it to your Rust installation."
  rustup component add "$component" || die "rustup could not add the component $component."
}

ensure_cargo_deny() {
  crate_tool cargo-deny "$cargo_deny_version" cargo-deny 1 --locked
}

# A system package, where this user may install one. Says nothing about success: the caller looks again.
try_system_package() {
  [ "$(id -u)" = 0 ] && have apt-get || return 0
  say "Installing the package $1"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120)
  "${apt[@]}" install -y "$1" </dev/null >/dev/null 2>&1 && return 0
  { "${apt[@]}" update && "${apt[@]}" install -y "$1"; } </dev/null >/dev/null || true
}

# Sets CHROMIUM to a browser.
ensure_chromium() {
  find_chromium || { try_system_package chromium && find_chromium; } ||
    die "No Chromium on PATH: install the package chromium, or set CHROMIUM to the program of a Chromium or Chrome."
  export CHROMIUM
}

find_chromium() {
  local name
  if [ -n "${CHROMIUM:-}" ]; then
    [ -x "$CHROMIUM" ] || die "CHROMIUM is '$CHROMIUM', and that is not a program."
    return 0
  fi
  for name in chromium chromium-browser google-chrome-stable google-chrome; do
    CHROMIUM=$(command -v "$name") && return 0
  done
  return 1
}

# The npm packages of end2end/, exactly as its lock file says.
ensure_end2end_packages() {
  ensure_node
  local stamp=end2end/node_modules/.installed-lock.json
  cmp -s end2end/package-lock.json "$stamp" && return 0
  say "Fetching the packages of end2end/"
  (cd end2end && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-fund --no-audit --loglevel=error </dev/null) ||
    die "npm could not fetch the packages of end2end/: is its registry within reach?"
  cp end2end/package-lock.json "$stamp"
}

install_all_tools() {
  ensure_build_tools
  ensure_rust_component rustfmt fmt
  ensure_rust_component clippy clippy
  ensure_cargo_deny
  ensure_end2end_packages
  ensure_chromium
  ensure_postgres
  ensure_redis
  say "Everything is here. The tools are in $tools"
}
