#!/bin/sh
# Draws ratios.svg from the benchmarks' --csv on stdin: ours over CPython's, a bar for each operation.
# usage: ./run bench --csv | sh pictures/pictures.sh TOOLS_DIR PICTURES_DIR      with gnuplot
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Of each room one size: a million items where it has them, else its largest. Ours comes before its peers.
awk -F, '$1 == "room" { next }
    { key = $1 "/" $2 }
    $4 == "ours" { time[key, $3] = $5; if (!(key in size) || ($3 <= 1000000 && $3 > size[key])) { if (!(key in size)) order[++n] = key; size[key] = $3 } }
    $4 == "CPython" { peer[key, $3] = $5 }
    END { for (i = 1; i <= n; i++) { k = order[i]; s = size[k]
            if (peer[k, s] > 0) { label = k; sub("/", " ", label); printf "%s,%.4f\n", label, time[k, s] / peer[k, s] } } }' \
    >"$work/ratios.csv"
rows=$(wc -l <"$work/ratios.csv")
[ "$rows" -gt 0 ] || { echo "pictures.sh: no measurements of ours and CPython's on standard input" >&2; exit 2; }
gnuplot >"$work/ratios.svg" <<PLOT
set terminal svg size 800,$((rows * 17 + 70)) font "sans-serif,13"
set datafile separator ","
unset key
set xrange [0:1.5]
set yrange [$rows:-1]
set xtics ("0" 0, "0.25" 0.25, "0.5" 0.5, "0.75" 0.75, "CPython's time" 1, "1.25" 1.25)
set ytics scale 0
set grid x
set style fill solid 0.8 noborder
set arrow from 1, graph 0 to 1, graph 1 nohead lw 2 lc rgb "#808890" front
plot "$work/ratios.csv" using (0):0:(0):(\$2 > 1.5 ? 1.5 : \$2):(\$0-0.35):(\$0+0.35):ytic(1) \
         with boxxyerror lc rgb "#2f81f7", \
     "" using (\$2 > 1.4 ? 1.4 : \$2):0:(sprintf(" %.2f", \$2)) with labels left font ",11" tc rgb "#808890"
PLOT
PATH=$1:$PATH svg-theme <"$work/ratios.svg" >"$2/ratios.svg"
