#!/usr/bin/env bash
# Runs a command with the ssh key of the variable BIND9_SSH_KEY in a file of its own, for as long as the command takes.
set -euo pipefail
[ -n "${BIND9_SSH_KEY:-}" ] || exec "$@"
folder=$(umask 077 && mktemp -d)
trap 'rm -rf "$folder"' EXIT
(umask 077 && printf '%s\n' "$BIND9_SSH_KEY" >"$folder/id")
unset BIND9_SSH_KEY
BIND9_SSH_KEY_FILE="$folder/id" "$@"
