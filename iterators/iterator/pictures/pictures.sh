#!/bin/sh
# Draws memory.svg, from the memory of iterator_demo, and pull.svg, from the trace of its scene `lazy`.
# usage: pictures.sh BINARY_DIR PICTURES_DIR      with Graphviz, gnuplot, and tools/svg-theme on the PATH
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1/iterator_demo" --dot | dot -Tsvg >"$work/memory.svg"
svg-theme <"$work/memory.svg" >"$2/memory.svg"

"$1/iterator_demo" --csv lazy >"$work/lazy.csv"
last=$(($(wc -l <"$work/lazy.csv") - 2))
gnuplot >"$work/pull.svg" <<PLOT
set terminal svg size 800,520 font "sans-serif,14"
set datafile separator ","
unset key
unset ytics
unset border
set xrange [-0.4:3.4]
set yrange [$last.8:-1.8]
unset xtics
set x2range [-0.4:3.4]
set x2tics ("for" 0, "map" 1, "filter" 2, "source" 3) scale 0
set for [lane=0:3] arrow from lane,-1 to lane,$last.6 nohead dt 3 lc rgb "gray"
set ylabel "time, downwards"
question(from, to) = to > from
plot "$work/lazy.csv" using (question(\$2, \$3) ? \$2 : NaN):1:(\$3 - \$2):(0) skip 1 \
         with vectors filled lw 1.5 lc rgb "#2f81f7", \
     "" using (question(\$2, \$3) ? NaN : \$2):1:(\$3 - \$2):(0) skip 1 \
         with vectors filled lw 1.5 lc rgb "#3fb950", \
     "" using ((\$2 + \$3) / 2.0):(\$1 - 0.35):4 skip 1 with labels
PLOT
svg-theme <"$work/pull.svg" >"$2/pull.svg"
