#!/bin/sh
# Draws this room's picture from what some statements leave in the demo. usage: pictures.sh BINARY_DIR PICTURES_DIR
set -eu
printf '%s\n' 'a = Node()' 'b = [a, a]' 'w = ref(a)' 'p = Node()' 'p.x = Node()' 'p.x.x = p' 'del p' |
    "$1/refcounting_demo" --dot | dot -Tsvg | svg-theme >"$2/memory.svg"
