#!/bin/sh
# Draws scaling.svg, from times of multiprocessing_demo and of Python's multiprocessing, and pool.svg,
# who is connected with whom.
# usage: pictures.sh BINARY_DIR PICTURES_DIR      with gnuplot, Graphviz, and tools/svg-theme on the PATH
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1/multiprocessing_demo" --csv scaling >"$work/ours.csv"
cores=$(getconf _NPROCESSORS_ONLN)
for microseconds in 0 1 10 100 1000; do
    count=$((microseconds < 100 ? 20000 : 200000 / microseconds))
    elapsed=$(python3 "$2/../proof/bench.py" scaling "$count" "${microseconds}000")
    echo "$microseconds,$((elapsed / count))"
done >"$work/python.csv"
gnuplot >"$work/scaling.svg" <<PLOT
set terminal svg size 800,420 font "sans-serif,14"
set datafile separator ","
set key left top Left reverse
set grid
set logscale xy
set yrange [0.1:10000]
set xlabel "microseconds that a task computes (0 is drawn at 0.1)"
set ylabel "microseconds for a task"
at(t) = t > 0 ? t : 0.1
plot "$work/python.csv" using (at(\$1)):(\$2 / 1000) with linespoints lw 2 pt 7 lc rgb "#d29922" \
         title "multiprocessing.Pool, $cores workers", \
     "$work/ours.csv" using (at(\$1)):(\$2 == 1 ? \$3 : NaN) skip 1 with linespoints lw 2 pt 7 \
         lc rgb "#f85149" title "ours, 1 worker", \
     "$work/ours.csv" using (at(\$1)):(\$2 == $cores ? \$3 : NaN) skip 1 with linespoints lw 2 pt 7 \
         lc rgb "#2f81f7" title "ours, $cores workers", \
     [0.1:3000] x / $cores with lines dt 2 lw 3 lc rgb "#3fb950" \
         title "nothing lost: what it computes, shared by $cores cores"
PLOT
svg-theme <"$work/scaling.svg" >"$2/scaling.svg"

dot -Tsvg >"$work/pool.svg" <<'GRAPH'
digraph {
    rankdir=LR; bgcolor=transparent; nodesep=0.3; ranksep=1.6
    node [shape=box, style=filled, fontname="sans-serif", fontsize=13, fillcolor="#2f81f733"]
    edge [fontname="sans-serif", fontsize=12, color=gray, dir=both]
    parent [label="parent\n\ncalls, chunks,\nwho was given what", height=1.6]
    w1 [label="ForkPoolWorker-1", fillcolor="#3fb95033"]
    w2 [label="ForkPoolWorker-2", fillcolor="#3fb95033"]
    memory [label="shared memory: the item\nthat each worker is at", fillcolor="#d2992233", shape=note]
    parent -> w1 [label="a socket pair: chunks, results"]
    parent -> w2 [label="another"]
    w1 -> memory [dir=forward]
    w2 -> memory [dir=forward]
    parent -> memory [dir=back, style=dashed, label="looked at when a worker dies"]
}
GRAPH
svg-theme <"$work/pool.svg" >"$2/pool.svg"
