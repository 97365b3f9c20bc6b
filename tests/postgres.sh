#!/usr/bin/env bash
# Runs a command with a PostgreSQL of its own:  tests/postgres.sh cargo test --lib store::
#
# The server listens on loopback alone, on a port nobody uses, in a directory that goes away with it. It writes as a real
# one does, so that what is measured and what survives a kill is true. Where COUNTERSIGN_TEST_POSTGRES is set already, the
# command runs as it is. Exits with 69 where there is no PostgreSQL.
set -euo pipefail

if [[ -n "${COUNTERSIGN_TEST_POSTGRES:-}" ]]; then exec "$@"; fi

# Debian keeps the programs of each version apart and out of the path.
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
initdb=$(PATH="${bin:-}:$PATH" command -v initdb || true)
if [[ -z "$initdb" ]]; then
    echo "there is no PostgreSQL here: install it (Debian: apt-get install postgresql)" >&2
    exit 69
fi
bin=$(dirname "$initdb")

dir=$(mktemp -d "${TMPDIR:-/tmp}/countersign-postgres.XXXXXX")
# The server refuses to run as root.
as=()
if [[ $(id -u) == 0 ]]; then
    chown postgres "$dir"
    as=(setpriv --reuid postgres --regid postgres --init-groups)
fi
run() { (cd "$dir" && "${as[@]}" "$@"); }
cleanup() {
    run "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$dir"
}
trap cleanup EXIT

run "$initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
for _ in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 30000))
    if run "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" -o \
        "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$dir -c max_connections=400" start >/dev/null 2>&1; then
        started=1
        break
    fi
done
[[ -n "${started:-}" ]] || { cat "$dir/log" >&2; exit 1; }

export COUNTERSIGN_TEST_POSTGRES="postgres://postgres@127.0.0.1:$port/postgres?sslmode=disable"
status=0
"$@" || status=$?
exit $status
