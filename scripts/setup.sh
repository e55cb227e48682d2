#!/usr/bin/env bash
# Installs what building and running needs, from Debian 12's own packages. Works as root or with sudo.
#
#   scripts/setup.sh           what the two commands of the README need
#   scripts/setup.sh --test    and what the tests need besides
set -euo pipefail

packages=(build-essential cmake ninja-build pkg-config protobuf-c-compiler
    libzmq3-dev libprotobuf-c-dev libsodium-dev libssl-dev libsqlite3-dev libyaml-dev
    libutf8proc-dev libarchive-dev libmicrohttpd-dev libcurl4-openssl-dev libseccomp-dev)
[ "${1:-}" = "--test" ] && packages+=(clang clang-format libclang-rt-14-dev libcmocka-dev
    git procps python3-cryptography spin)

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$status" = "install ok installed" ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    echo "setup: everything is installed"
    exit 0
fi

run=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "setup: need root or sudo to install: ${missing[*]}" >&2; exit 1; }
    run=(sudo)
fi
echo "setup: installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
if ! { "${run[@]}" apt-get update && "${run[@]}" apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "setup: apt-get failed; its last lines are above" >&2
    exit 1
fi
echo "setup: done"
