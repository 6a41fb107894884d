#!/bin/sh
# Draws contention.svg from what threading_demo records.
# usage: pictures.sh BINARY_DIR PICTURES_DIR      with gnuplot, and tools/svg-theme on the PATH
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1/threading_demo" --csv trace >"$work/trace.csv"
gnuplot >"$work/contention.svg" <<PLOT
set terminal svg size 800,420 font "sans-serif,14"
set datafile separator ","
set key outside top center horizontal reverse Left samplen 2
set grid xtics
set xlabel "milliseconds"
set xrange [-0.5:*]
set yrange [3.6:-0.6]
set ytics ("thread 0" 0, "thread 1" 1, "thread 2" 2, "thread 3" 3)
set style fill transparent solid 0.75 noborder
plot "$work/trace.csv" using 2:1:2:3:(\$1-0.06):(\$1+0.06) skip 1 with boxxyerror \
         fc rgb "#d29922" title "waits for the lock", \
     "$work/trace.csv" using 3:1:3:4:(\$1-0.3):(\$1+0.3) skip 1 with boxxyerror \
         fc rgb "#2f81f7" title "holds it"
PLOT
svg-theme <"$work/contention.svg" >"$2/contention.svg"
