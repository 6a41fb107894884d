#!/bin/sh
# Draws memory.svg, from the memory of instances in slots_demo, and bytes.svg, ours and CPython's, counted by bytes.py.
# usage: pictures.sh BINARY_DIR PICTURES_DIR      with Graphviz, gnuplot, python3, and tools/svg-theme on the PATH
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1/slots_demo" --dot | dot -Tsvg >"$work/memory.svg"
svg-theme <"$work/memory.svg" >"$2/memory.svg"

for way in dict shared values inline slots; do
    "$1/slots_demo" --csv bytes | grep "^$way," >"$work/$way"
done
for way in slots plain asked dict; do
    python3 "$2/bytes.py" | grep "^$way," >"$work/theirs-$way"
done
cd "$work"
gnuplot >bytes.svg <<'PLOT'
set terminal svg noenhanced size 800,520 font "sans-serif,14"
set datafile separator ","
set xlabel "attributes"
set ylabel "bytes of one instance"
set xrange [-0.5:20.5]
set yrange [0:560]
set grid lc rgb "#808080" lw 0.3
set key outside below Left reverse maxcols 2 samplen 2
plot "dict" using 2:3 with steps lw 2 lc rgb "#f85149" title "a dict of its own (up to 3.2)", \
     "theirs-dict" using 2:3 with points pt 6 lc rgb "#f85149" title "CPython, given a dict of its own", \
     "theirs-asked" using 2:3 with points pt 6 lc rgb "#808080" title "CPython, __dict__ asked for", \
     "shared" using 2:3 with lines lw 2 lc rgb "#d29922" title "a dict with shared keys (3.3)", \
     "values" using 2:3 with lines lw 4 lc rgb "#2f81f7" title "a block of values (3.11)", \
     "theirs-plain" using 2:3 with points pt 6 lc rgb "#2f81f7" title "CPython, a plain class", \
     "slots" using 2:3 with lines lw 2 lc rgb "#3fb950" title "slots", \
     "theirs-slots" using 2:3 with points pt 6 lc rgb "#3fb950" title "CPython, slots"
PLOT
svg-theme <bytes.svg >"$2/bytes.svg"
