# Sourced by the scripts beside it: what they install and how they find the toolchain.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The system libraries Postern is built on: Debian's names, one list for every script.
POSTERN_PACKAGES=(libssl-dev libsqlite3-dev libpcre2-dev libyaml-dev zlib1g-dev libcurl4-openssl-dev pkg-config)

say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }
die() { say "$*"; exit 1; }

# Runs a command as root: as it is when root already, through sudo otherwise.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; return; fi
    command -v sudo >/dev/null || die "needs root to run: $* (no sudo here)"
    sudo "$@"
}

# Installs those of the named Debian packages that are missing, and says which.
install_packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return
    say "installing Debian packages: ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${missing[@]}" >/dev/null
}

# Puts a Swift 6.3 toolchain on the PATH, or says plainly that there is none.
find_swift() {
    command -v swift >/dev/null || PATH="$PATH:/opt/swift/usr/bin:/usr/local/swift/usr/bin"
    command -v swift >/dev/null || die "no swift on the PATH; Swift 6.3 or later is needed (https://swift.org/install)"
    local version
    version=$(swift --version 2>&1 | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -1)
    # shellcheck disable=SC2086
    set -- ${version:-0 0}
    [ "$1" -gt 6 ] || { [ "$1" -eq 6 ] && [ "$2" -ge 3 ]; } || die "Swift $1.$2 is too old; 6.3 or later is needed"
}

# Builds the release binary and prints its path. The Swift runtime is linked in: one file to install.
build_release() {
    say "building the release binary (a few minutes the first time)"
    swift build -c release --static-swift-stdlib --product "${1:-postern}" >&2
    printf '%s/%s\n' "$(swift build -c release --static-swift-stdlib --show-bin-path)" "${1:-postern}"
}
