#!/bin/sh
# Draws knot.svg, from the memory of type_demo, and bases.svg, classes of collections.abc that are read from its file.
# usage: pictures.sh BINARY_DIR PICTURES_DIR      with Graphviz and tools/svg-theme on the PATH
set -eu
"$1/type_demo" --dot | dot -Tsvg | svg-theme >"$2/knot.svg"
grep -E '^class (Container|Iterable|Sized|Collection|Reversible|Sequence|MutableSequence)[(:]' "$2/../demo/hierarchies.txt" |
    "$1/type_demo" --dot - | dot -Tsvg | svg-theme >"$2/bases.svg"
