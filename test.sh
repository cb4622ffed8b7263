#!/usr/bin/env bash
# Builds everything and runs every test, against SQLite and a throw-away PostgreSQL.
#
# The last line is `N passed, N failed`; the exit code is 0 when nothing failed. What was skipped
# is said, with the reason. Settings, all optional:
#   WATCHFIRE_TEST_POSTGRES  a cluster to use instead of a throw-away one
#   WATCHFIRE_KILLS          kills per point in the kill tests, for long runs by hand
#   WATCHFIRE_TEST_PYTHON    a Python that has aiosmtpd, instead of one in a folder of the cache
#   WATCHFIRE_TEST_CLIENTS_PYTHON  a Python that has tests/clients/python/requirements.txt, likewise
#   WATCHFIRE_TEST_CLIENTS_NODE    a folder with the packages of tests/clients/node, likewise
#   CARGO_TARGET_DIR         where cargo builds
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

scratch=$(mktemp -d "${TMPDIR:-/tmp}/watchfire-test.XXXXXX")
pg_data=""
pg_bin=""

# The server refuses to run as root, so root hands it to the user `postgres`.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then
        # `/` is a folder that this user may always enter; the current one may not be.
        (cd / && setpriv --reuid postgres --regid postgres --init-groups -- "$@")
    else
        "$@"
    fi
}

cleanup() {
    if [ -n "$pg_data" ] && [ -f "$pg_data/postmaster.pid" ]; then
        as_postgres "$pg_bin/pg_ctl" --pgdata "$pg_data" --mode immediate --silent stop || true
    fi
    rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Sets pg_bin to the folder of PostgreSQL's programs; fails when there is none.
find_postgres() {
    local folder
    # Programs of one version lie together; a link in PATH leads there.
    if command -v initdb >/dev/null && command -v pg_ctl >/dev/null; then
        folder=$(dirname "$(readlink -f "$(command -v initdb)")")
        [ -x "$folder/postgres" ] && [ -x "$folder/pg_ctl" ] && { pg_bin=$folder; return 0; }
    fi
    for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV); do
        [ -x "$folder/initdb" ] && { pg_bin=$folder; return 0; }
    done
    return 1
}

install_postgres() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    echo "PostgreSQL is not installed; installing it with apt-get" >&2
    (apt-get install -y -qq --no-install-recommends postgresql \
        || { apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql; }) >"$scratch/apt.log" 2>&1
}

# Starts a cluster that is thrown away, and exports its address. Fails with a reason in `why`.
start_postgres() {
    find_postgres || { install_postgres && find_postgres; } || { why="PostgreSQL is not installed"; return 1; }
    if [ "$(id -u)" = 0 ] && ! id postgres >/dev/null 2>&1; then
        why="root cannot run PostgreSQL, and there is no user postgres"
        return 1
    fi
    pg_data="$scratch/postgres"
    mkdir "$pg_data"
    chmod 711 "$scratch"
    [ "$(id -u)" != 0 ] || chown postgres: "$pg_data"
    as_postgres "$pg_bin/initdb" --pgdata "$pg_data" --username postgres --auth trust --encoding UTF8 --locale C \
        --no-sync >"$scratch/initdb.log" 2>&1 || { why="initdb failed: $(tail -n 3 "$scratch/initdb.log")"; return 1; }
    # Nothing in this cluster has to survive a power cut, so it never waits for the disk.
    cat >>"$pg_data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 300
CONF
    # A port that is free now may be taken a moment later, so several are tried.
    local port
    for _ in 1 2 3 4 5; do
        port=$((20000 + RANDOM % 12000))
        if as_postgres "$pg_bin/pg_ctl" --pgdata "$pg_data" --wait --timeout 30 --silent --log "$pg_data/log" \
            --options "-p $port" start >/dev/null 2>&1; then
            export WATCHFIRE_TEST_POSTGRES="postgres://postgres@127.0.0.1:$port/postgres"
            return 0
        fi
    done
    why="PostgreSQL did not start: $(tail -n 3 "$pg_data/log" 2>/dev/null)"
    return 1
}

# Sets WATCHFIRE_TEST_PYTHON to a Python that has aiosmtpd; fails with a reason in `why`.
find_python() {
    local venv="${XDG_CACHE_HOME:-$HOME/.cache}/watchfire/venv"
    if ! "$venv/bin/python" -c 'import aiosmtpd' 2>/dev/null; then
        command -v python3 >/dev/null || { why="python3 is not installed"; return 1; }
        python3 -m venv "$venv" >"$scratch/venv.log" 2>&1 || { why="python3 makes no venv"; return 1; }
        "$venv/bin/pip" install --quiet aiosmtpd==1.4.6 >"$scratch/pip.log" 2>&1 \
            || { why="aiosmtpd cannot be installed: $(tail -n 1 "$scratch/pip.log")"; return 1; }
    fi
    export WATCHFIRE_TEST_PYTHON="$venv/bin/python"
}

