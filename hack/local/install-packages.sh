#!/usr/bin/env bash
# Installs the npm packages of the lock file, Node 26 among them. Called by make where they are missing or old.
set -euo pipefail

stop() {
  echo "$1" >&2
  exit 1
}

NEEDED='Node.js 20 or newer with npm is needed: install it from https://nodejs.org/ or by your package manager.'
node_program=$(type -aP node | grep -v '/node_modules/\.bin/' | head -n 1 || true)
[ -n "$node_program" ] || stop "There is no \"node\" on the PATH. $NEEDED"
version=$("$node_program" --version)
major=${version#v}
[ "${major%%.*}" -ge 20 ] || stop "Node.js here is $version. $NEEDED"
type -P npm >/dev/null || stop "There is no \"npm\" on the PATH. $NEEDED"

# A folder for npm's cache that cannot be made or written fails deep inside npm, without saying what to do.
[ -n "${HOME-unset}" ] || stop 'HOME is empty: set it to a folder that can be written.'
cache=$(PATH=$(dirname "$node_program"):$PATH npm config get cache 2>/dev/null || true)
mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] ||
  stop "npm's cache folder $cache cannot be written: set HOME, or npm_config_cache, to a folder that can."
[ -w . ] || stop "The folder $PWD cannot be written by this user: clone the repository where you can write."

echo "installing the npm packages (once)"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The Node of an older installation must not run while npm replaces it.
PATH=$(dirname "$node_program"):$PATH npm ci --no-audit --no-fund >"$log" 2>&1 || {
  tail -n 25 "$log" >&2
  stop 'npm ci failed: see above. A full disk and a missing network are the usual reasons.'
}
touch node_modules/.package-lock.json
