#!/bin/sh
# Draws ring.svg, from the memory of a cache after five calls, and hits.svg, from the three traces of the scene `curve`.
# usage: pictures.sh BINARY_DIR PICTURES_DIR      with Graphviz, gnuplot, and tools/svg-theme on the PATH
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1/arguments_demo" --dot | neato -n -Tsvg >"$work/ring.svg"
svg-theme <"$work/ring.svg" >"$2/ring.svg"

"$1/arguments_demo" --csv hits >"$work/hits.csv"
for trace in popular "in turn" both; do
    grep "^$trace," "$work/hits.csv" >"$work/$trace"
done
gnuplot >"$work/hits.svg" <<PLOT
set terminal svg size 800,360 font "sans-serif,14"
set datafile separator ","
set logscale x 2
set xlabel "maxsize"
set ylabel "hits, % of the calls"
set xrange [1:2048]
set yrange [0:100]
set key top left
set grid lc rgb "#808080" lw 0.3
plot "$work/popular" using 2:(100*\$4/\$3) with linespoints lw 2 pt 7 ps 0.6 lc rgb "#2f81f7" title "popular pages", \
     "$work/both" using 2:(100*\$4/\$3) with linespoints lw 2 pt 7 ps 0.6 lc rgb "#d29922" title "both", \
     "$work/in turn" using 2:(100*\$4/\$3) with linespoints lw 2 pt 7 ps 0.6 lc rgb "#f85149" title "1000 in turn"
PLOT
svg-theme <"$work/hits.svg" >"$2/hits.svg"
