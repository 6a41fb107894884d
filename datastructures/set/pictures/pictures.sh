#!/bin/sh
# Draws this room's pictures from a run of its demo: membership.svg (time of `in`), table.svg.
# usage: pictures.sh BINARY_DIRECTORY PICTURES_DIRECTORY
set -eu
binaries=$1 room=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$binaries/set_demo" --csv membership >"$work/membership.csv"
gnuplot >"$work/membership.svg" <<EOF
set terminal svg size 800,420 font "sans-serif,14"
set datafile separator comma
set logscale xy
set format x "10^{%L}"
set format y "10^{%L}"
set xlabel "members"
set ylabel "nanoseconds for one 'key in ...'"
set key left top
set grid linecolor rgb "#80808066"
set yrange [1:1e8]
plot "$work/membership.csv" skip 1 using 1:3 with linespoints linewidth 2 pointtype 7 \\
         linecolor rgb "#f85149" title "list", \\
     "" skip 1 using 1:2 with linespoints linewidth 2 pointtype 7 \\
         linecolor rgb "#2f81f7" title "set"
EOF
svg-theme <"$work/membership.svg" >"$room/membership.svg"

"$binaries/set_demo" --dot | dot -Tsvg >"$work/table.svg"
svg-theme <"$work/table.svg" >"$room/table.svg"
