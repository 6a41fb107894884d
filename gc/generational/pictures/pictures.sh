#!/bin/sh
# Draws heap.svg, from the memory of generational_demo in the midst of a collection; survivors.svg, from its server;
# and pause.svg, from the benchmark, where that is built.
# usage: pictures.sh BINARY_DIR PICTURES_DIR      with Graphviz, gnuplot, and tools/svg-theme on the PATH
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1/generational_demo" --dot | dot -Tsvg >"$work/heap.svg"
svg-theme <"$work/heap.svg" >"$2/heap.svg"

"$1/generational_demo" --csv survivors >"$work/survivors.csv"
gnuplot >"$work/survivors.svg" <<PLOT
set terminal svg size 800,360 font "sans-serif,14"
set datafile separator ","
set xlabel "objects made, in thousands"
set ylabel "tracked objects"
set key top left
set xrange [0:120]
set style fill solid 0.8 noborder
plot "$work/survivors.csv" skip 1 using (\$1/1000):(\$4+\$3):(\$4+\$3+\$2) with filledcurves lc rgb "#2f81f7" title "generation 0", \
     "" skip 1 using (\$1/1000):4:(\$4+\$3) with filledcurves lc rgb "#d29922" title "generation 1", \
     "" skip 1 using (\$1/1000):(0):4 with filledcurves lc rgb "#3fb950" title "generation 2"
PLOT
svg-theme <"$work/survivors.svg" >"$2/survivors.svg"

[ -x "$1/generational_bench" ] || exit 0
"$1/generational_bench" --csv --only live >"$work/bench.csv"
pause() { # OPERATION WHO: objects, milliseconds
    awk -F, -v operation="$1" -v who="$2" '$2 == operation && $4 == who { print $3 "," $3 * $5 / 1e6 }' "$work/bench.csv"
}
pause live ours >"$work/ours"
pause live "C type" >"$work/theirs"
pause "live slots" slots >"$work/slots"
gnuplot >"$work/pause.svg" <<PLOT
set terminal svg size 800,360 font "sans-serif,14"
set datafile separator ","
set logscale xy
set format xy "10^{%L}"
set xlabel "live objects"
set ylabel "milliseconds of a full collection"
set key top left
set grid lc rgb "#808080" lw 0.3
plot "$work/slots" with linespoints lw 2 pt 7 ps 0.6 lc rgb "#f85149" title "CPython, instances with slots", \
     "$work/theirs" with linespoints lw 2 pt 7 ps 0.6 lc rgb "#d29922" title "CPython, objects of a C type", \
     "$work/ours" with linespoints lw 2 pt 7 ps 0.6 lc rgb "#2f81f7" title "ours"
PLOT
svg-theme <"$work/pause.svg" >"$2/pause.svg"
