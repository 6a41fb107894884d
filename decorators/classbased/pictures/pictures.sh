#!/bin/sh
# Draws method.svg, where a.deposit(10) goes, and cells.svg, what each type fills in, from runs of the demo.
# usage: pictures.sh BINARY_DIR PICTURES_DIR      with Graphviz and tools/svg-theme on the PATH
set -eu
for picture in method cells; do
    "$1/classbased_demo" --dot "$picture" | dot -Tsvg | svg-theme >"$2/$picture.svg"
done
