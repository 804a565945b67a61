#!/usr/bin/env bash
# Fuzzes the parsers of Sources/FTPClient/Protocol: Tests/Fuzzing/run.sh [SECONDS [FUZZER...]]
#
# SECONDS for each fuzzer, 600 if none are given, as many at a time as there are processors; every fuzzer if none is named.
# What was learned stays in .build/fuzzing/corpus for the next time. An input that breaks something is in
# .build/fuzzing/findings, and the exit status is 1. BUILD_DIR names another build folder than .build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seconds=${1:-600}
shift || true
case $seconds in
  '' | *[!0-9]*)
    sed -n '2,/^set /{ /^set /d; s/^# \{0,1\}//p }' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
folder=$(realpath -m "${BUILD_DIR:-.build}")/fuzzing
mkdir -p "$folder"/{findings,logs}
if [ $# -eq 0 ]; then
  mapfile -t fuzzers < <(sed -n 's/^  "\([a-z]*\)": fuzz.*/\1/p' Tests/Fuzzing/Fuzzing.swift)
  set -- "${fuzzers[@]}"
fi

mapfile -t sources < <(find Sources/FTPClient Tests/Fuzzing -name '*.swift')
newer=$(find "${sources[@]}" -newer "$folder/parsers" 2>/dev/null || echo all)
if [ -n "$newer" ]; then
  swiftc -O -wmo -sanitize=fuzzer,address -parse-as-library -swift-version 6 -module-name Fuzzing -package-name ftplib -use-ld=lld \
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault \
    -enable-upcoming-feature MemberImportVisibility "${sources[@]}" -o "$folder/parsers.new"
  mv -f "$folder/parsers.new" "$folder/parsers"
fi
"${PYTHON3:-python3}" Tests/Fuzzing/seeds.py "$folder/seeds"

# Swift's own report of a crash would be the crash that is reported.
# A whole listing has many lines; the other parsers are given one line, or a few.
fuzz() {
  local name=$1 length=600
  [ "$name" != listing ] || length=1200
  mkdir -p "$folder/corpus/$name"
  SWIFT_BACKTRACE=enable=no FUZZER=$name "$folder/parsers" -max_total_time="$seconds" -max_len=$length -timeout=10 -rss_limit_mb=1024 \
    -use_value_profile=1 -print_final_stats=1 -artifact_prefix="$folder/findings/$name-" \
    "$folder/corpus/$name" "$folder/seeds/$name" >"$folder/logs/$name.log" 2>&1
}

failed=0
running=()
names=()
# finish : waits for the oldest of the running fuzzers, and says what became of it.
finish() {
  local name=${names[0]} verdict=ok
  wait "${running[0]}" || { verdict=FAIL failed=1; }
  running=("${running[@]:1}")
  names=("${names[@]:1}")
  awk -v name="$name" -v verdict=$verdict '
    /^Done [0-9]+ runs in/ { seconds = $5 }
    /^stat::number_of_executed_units/ { runs = $2 }
    /^stat::peak_rss_mb/ { memory = $2 }
    / cov: [0-9]+/ { for (i = 1; i < NF; i++) if ($i == "cov:") coverage = $(i + 1) }
    END { printf "%-5s %-13s %5d s %11d inputs, coverage %5d, %4d MB\n", verdict, name, seconds, runs, coverage, memory }
  ' "$folder/logs/$name.log"
  [ $verdict = ok ] || grep -aE "broken promise|Fatal error|ERROR: |Test unit written" "$folder/logs/$name.log" || true
}
for name in "$@"; do
  [ ${#running[@]} -lt "$(nproc)" ] || finish
  fuzz "$name" &
  running+=($!)
  names+=("$name")
done
while [ ${#running[@]} -gt 0 ]; do finish; done
exit $failed
