#!/usr/bin/env bash
# Everything that can be tested, from formatting to the browser. Exits with the first failure.
#
# What this machine has not got is left out, and named; with COUNTERSIGN_TESTS_REQUIRE_ALL=1 it is a failure.
# As root on Debian and the like, what the tests drive is installed first. Whatever a test needs running it starts by
# itself, on ports of its own, and stops again.
set -euo pipefail
cd "$(dirname "$0")/.."

# The package, and the program that tells whether it is there.
wanted=(chromium:chromium chromium-driver:chromedriver nodejs:node npm:npm postgresql:initdb prometheus:promtool)

# Debian keeps the programs of each version of PostgreSQL out of the path.
missing=()
for want in "${wanted[@]}"; do
    PATH="$PATH:$(echo /usr/lib/postgresql/*/bin | tr ' ' ':')" command -v "${want#*:}" >/dev/null || missing+=("${want%%:*}")
done
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
if ((${#missing[@]})) && [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    echo "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# Slack's own SDKs look at what we show and knock at our door. Without them those tests are left out, and named.
peers="${CARGO_TARGET_DIR:-target}/peers"
mkdir -p "$peers"
if [[ ! -x $peers/venv/bin/python ]] && command -v python3 >/dev/null; then
    python3 -m venv "$peers/venv" || echo "left out: there is no venv for python3"
fi
if [[ -x $peers/venv/bin/python ]]; then
    "$peers/venv/bin/python" -m pip install -q --disable-pip-version-check -r tests/peers/slack/requirements.txt ||
        echo "left out: the Python SDK could not be installed"
fi
if command -v npm >/dev/null; then
    cp tests/peers/slack/package.json "$peers/"
    npm install --prefix "$peers" --silent --no-audit --no-fund || echo "left out: the types could not be installed"
fi

export INSTA_UPDATE=no

cargo fmt --check
cargo clippy --locked --all-targets -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps
cargo test --locked --no-fail-fast --no-run

# Everything, with a server beside it; then the flow once more, with all that it writes on the server.
server=0
tests/postgres.sh true || server=$?
case $server in
    0)
        tests/postgres.sh cargo test --locked --no-fail-fast
        COUNTERSIGN_TEST_WORLDS=postgres tests/postgres.sh \
            cargo test --locked --no-fail-fast --test it -- flow:: trouble::
        ;;
    # There is no PostgreSQL: the tests name what they leave out.
    69) cargo test --locked --no-fail-fast ;;
    *) exit "$server" ;;
esac

# The built-in reader against its committed baselines: a significant loss or anything newly unsafe ends this with 1.
# Then a model that wants what the attackers want, through the gate: nothing that they want may be carried out.
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT
evaluate() {
    cargo run --locked --quiet -- eval run --trials 1 --gate --quiet --out "$runs/$1.$2" --suite "$1" --model "${@:2}"
}
for suite in dev dev-held regression safety; do
    evaluate "$suite" offline
done
evaluate safety stub:obey-attacker --through gate --floor injection=0
