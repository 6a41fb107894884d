#!/bin/sh
# Draws this room's picture, the ways out of a block, from runs of the demo. usage: pictures.sh BINARY_DIR PICTURES_DIR
set -eu
"$1/with_demo" --dot | dot -Tsvg | svg-theme >"$2/exits.svg"
