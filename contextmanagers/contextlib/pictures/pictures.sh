#!/bin/sh
# Draws unwind.svg, from the run that contextlib_demo's scene `unwind` tells.
# usage: pictures.sh BINARY_DIR PICTURES_DIR      with Graphviz, and tools/svg-theme on the PATH
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1/contextlib_demo" --dot | dot -Tsvg >"$work/unwind.svg"
svg-theme <"$work/unwind.svg" >"$2/unwind.svg"
