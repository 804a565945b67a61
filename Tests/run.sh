#!/usr/bin/env bash
# Installs what is missing and runs the tests: Tests/run.sh [PART...]
#
#   build      the release build: ftpy, and the extension that python3 loads from usr/ftplib
#   swift      swift test
#   lint       swift format, ruff, mypy, shellcheck; stubtest, on the extension (builds first)
#   python     pytest in Tests/Python, inside python3 and inside ftpy (builds first)
#   cpython    CPython's own tests of ftplib and urllib, in every Python here and inside ftpy (builds first)
#   servers    are the real FTP servers in order? curl against each of them in every mode
#
# Without a part, all but `servers`. Every part runs, whatever became of the one before; the exit status is 0 only if
# all went well. What is missing comes from apt (as root or through sudo) and from PyPI (into .build/venv); only a
# Swift toolchain must be there. Some servers are for root to start: the tests use sudo for it if it asks for no password.
# BUILD_DIR names another build folder than .build; PYTHONS more Pythons than PATH leads to, with colons between them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=Tests/Servers/packages.sh
. Tests/Servers/packages.sh

build=$(realpath -m "${BUILD_DIR:-.build}")
venv=$build/venv
logs=$build/logs

usage() {
  sed -n '2,/^set /{ /^set /d; s/^# \{0,1\}//p }' "${BASH_SOURCE[0]}"
}

for argument in "$@"; do
  case $argument in
    build | swift | lint | python | cpython | servers) ;;
    -h | --help)
      usage
      exit
      ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
