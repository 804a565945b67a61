# What the scripts that install something share: Debian packages, root's rights, toolchains. Sourced, not run.
# shellcheck shell=bash

fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# Runs a command as root: directly, or through sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -- "$@"
  else
    echo "${0##*/}: this needs root, and there is no sudo here: $*" >&2
    return 1
  fi
}

package_installed() {
  case $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) in
    ?i*) return 0 ;;
    *) return 1 ;;
  esac
}

# Fetches the package lists, once for a script and the scripts that it calls.
refresh_package_lists() {
  [ -z "${PACKAGE_LISTS_FRESH:-}" ] || return 0
  # A broken third-party source is no reason to stop: what matters is whether the packages can be had afterwards.
  as_root apt-get update -qq -o Acquire::Retries=3 ||
    echo "${0##*/}: apt-get update failed; going on with the package lists at hand" >&2
  export PACKAGE_LISTS_FRESH=1
}

# Installs those of the named packages that are missing; asks for root's rights only if one is.
need_packages() {
  local package missing=()
  command -v apt-get >/dev/null ||
    fail "this is not Debian or Ubuntu; install the equivalent of these packages by hand: $*"
  for package in "$@"; do
    package_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    fail "packages are missing, and only root can install them: apt-get install ${missing[*]}"
  fi
  echo "Installing ${missing[*]}"
  refresh_package_lists
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
    -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "${missing[@]}" >/dev/null
}

need_swift() {
  command -v swift >/dev/null ||
    fail "there is no Swift toolchain in PATH; install one: https://www.swift.org/install/linux/"
  # It links with the system's C and C++ libraries, which a toolchain from an archive does not bring.
  compgen -G '/usr/lib/gcc/*/*/crtbegin.o' >/dev/null || need_packages g++
}

# need_python DIRECTORY : Python from 3.11 with its headers, for the build and for the tests. Sets `python`.
# DIRECTORY is for what pkg-config needs to be told, if anything.
need_python() {
  local suffix found
  need_packages libpython3-dev pkg-config python3 python3-venv
  python=/usr/bin/python3
  if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    # Ubuntu 22.04 has 3.11 beside its 3.10. Package.swift asks pkg-config for "python3": that is to be 3.11 then.
    need_packages libpython3.11-dev python3.11 python3.11-venv
    python=/usr/bin/python3.11
    mkdir -p "$1"
    for suffix in '' -embed; do
      found=$(pkg-config --variable=pcfiledir "python-3.11$suffix")
      ln -sf "$found/python-3.11$suffix.pc" "$1/python3$suffix.pc"
    done
    export PKG_CONFIG_PATH=$1${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
  fi
}