# Sets WATCHFIRE_TEST_CLIENTS_PYTHON to a Python that has the clients of tests/clients; fails with a reason in `why`.
find_client_python() {
    local wanted="$PWD/tests/clients/python/requirements.txt"
    local venv="${XDG_CACHE_HOME:-$HOME/.cache}/watchfire/clients-venv"
    if ! cmp -s "$wanted" "$venv/installed.txt"; then
        command -v python3 >/dev/null || { why="python3 is not installed"; return 1; }
        python3 -m venv --clear "$venv" >"$scratch/venv.log" 2>&1 || { why="python3 makes no venv"; return 1; }
        "$venv/bin/pip" install --quiet --requirement "$wanted" >"$scratch/pip.log" 2>&1 \
            || { why="the clients cannot be installed: $(tail -n 1 "$scratch/pip.log")"; return 1; }
        cp "$wanted" "$venv/installed.txt"
    fi
    export WATCHFIRE_TEST_CLIENTS_PYTHON="$venv/bin/python"
}

# Sets WATCHFIRE_TEST_CLIENTS_NODE to a folder with the packages of tests/clients/node; fails with a reason in `why`.
find_client_node() {
    local wanted="$PWD/tests/clients/node"
    local folder="${XDG_CACHE_HOME:-$HOME/.cache}/watchfire/clients-node"
    command -v node >/dev/null && command -v npm >/dev/null || { why="node and npm are not installed"; return 1; }
    if ! cmp -s "$wanted/package-lock.json" "$folder/installed.json"; then
        mkdir -p "$folder"
        cp "$wanted/package.json" "$wanted/package-lock.json" "$folder/"
        # No script of a package is run.
        npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund >"$scratch/npm.log" 2>&1 \
            || { why="the packages cannot be installed: $(tail -n 1 "$scratch/npm.log")"; return 1; }
        cp "$wanted/package-lock.json" "$folder/installed.json"
    fi
    export WATCHFIRE_TEST_CLIENTS_NODE="$folder"
}

skipped=()
if [ -z "${WATCHFIRE_TEST_CLIENTS_PYTHON:-}" ]; then
    why=""
    find_client_python || skipped+=("tests with clients in Python: $why")
fi
if [ -z "${WATCHFIRE_TEST_CLIENTS_NODE:-}" ]; then
    why=""
    find_client_node || skipped+=("tests with clients in Node: $why")
fi
if [ -z "${WATCHFIRE_TEST_PYTHON:-}" ]; then
    why=""
    find_python || skipped+=("the test with a mail server that others wrote: $why")
fi
if [ -n "${WATCHFIRE_TEST_POSTGRES:-}" ]; then
    echo "PostgreSQL: the cluster in WATCHFIRE_TEST_POSTGRES"
else
    why=""
    if start_postgres; then
        echo "PostgreSQL: a throw-away cluster of $pg_bin"
    else
        skipped+=("tests against PostgreSQL: $why")
        unset WATCHFIRE_TEST_POSTGRES
    fi
fi

# The same selection of packages and targets as the tests, so that nothing is built twice.
if ! cargo build --workspace --all-targets; then
    echo "the build failed"
    echo "0 passed, 1 failed"
    exit 1
fi

log="$scratch/tests.log"
code=0
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --workspace --no-fail-fast 2>&1 | tee "$log" || code=$?
    # Summary [ 12.3s] 40 tests run: 38 passed (2 slow), 1 failed, 1 timed out, 3 skipped
    summary=$(sed 's/\x1b\[[0-9;]*m//g' "$log" | grep -E 'Summary \[.*tests? run:' | tail -n 1 || true)
    count() { grep -oE "[0-9]+ $1" <<<"$summary" | grep -oE '^[0-9]+' || echo 0; }
    passed=$(count passed)
    failed=$(($(count failed) + $(count 'exec failed') + $(count 'timed out')))
else
    echo "cargo-nextest is not installed; using cargo test"
    cargo test --workspace --no-fail-fast 2>&1 | tee "$log" || code=$?
    total() { { grep -E '^test result:' "$log" || true; } | { grep -oE "[0-9]+ $1" || true; } | awk '{sum += $1} END {print sum + 0}'; }
    passed=$(total passed)
    failed=$(total failed)
fi
# A build that breaks or a runner that dies leaves no failed test behind, and still is no success.
if [ "$code" != 0 ] && [ "$failed" = 0 ]; then
    echo "the test run ended with code $code before it could count"
    failed=1
fi

for reason in "${skipped[@]+"${skipped[@]}"}"; do
    echo "skipped: $reason"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
