#!/bin/sh
# Draws this room's pictures from runs of its demo. usage: pictures.sh BINARY_DIR PICTURES_DIR
set -eu
binaries=$1 room=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$binaries/dict_demo" --dot | dot -Tsvg | svg-theme >"$room/memory.svg"

"$binaries/dict_demo" --csv probes >"$work/probes.csv"
for strategy in "separate chaining" "linear probing" "perturbed probing"; do
    for family in random multiples; do
        grep "^$family,$strategy," "$work/probes.csv" >"$work/$family ${strategy%% *}"
    done
done
cd "$work"
gnuplot <<'END' | svg-theme >"$room/probes.svg"
set terminal svg size 800,420 font "sans-serif,14"
set datafile separator ","
set multiplot layout 1,2
set xlabel "load (slots in use)"
set xrange [0:1]
set grid lc rgb "#808080" lw 0.3
set key top left
set arrow from 0.6667, graph 0 to 0.6667, graph 1 nohead dt 2 lc rgb "#808080"

set title "random hashes: probes per miss"
set yrange [0:12]
plot "random separate" using 3:5 with lines lw 2 lc rgb "#3fb950" title "separate chaining", \
     "random linear" using 3:5 with lines lw 2 lc rgb "#f85149" title "linear probing", \
     "random perturbed" using 3:5 with lines lw 2 lc rgb "#2f81f7" title "perturbed probing"

set title "multiples of 2^{10}: probes per hit"
set yrange [1:1000]
unset key
set logscale y
plot "multiples separate" using 3:4 with lines lw 5 lc rgb "#3fb950" title "separate chaining", \
     "multiples linear" using 3:4 with lines lw 2 lc rgb "#f85149" title "linear probing", \
     "multiples perturbed" using 3:4 with lines lw 2 lc rgb "#2f81f7" title "perturbed probing"
unset multiplot
END
