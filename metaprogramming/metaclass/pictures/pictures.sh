#!/bin/sh
# Draws statement.svg, the steps of a class statement as a sequence, and memory.svg, class against metaclass: from runs
# of the demo. usage: pictures.sh BINARY_DIR PICTURES_DIR      with Graphviz and tools/svg-theme on the PATH
set -eu
"$1/metaclass_demo" --dot statement | svg-theme >"$2/statement.svg"
"$1/metaclass_demo" --dot memory | dot -Tsvg | svg-theme >"$2/memory.svg"
