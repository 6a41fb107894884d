#!/bin/sh
# Draws this room's pictures, functions and cells in memory, from runs of the demo. usage: pictures.sh BINARY_DIR PICTURES_DIR
set -eu
for what in decorated loop; do
    "$1/simple_demo" --dot "$what" | dot -Tsvg | svg-theme >"$2/$what.svg"
done
