#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Check the interpreter given as first argument (default python3) and install, through apt-get, the
# system packages that the project needs and does not find; with `tests` as second argument also
# those that only its tests need. With `evolution` it is enough where they cannot be installed that
# there is what evolution needs: a simulator, and what builds one, are for the RTL alone. Says what
# it installs and why; does nothing where all is there.
set -euo pipefail

python=${1:-python3}
purpose=${2:-}

refuse() {
  echo "$*" >&2
  exit 1
}

version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) ||
  refuse "There is no working '$python'; name a Python 3.11 or later: make PYTHON=/usr/bin/python3.11"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  refuse "'$python' is Python $version; name one of 3.11 or later: make PYTHON=/usr/bin/python3.11"

missing=()
needed=0

# need PACKAGE REASON CHECK...: note the package as missing where the command CHECK fails.
need() {
  local package=$1 reason=$2
  shift 2
  if ! "$@" >/dev/null 2>&1; then
    missing+=("$package")
    needed=$((needed + 1))
    echo "Missing system package $package: $reason"
  fi
}

# want PACKAGE REASON CHECK...: the same for what is needed unless the purpose is evolution.
want() {
  local before=$needed
  need "$@"
  [ "$purpose" != evolution ] || needed=$before
}

has_compiler() {
  local compiler
  for compiler in ${CC:-cc gcc clang}; do
    command -v "$compiler" && return
  done
  return 1
}
has_header() { g++ -E -x c++ - <<<"#include <$1>"; }
has_ensurepip() { "$python" -c 'import ensurepip, venv'; }
has_libpython() {
  "$python" -c '
import os, sysconfig
shared, folder, file = sysconfig.get_config_vars("Py_ENABLE_SHARED", "LIBDIR", "INSTSONAME")
assert shared and os.path.exists(os.path.join(folder, file))'
}

need gcc "compiles the fast engine" has_compiler
want iverilog "the simulator of the backend icarus, of tests and of lint" command -v iverilog
want perl "runs Verilator's start script" perl -MPod::Usage -e 1
want g++ "compiles what Verilator generates" command -v g++
want make "builds what Verilator generates" command -v make
want zlib1g-dev "compresses waveforms (FST) in Verilator's models" has_header zlib.h
want liblz4-dev "compresses waveforms (FST) in Verilator's models" has_header lz4.h

# Debian splits these two from its Python. No package can add them to an interpreter from elsewhere.
if [ "$("$python" -c 'import sys; print(sys.base_prefix)')" = /usr ]; then
  need "python$version-venv" "makes the virtual environment .venv" has_ensurepip
  want "libpython$version" "the Python that cocotb loads into a simulator" has_libpython
else
  has_ensurepip 2>/dev/null ||
    refuse "'$python' lacks the module ensurepip; name another interpreter: make PYTHON=/usr/bin/python3"
  [ "$purpose" = evolution ] || has_libpython 2>/dev/null ||
    refuse "'$python' lacks libpython as a shared library; name another interpreter: make PYTHON=/usr/bin/python3"
fi

if [ "$purpose" = tests ]; then
  if grep -qs '^ID=ubuntu' /etc/os-release; then
    browser=chromium-browser driver=chromium-chromedriver
  else
    browser=chromium driver=chromium-driver
  fi
  need "$browser" "opens the pages of evoarray report, as a test" command -v "$browser"
  need ccache "compiles Verilator's own part of all models once" command -v ccache
  need tcl "reads what FuseSoC writes for yosys, as a test" command -v tclsh
  need gcc-aarch64-linux-gnu "compiles the engine for ARM, as a test" command -v aarch64-linux-gnu-gcc
  need libc6-dev-arm64-cross "what that needs" test -e /usr/aarch64-linux-gnu/include/stdio.h
  need qemu-user "runs what was compiled for ARM" command -v qemu-aarch64
  need "$driver" "lets tests look at what the browser shows" command -v chromedriver
fi

[ ${#missing[@]} -gt 0 ] || exit 0

# give_up WHY: the missing packages cannot be installed.
give_up() {
  [ "$needed" -eq 0 ] || refuse "$1"
  echo "$1 Without them no RTL is simulated here; evolution does without."
  exit 0
}

install="apt-get install --yes --no-install-recommends ${missing[*]}"
command -v apt-get >/dev/null ||
  give_up "There is no apt-get here: install these with this system's package manager, then run make again."
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null ||
    give_up "Only root may install them. Run this as root, then run make again: apt-get update && $install"
  as_root=(sudo)
fi

echo "Installing them: $install"
"${as_root[@]}" apt-get update --quiet
# shellcheck disable=SC2086  # the words of the command are meant to split
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive $install
