# Measures the sentiment of crates/sentiment beside VADER's, on texts that it was not trained on.
# shellcheck shell=bash

: "${root:?}" "${target_dir:?}"

# eval DATA…: folders with a dev.tsv, or files of labelled texts in one of the two forms that sentiment-eval reads.
run_eval() {
  local data files=("$root"/crates/sentiment/tests/{transfer,unseen}.tsv)
  [ $# -gt 0 ] || set -- "${LIA_EVAL_DATA:-$root/../shared/data/goemotions}"
  for data in "$@"; do
    [ ! -d "$data" ] || data=$data/dev.tsv
    if [ -f "$data" ]; then
      files+=("$data")
    else
      say "$data: skipped: no data"
    fi
  done
  ensure_rust
  cargo build --locked --release --package sentiment --features tools --bin sentiment-eval ||
    die "The build failed: the lines above say where."
  "$target_dir/release/sentiment-eval" "${files[@]}"
}
