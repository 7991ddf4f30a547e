#!/usr/bin/env bash
# Makes the Debian package, and prints its path. It needs cargo-deb (`cargo install cargo-deb --locked`) and dpkg-dev.
#
#   deploy/debian/build.sh                              with the program that deploy/build makes, by a profile
#   deploy/debian/build.sh --plain                      with one that is built without a profile, in half the time
#   deploy/debian/build.sh --program FILE               with one that is built already
#   deploy/debian/build.sh --deb-version 0.1.0-2
#
# Further arguments are those of cargo-deb.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ "${1:-}" = --program ]; then
    program=$2
    shift 2
elif [ "${1:-}" = --plain ]; then
    cargo build --locked --quiet --profile dist --features jemalloc --bin silkrate
    program=target/dist/silkrate
    shift
else
    program=$(deploy/build)
fi
rm -rf target/package
install -D "$program" target/package/bin/silkrate
strip target/package/bin/silkrate
"$program" man target/package/man >/dev/null
"$program" completions bash >target/package/silkrate
"$program" completions zsh >target/package/_silkrate
"$program" completions fish >target/package/silkrate.fish
cargo deb --no-build --quiet "$@"
