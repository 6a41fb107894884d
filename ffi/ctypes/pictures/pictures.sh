#!/bin/sh
# Draws bytes.svg, a structure's bytes and padding, and registers.svg, where the arguments of one call went.
# usage: pictures.sh BINARY_DIR PICTURES_DIR      with Graphviz and tools/svg-theme on the PATH
set -eu
"$1/ctypes_demo" --dot --layout 'char c; double d; short s' | dot -Tsvg | svg-theme >"$2/bytes.svg"
"$1/ctypes_demo" --dot | dot -Tsvg | svg-theme >"$2/registers.svg"
