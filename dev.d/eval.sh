# Makes the weights of crates/sentiment, and measures them beside VADER's lexicon on texts that they were not trained on.
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

# train [DATA]: makes the weights anew, from a folder with a train.tsv: the same bytes each time.
run_train() {
  local data=${1:-${LIA_EVAL_DATA:-$root/../shared/data/goemotions}}
  [ -f "$data/train.tsv" ] || die "$data/train.tsv is not there. It is the training part of GoEmotions."
  ensure_rust
  cargo run --locked --release --package sentiment --features tools --bin sentiment-train -- "$data" ||
    die "No weights were made: the lines above say why."
  say "crates/sentiment/weights.bin was made from $data/train.tsv"
}
