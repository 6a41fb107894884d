#!/bin/sh
# Draws timeline.svg from a trace of the GIL and convoy.svg from measured latencies, ours and CPython's.
# usage: pictures.sh BINARY_DIR PICTURES_DIR      with gnuplot, and tools/svg-theme on the PATH
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$1/gil_demo" --csv timeline >"$work/timeline.csv"
for state in holds waits asks forced ends; do
    grep ",$state," "$work/timeline.csv" >"$work/$state.csv" || echo '9,,0,0' >"$work/$state.csv"
done
# Whoever holds the GIL for an instant is drawn as if for a fifth of a millisecond, or could not be seen.
gnuplot >"$work/timeline.svg" <<PLOT
set terminal svg size 800,360 font "sans-serif,14"
set datafile separator ","
set key outside bottom center horizontal samplen 2
set lmargin 18
set xlabel "milliseconds"
set yrange [2.6:-0.6]
set ytics ("thread 0 computes" 0, "thread 1 computes" 1, "thread 2 serves" 2)
set grid x
set style fill solid noborder
at_least(from, to) = to - from < 0.2 ? from + 0.2 : to
plot "$work/waits.csv" using 3:1:3:4:(\$1-0.06):(\$1+0.06) with boxxyerror fc rgb "#d29922" \
         title "waits for the GIL", \
     "$work/holds.csv" using 3:1:3:(at_least(\$3, \$4)):(\$1-0.3):(\$1+0.3) with boxxyerror \
         fc rgb "#2f81f7" title "holds it", \
     "$work/asks.csv" using 3:1 with points pt 9 ps 1 lc rgb "#f85149" title "asks for it", \
     "$work/forced.csv" using 3:(\$1-0.4) with points pt 11 ps 1 lc rgb "#3fb950" \
         title "is forced out", \
     "$work/ends.csv" using 3:1 with points pt 2 ps 1.2 lw 2 lc rgb "#808890" title "has ended"
PLOT
svg-theme <"$work/timeline.svg" >"$2/timeline.svg"

"$1/gil_demo" --csv convoy >"$work/convoy.csv"
gnuplot >"$work/convoy.svg" <<PLOT
set terminal svg size 800,420 font "sans-serif,14"
set datafile separator ","
set key top left Left reverse samplen 2
set grid
set logscale xy
set xlabel "switch interval, milliseconds"
set ylabel "late by, milliseconds"
set xrange [0.08:25]
set yrange [0.05:50]
set xtics (0.1, 0.2, 0.5, 1, 2, "5 (default)" 5, 10, 20)
set ytics (0.1, 1, 10)
plot x lw 1 dt 2 lc rgb "#808890" title "one interval late", \
     "$work/convoy.csv" using 1:2 skip 1 with linespoints lw 2 pt 7 ps 0.7 lc rgb "#2f81f7" \
         title "ours, median", \
     "$work/convoy.csv" using 1:4 skip 1 with points lw 2 pt 4 ps 1.4 lc rgb "#d29922" \
         title "CPython, median"
PLOT
svg-theme <"$work/convoy.svg" >"$2/convoy.svg"
