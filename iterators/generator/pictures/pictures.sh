#!/bin/sh
# Draws this room's pictures from runs of its demo and its benchmark. usage: pictures.sh BINARY_DIR PICTURES_DIR
set -eu
binaries=$1 room=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$binaries/generator_demo" --csv life | awk -F , '
    BEGIN { print "digraph { rankdir=LR; bgcolor=\"transparent\"; edge [fontsize=11 color=gray];"
            print "node [shape=box fontsize=12 color=\"#2f81f7\" style=filled fillcolor=\"#2f81f733\"];" }
    NR > 1 { frame = $2 == "" ? "" : "\\nlasti " $2 "\\nn = " $3 "\\ntotal = " $4
             printf "f%d [label=\"%s%s\"];\n", NR - 2, $1, frame }
    NR > 1 && $5 { printf "f%d -> f%d [label=\"next\\n%s\"];\n", NR - 2, NR - 1, $5 }
    END { print "}" }' | dot -Tsvg | svg-theme >"$room/life.svg"

"$binaries/generator_demo" --csv pull >"$work/pull.csv"
gnuplot <<END | svg-theme >"$room/pull.svg"
set terminal svg size 800,300 font "sans-serif,14"
set datafile separator ","
set grid
unset key
set xlabel "event"
set xrange [0.5:12.5]
set xtics 1
set yrange [-0.4:2.4]
set ytics ("number" 0, "even" 1, "square" 2)
plot "$work/pull.csv" using 1:2 with linespoints lw 2 pt 7 ps 1 lc rgb "#2f81f7" title "events"
END

"$binaries/generator_bench" --csv --only yield-from --rounds 25 >"$work/depth.csv"
for who in ours CPython; do
    grep ",$who," "$work/depth.csv" >"$work/$who"
done
gnuplot <<END | svg-theme >"$room/depth.svg"
set terminal svg size 800,420 font "sans-serif,14"
set datafile separator ","
set grid
set key top left
set logscale xy
set xlabel "generators in the chain"
set ylabel "nanoseconds for one value"
plot "$work/CPython" using 3:(\$3*\$6) with linespoints lw 2 pt 7 lc rgb "#d29922" title "CPython", \
     "$work/ours" using 3:(\$3*\$6) with linespoints lw 2 pt 7 lc rgb "#2f81f7" title "ours"
END