done
[ $# -gt 0 ] || set -- build swift lint python cpython

wanted() {
  [[ " $parts " == *" $1 "* ]]
}
parts=$*
if wanted lint || wanted python || wanted cpython; then parts="build $parts"; fi

# The requirements of a group in pyproject.toml.
requirements() {
  "$python" -c '
import sys, tomllib
with open("pyproject.toml", "rb") as file:
    groups = tomllib.load(file)["dependency-groups"]
for name in sys.argv[1:]:
    print(*groups[name], sep="\n")
' "$@"
}

make_venv() {
  local pinned
  # It stops working when the system's Python gets another version.
  if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$venv"
    "$python" -m venv "$venv"
  fi
  mapfile -t pinned < <(requirements test lint)
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "${pinned[@]}"
}

part_install() {
  mkdir -p "$build"
  need_swift
  need_python "$build/pkgconfig"
  # For TLS in Swift programs; neither ftpy nor the extension links it.
  if wanted build || wanted swift; then need_packages libssl-dev; fi
  if wanted lint; then need_packages shellcheck; fi
  if wanted lint || wanted python; then make_venv; fi
  if wanted cpython; then
    need_packages "$("$python" -c 'import sys; print("libpython{}.{}-testsuite".format(*sys.version_info))')"
  fi
  if wanted swift || wanted python || wanted servers; then Tests/Servers/install.sh; fi
}

part_build() {
  swift build --scratch-path "$build" -c release
  # In one step: a Python that has the old one loaded keeps it.
  install -m 755 "$build/release/libftplib.so" usr/ftplib/__init__.abi3.so.new
  mv -f usr/ftplib/__init__.abi3.so.new usr/ftplib/__init__.abi3.so
}

part_swift() {
  swift test --scratch-path "$build"
}

# check NAME COMMAND... : one of the linters.
check() {
  local name=$1
  shift
  if "$@"; then
    echo "ok    $name"
  else
    echo "FAIL  $name"
    lint_failed=1
  fi
}

part_lint() {
  local lint_failed=0 shell_files=() mypy=("$venv/bin/mypy" --strict --python-executable "$venv/bin/python")
  mapfile -t shell_files < <(find Tests examples -name '*.sh')
  check 'swift format' swift format lint --strict --recursive --parallel Package.swift Sources Tests examples
  check 'ruff check' "$venv/bin/ruff" check --quiet
  check 'ruff format' "$venv/bin/ruff" format --quiet --diff
  check 'mypy' "${mypy[@]}" Sources Tests usr hatch_build.py
  # The examples import their helper as scripts do. On everybody's path they would hide modules of Python's.
  MYPYPATH=examples:examples/device check 'mypy, examples' "${mypy[@]}" examples
  # The types that the extension comes with are the ones it has.
  PYTHONPATH=. check stubtest "$venv/bin/stubtest" usr.ftplib
  # The excluded two warn of functions that are called by another name than their own, as the parts here are.
  check shellcheck shellcheck --external-sources --exclude=SC2317,SC2329 .ci/run "${shell_files[@]}"
  return "$lint_failed"
}

part_python3() {
  "$venv/bin/python" -m pytest Tests/Python
}

# Not those that only start programs: they do the same wherever they run.
part_ftpy() {
  PYTHONPATH=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
    "$FTPY" -m pytest Tests/Python --ignore=Tests/Python/tracker --ignore=Tests/Python/test_packaging.py \
    --ignore=Tests/Python/test_swift_host.py --ignore=Tests/Python/test_benchmarks.py \
    --ignore-glob='*/test_ftpy*' --ignore-glob='*/test_device*' --ignore=Tests/Python/test_uos.py
}

part_cpython() {
  PYTHONPATH=Tests/Python "$python" Tests/CPython/suites.py usr "$FTPY"
}

part_servers() {
  Tests/Servers/smoke.sh
}

report=()
verdicts=()
failed=0

# run NAME HEADING : runs part_NAME, shows and keeps its output, and notes how it went. Sets `status`.
# Never to be called as a condition: bash would then ignore set -e in all that the part does.
run() {
  local name=$1 heading=$2 start=$SECONDS seconds
  printf '\n== %s ==\n' "$heading"
  mkdir -p "$logs"
  set +e
  (
    set -e
    "part_$name"
  ) </dev/null 2>&1 | tee "$logs/$name.log"
  status=${PIPESTATUS[0]}
  set -e
  seconds=$((SECONDS - start))
  if [ "$status" = 0 ]; then
    report+=("$(printf 'ok    %-12s %4d s' "$name" "$seconds")")
  else
    report+=("$(printf 'FAIL  %-12s %4d s' "$name" "$seconds")")
    failed=1
  fi
  echo "-- $name: ${seconds} s, exit status $status"
  # The runner's own last word: Swift Testing's, XCTest's if it had anything to do, pytest's, smoke.sh's.
  mapfile -t -O ${#verdicts[@]} verdicts < <(
    grep -aE 'Test run with [0-9]+ tests?.*after|Executed [1-9][0-9]* tests?, |^=+ .* in [0-9.]+s.* =+$|^[0-9]+ passed, [0-9]+ failed$' \
      "$logs/$name.log" | sed "s/^/$name: /" | tail -n 3
  )
}

# A part that cannot run because another one failed.
skip() {
  report+=("$(printf 'FAIL  %-12s not run: %s' "$1" "$2")")
  failed=1
}

printf '\n== Installing what is missing ==\n'
start=$SECONDS
part_install
# The tests start programs themselves, by these names.
export FTPY=$build/release/ftpy PYTHON3=$python PYTHONUNBUFFERED=1
report+=("$(printf 'ok    %-12s %4d s' install $((SECONDS - start)))")

built=yes
if wanted build; then
  run build 'Release build: ftpy and the Python extension'
  [ "$status" = 0 ] || built=no
fi
if wanted swift; then
  run swift 'Swift tests'
fi
if wanted lint; then
  run lint 'Formatting and lint'
fi
if wanted servers; then
  run servers 'FTP servers'
fi
if wanted python; then
  if [ $built = yes ]; then
    run python3 'Python tests inside python3'
    run ftpy 'Python tests inside ftpy'
  else
    skip python3 'the build failed'
    skip ftpy 'the build failed'
  fi
fi
if wanted cpython; then
  if [ $built = yes ]; then
    run cpython "CPython's own tests"
  else
    skip cpython 'the build failed'
  fi
fi

printf '\n== Summary ==\n'
printf '%s\n' "${report[@]}" ${verdicts[@]+"${verdicts[@]}"}
exit $failed
