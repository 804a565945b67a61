#!/usr/bin/env bash
# Installs what is missing and runs the tests: Tests/run.sh [PART...]
#
#   build      the release build: ftpy, and the extension that python3 loads from usr/ftplib
#   swift      swift test
#   docs       the documentation of the Swift libraries, without a warning and without a gap
#   lint       swift format, ruff, mypy, shellcheck; stubtest, on the extension (builds first)
#   python     pytest in Tests/Python, inside python3 and inside ftpy (builds first)
#   endurance  does anything grow, and does every operation work with every server? the short forms (builds first)
#   fuzz       the parsers with libFuzzer, FUZZ_SECONDS each (4); longer, or one alone: Tests/Fuzzing/run.sh
#   cpython    CPython's own tests of ftplib and urllib, in every Python here and inside ftpy (builds first)
#   libraries  the tests of ftputil and PyFilesystem with CPython's ftplib and with ours (builds first)
#
# These run without a part. Only when named:
#
#   hostile    how many hostile servers python3 and ftpy survive, how long they wait, what memory they cost (builds first)
#   badinput   bad arguments, files, callbacks, signals, forks: all of them in both, BAD_INPUT_ROUNDS (20) (builds first)
#   memory     the module's tests with Python's debug allocator and -X dev, and some inside valgrind (builds first)
#   sanitize   swift test under the thread and the address sanitizer: races, leaks, memory
#   servers    are the real FTP servers in order? curl against each of them in every mode
#
# Every part runs, whatever became of the one before; the exit status is 0 only if all went well, or, of docs, its plugin
# cannot be reached. What is missing comes from apt (as root or through sudo) and from PyPI (into .build/venv); only a Swift toolchain must be there. Some servers
# are for root to start: the tests use sudo for it if it asks for no password.
# LONG=1 has the long forms, which take hours: LONG=1 Tests/run.sh badinput endurance fuzz
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
    build | swift | docs | lint | python | endurance | fuzz | cpython | libraries | hostile | badinput | memory | sanitize | servers) ;;
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
[ $# -gt 0 ] || set -- build swift docs lint python endurance fuzz cpython libraries

# wanted PART... : is one of them to run?
wanted() {
  local part
  for part; do
    [[ " $parts " != *" $part "* ]] || return 0
  done
  return 1
}
parts=$*
if wanted lint python endurance cpython libraries hostile badinput memory; then parts="build $parts"; fi

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
  if wanted build swift docs sanitize; then need_packages libssl-dev; fi
  if wanted lint; then need_packages shellcheck; fi
  if wanted lint python badinput memory; then make_venv; fi
  if wanted memory; then need_packages valgrind; fi
  if wanted cpython; then
    need_packages "$("$python" -c 'import sys; print("libpython{}.{}-testsuite".format(*sys.version_info))')"
  fi
  if wanted swift python endurance libraries hostile badinput memory sanitize servers; then Tests/Servers/install.sh; fi
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

# swift-docc-plugin comes from its address for this alone, into a folder of its own.
part_docs() {
  local plugin=https://github.com/swiftlang/swift-docc-plugin
  local modules=(FTPClient FTPTLS FTPClientAsync ScriptRuntime) targets=() module resolved=no
  if ! git ls-remote "$plugin" HEAD >/dev/null; then
    echo "Not built: $plugin cannot be reached from here."
    return
  fi
  for module in "${modules[@]}"; do targets+=(--target "$module"); done
  [ ! -e Package.resolved ] || resolved=yes
  DOCUMENTATION=1 swift package --scratch-path "$build/docs" \
    generate-documentation "${targets[@]}" --warnings-as-errors
  [ "$resolved" = yes ] || rm -f Package.resolved
  "$python" Tests/Documentation/symbols.py "$build/docs" "${modules[@]}"
}

# The suppressions say what is Python's, or Swift's, and not ours. They name functions: the programs that the tests start have no PATH to find
# the symbolizer by. A request for more memory than there is fails as it does without a sanitizer. XCTest has no tests here, and leaks.
# The thread sanitizer delivers no signal to a busy loop: the rows that end one by a signal leave themselves out there.
part_sanitize() {
  local folder=$PWD/Tests/Sanitizers failed=0 symbolizer options
  symbolizer=$(command -v llvm-symbolizer)
  options=external_symbolizer_path=$symbolizer:allocator_may_return_null=1
  TSAN_OPTIONS="$options:suppressions=$folder/thread.txt" \
    swift test --disable-xctest --sanitize=thread --scratch-path "$build/thread" || failed=1
  ASAN_OPTIONS=$options:detect_leaks=1 LSAN_OPTIONS="suppressions=$folder/leaks.txt:print_suppressions=0" \
    swift test --disable-xctest --sanitize=address --scratch-path "$build/address" || failed=1
  return "$failed"
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
  check shellcheck shellcheck --external-sources --exclude=SC2317,SC2329 .ci/run Sources/ftpy/static/link "${shell_files[@]}"
  return "$lint_failed"
}

part_python3() {
  "$venv/bin/python" -m pytest Tests/Python
}

# Where the tests' own packages are, for ftpy.
packages() {
  "$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'
}

# Not those that only start programs: they do the same wherever they run. Of the bad values those that have found something.
part_ftpy() {
  local elsewhere=() name
  for name in tracker hostile badinput/test_{bad_transfers,processes} test_{benchmarks,command_line,packaging} \
    test_{disk_full,faults_whole_files,uos} 'test_swift_*' 'test_ftpy*' 'test_device*'; do
    elsewhere+=(--ignore-glob="$PWD/Tests/Python/$name" --ignore-glob="$PWD/Tests/Python/$name.py")
  done
  BAD_INPUT_VALUES=few PYTHONPATH=$(packages) "$FTPY" -m pytest Tests/Python "${elsewhere[@]}"
}

part_endurance() {
  local failed=0 times=(200 --sessions 100) modes=(--short)
  [ -z "${LONG:-}" ] || times=() modes=()
  "$python" Tests/Endurance/run.py "${times[@]}" || failed=1
  "$python" Tests/Compatibility/table.py "${modes[@]}" || failed=1
  return "$failed"
}

part_fuzz() {
  local seconds=4
  [ -z "${LONG:-}" ] || seconds=600
  BUILD_DIR=$build Tests/Fuzzing/run.sh "${FUZZ_SECONDS:-$seconds}"
}

part_cpython() {
  PYTHONPATH=Tests/Python "$python" Tests/CPython/suites.py usr "$FTPY"
}

part_libraries() {
  local folder=$build/libraries own=$build/libraries/venv pinned
  "$own/bin/python" -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear "$own"
  mapfile -t pinned < <(requirements libraries)
  "$own/bin/python" -m pip install --quiet --disable-pip-version-check "${pinned[@]}"
  PYTHONPATH=Tests/Servers "$own/bin/python" Tests/Libraries/libraries.py usr "$folder"
}

# Inside python3 and inside ftpy.
part_hostile() {
  local failed=0 program
  for program in "$python" "$FTPY"; do
    PYTHONPATH=.:Tests/Python:Tests/Servers "$program" -m hostile.drive || failed=1
  done
  return "$failed"
}

# Both with more values and more rounds than in the gate.
part_badinput() {
  local failed=0
  export BAD_INPUT_ROUNDS=${BAD_INPUT_ROUNDS:-20}
  # Bytes of any kind from the server, for as long as a parser gets.
  [ -z "${LONG:-}" ] || FUZZ_MINUTES=10 "$venv/bin/python" -m pytest -s Tests/Python/fuzzing || failed=1
  "$venv/bin/python" -m pytest --timeout=3600 -s Tests/Python/badinput || failed=1
  PYTHONPATH=$(packages) "$FTPY" -m pytest -s Tests/Python/badinput --deselect Tests/Python/badinput/test_processes.py || failed=1
  return "$failed"
}

# What the debug allocator and the development mode see: writes beyond a block's ends, uses after it was freed, files and
# sockets that nobody closed.
part_debug() {
  local folder=Tests/Python
  PYTHONMALLOC=debug "$venv/bin/python" -X dev -m pytest --timeout=300 "$folder"/test_{api,bridge,faults,tls}_*.py \
    "$folder"/test_{lines,transfers}.py "$folder"/fuzzing
}

# What valgrind sees. Not what is left at the end: Python itself leaves a lot. The server's side runs in the same process.
part_valgrind() {
  local folder=Tests/Python
  PYTHONMALLOC=malloc valgrind --quiet --num-callers=30 --error-exitcode=99 --suppressions=Tests/Python/valgrind.supp \
    "$venv/bin/python" -m pytest --timeout=900 "$folder"/test_{api_commands,lines}.py
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
  local name=$1 heading=$2 start=$SECONDS
  printf '\n== %s ==\n' "$heading"
  mkdir -p "$logs"
  set +e
  (
    set -e
    "part_$name"
  ) </dev/null 2>&1 | tee "$logs/$name.log"
  status=${PIPESTATUS[0]}
  set -e
  note "$name" $((SECONDS - start))
}

# note NAME SECONDS : notes how a part went, by `status` and what it has said.
note() {
  local name=$1 seconds=$2
  if [ "$status" = 0 ]; then
    report+=("$(printf 'ok    %-12s %4d s' "$name" "$seconds")")
  else
    report+=("$(printf 'FAIL  %-12s %4d s' "$name" "$seconds")")
    failed=1
  fi
  echo "-- $name: ${seconds} s, exit status $status"
  # The runner's own last word: Swift Testing's, XCTest's if it had anything to do, pytest's, smoke.sh's.
  mapfile -t -O ${#verdicts[@]} verdicts < <(
    grep -aE 'Test run with [0-9]+ tests?.*after|Executed [1-9][0-9]* tests?, |^=+ .* in [0-9.]+s.* =+$|^[0-9]+ passed, [0-9]+ failed$|^[0-9]+ (of [0-9]+ flat|operations)' \
      "$logs/$name.log" | sed "s/^/$name: /" | tail -n 3
  )
}

# begin NAME : starts part_NAME beside those that follow; `finish NAME HEADING` awaits it.
# With job control it gets Ctrl-C's signal as a program in front does, which some of the tests send; and it has to be ended by us.
begin() {
  local name=$1 start=$SECONDS
  mkdir -p "$logs"
  set -m
  (
    set -e
    # Not by $1: where the part fails the trap has the arguments of a function within.
    trap 'echo $((SECONDS - start)) >"$logs/$name.seconds"' EXIT
    "part_$1"
  ) </dev/null >"$logs/$1.log" 2>&1 &
  set +m
  beside=$!
  trap 'kill -- "-$beside" 2>/dev/null' EXIT
}

finish() {
  printf '\n== %s ==\n' "$2"
  set +e
  wait "$beside"
  status=$?
  set -e
  trap - EXIT
  cat "$logs/$1.log"
  note "$1" "$(cat "$logs/$1.seconds")"
}

# The same for a part that needs the release build.
run_built() {
  if [ $built = yes ]; then
    run "$@"
  else
    report+=("$(printf 'FAIL  %-12s not run: the build failed' "$1")")
    failed=1
  fi
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
if wanted docs; then
  run docs 'Documentation'
fi
if wanted lint; then
  run lint 'Formatting and lint'
fi
if wanted python; then
  # At once: both wait far more than they compute.
  if [ $built = yes ]; then begin ftpy; fi
  run_built python3 'Python tests inside python3'
  if [ $built = yes ]; then finish ftpy 'Python tests inside ftpy'; else run_built ftpy ''; fi
fi
if wanted endurance; then
  run_built endurance 'Endurance and compatibility'
fi
if wanted fuzz; then
  run fuzz 'Parsers with libFuzzer'
fi
if wanted cpython; then
  run_built cpython "CPython's own tests"
fi
if wanted libraries; then
  run_built libraries "Libraries' own tests"
fi
if wanted hostile; then
  run_built hostile 'Hostile servers'
fi
if wanted badinput; then
  run_built badinput 'Bad input'
fi
if wanted memory; then
  run_built debug "Python tests with Python's debug allocator"
  run_built valgrind 'Python tests inside valgrind'
fi
if wanted sanitize; then
  run sanitize 'Swift tests under sanitizers'
fi
if wanted servers; then
  run servers 'FTP servers'
fi

printf '\n== Summary ==\n'
printf '%s\n' "${report[@]}" ${verdicts[@]+"${verdicts[@]}"}
exit $failed
