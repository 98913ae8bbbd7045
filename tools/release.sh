#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Check that the version that pyproject.toml names can be released, and build it into build/dist.
# That it passes its tests, `make test` says.
set -euo pipefail
cd "$(dirname "$0")/.."

refuse() {
  echo "$*" >&2
  exit 1
}

version=$(.venv/bin/python -c '
import tomllib
print(tomllib.load(open("pyproject.toml", "rb"))["project"]["version"])')
[ -z "$(git status --porcelain)" ] || refuse "There are changes that are not committed; commit or remove them."
grep -qx "## $version" CHANGELOG.md ||
  refuse "CHANGELOG.md has no heading '## $version'; call what is unreleased so."
! grep -qx "## Unreleased" CHANGELOG.md ||
  refuse "CHANGELOG.md has '## Unreleased' still; move its lines below '## $version'."
grep -qx "version: $version" CITATION.cff || refuse "CITATION.cff has another version than $version."
tag=$(git describe --tags --exact-match 2>/dev/null || true)
[ -z "$tag" ] || [ "$tag" = "v$version" ] || refuse "This commit has the tag $tag, and the version is $version."

rm -rf build/dist
.venv/bin/python -m build --no-isolation --outdir build/dist .
.venv/bin/python -m twine check --strict build/dist/*
# A wheel without them would need a compiler on every machine.
names=$(.venv/bin/python -m zipfile --list build/dist/*.whl)
for source in engine increments; do
  grep -q "/$source-[^/]*\.so " <<<"$names" ||
    refuse "The wheel has no compiled $source.c; install a C compiler and call this again."
done
echo "Ready: evoarray $version. To publish it:"
echo "  git tag v$version && git push origin v$version    # if that is not done; GitHub builds the wheels"
echo "  twine upload build/dist/*.tar.gz and the wheels of the workflow 'wheels'"
echo "The wheel in build/dist is for this machine and others like it; package indexes take no such one."
