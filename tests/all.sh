#!/usr/bin/env bash
# Everything that can be tested, from formatting to the browser. Exits with the first failure.
#
# What this machine has not got is left out, and named; with COUNTERSIGN_TESTS_REQUIRE_ALL=1 it is a failure.
# As root on Debian and the like, what the tests drive is installed first. Whatever a test needs running it starts by
# itself, on ports of its own, and stops again.
set -euo pipefail
cd "$(dirname "$0")/.."

# The package, and the program that tells whether it is there.
wanted=(chromium:chromium chromium-driver:chromedriver postgresql:initdb)

# Debian keeps the programs of each version of PostgreSQL out of the path.
missing=()
for want in "${wanted[@]}"; do
    PATH="$PATH:$(echo /usr/lib/postgresql/*/bin | tr ' ' ':')" command -v "${want#*:}" >/dev/null || missing+=("${want%%:*}")
done
if ((${#missing[@]})) && [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    echo "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

export INSTA_UPDATE=no

cargo fmt --check
cargo clippy --locked --all-targets -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps
cargo test --locked --no-fail-fast --no-run

# Everything once, and then the flow once more with all of it on a server.
server=0
tests/postgres.sh true || server=$?
case $server in
    0)
        tests/postgres.sh cargo test --locked --no-fail-fast
        COUNTERSIGN_TEST_WORLDS=postgres tests/postgres.sh cargo test --locked --no-fail-fast --test it flow:: trouble::
        ;;
    # There is no PostgreSQL: the tests name what they leave out.
    69) cargo test --locked --no-fail-fast ;;
    *) exit "$server" ;;
esac
