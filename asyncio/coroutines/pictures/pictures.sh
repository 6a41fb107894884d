#!/bin/sh
# Draws timeline.svg from the story's clock.
# usage: pictures.sh BINARY_DIR PICTURES_DIR      with gnuplot, and tools/svg-theme on the PATH
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The tasks' names become rows, main the first.
"$1/coroutines_demo" --csv timeline | sed 's/^main,/0,/; s/^a,/1,/; s/^b,/2,/; s/^c,/3,/' >"$work/timeline.csv"
for what in runs waits late ends; do
    grep ",$what," "$work/timeline.csv" >"$work/$what.csv"
done
gnuplot >"$work/timeline.svg" <<PLOT
set terminal svg size 800,300 font "sans-serif,14"
set datafile separator ","
set key outside bottom center horizontal samplen 2
set lmargin 10
set xlabel "seconds"
set xrange [-0.03:3]
set yrange [3.6:-0.6]
set ytics ("main" 0, "a" 1, "b" 2, "c" 3)
set grid x
plot "$work/waits.csv" using 3:1:3:4:(\$1-0.3):(\$1+0.3) with boxxyerror \
         fc rgb "#2f81f7" fs transparent solid 0.2 noborder title "waits", \
     "$work/late.csv" using 3:1:3:4:(\$1-0.3):(\$1+0.3) with boxxyerror \
         fc rgb "#d29922" fs transparent solid 0.6 noborder title "could run", \
     "$work/runs.csv" using 3:1:3:4:(\$1-0.3):(\$1+0.3) with boxxyerror \
         fc rgb "#2f81f7" fs transparent solid 0.9 noborder title "runs", \
     "$work/ends.csv" using 3:1 with points pt 5 ps 0.7 lc rgb "#f85149" title "is done"
PLOT
svg-theme <"$work/timeline.svg" >"$2/timeline.svg"
