# What the script says: headings, one-line failures, durations.
# shellcheck shell=bash

if [ -t 1 ]; then
  bold=$(printf '\033[1m') plain=$(printf '\033[0m')
else
  bold='' plain=''
fi

# A line about what happens next.
say() {
  printf '%s==> %s%s\n' "$bold" "$*" "$plain"
}

# The one clear line of a failure, and the end of this shell.
die() {
  printf '%serror:%s %s\n' "$bold" "$plain" "$*" >&2
  exit 1
}

# Seconds as people read them: 7 s, 2 min 05 s.
duration() {
  if [ "$1" -lt 60 ]; then
    printf '%d s' "$1"
  else
    printf '%d min %02d s' $(($1 / 60)) $(($1 % 60))
  fi
}

# Whether a program is on PATH.
have() {
  command -v "$1" >/dev/null 2>&1
}

# at_exit COMMAND: runs it when this shell ends, before what was given earlier.
at_exit() {
  at_exit_commands="$1${at_exit_commands:+; $at_exit_commands}"
  # shellcheck disable=SC2064 # They are known now.
  trap "$at_exit_commands" EXIT
}
