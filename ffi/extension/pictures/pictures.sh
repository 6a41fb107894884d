#!/bin/sh
# Draws doors.svg, nanoseconds per call of add(1000, 2000) through each door, from a run of the benchmark.
# usage: pictures.sh BINARY_DIR PICTURES_DIR      with gnuplot, and tools/svg-theme on the PATH
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$1/extension_bench" --csv >"$work/bench.csv"
# What it is called in the picture, the row and the contender that it is there; those that were measured, fastest first.
while IFS='|' read -r label row who; do
    awk -F, -v label="$label" -v row="$row" -v who="$who" \
        '$2 == row && $4 == who { print $5 "|" label }' "$work/bench.csv"
done <<DOORS | sort -n | awk '{ print NR "|" $0 }' >"$work/doors"
from C: directly|add-in-C|direct
from C: registers by hand|add-in-C|by hand
from C: libffi|add-in-C|libffi
extension: METH_FASTCALL|positional|FASTCALL
extension: a format string|positional|ParseTuple
extension: FASTCALL, by name|by-name|FASTCALL
extension: format, by name|by-name|ParseTupleAndKeywords
Python: a lambda|add|lambda
Cython|add|Cython
cffi|add|cffi
pybind11|add|pybind11
ctypes|add|ctypes
DOORS

gnuplot >"$work/doors.svg" <<PLOT
set terminal svg size 800,440 font "sans-serif,14" noenhanced
set datafile separator "|"
set lmargin 26
set rmargin 4
set xlabel "nanoseconds a call"
set xrange [0:$(tail -n 1 "$work/doors" | awk -F"|" '{ print $2 * 1.12 }')]
set yrange [$(wc -l <"$work/doors").7:0.3]
set grid x
set style fill solid noborder
unset key
plot "$work/doors" using (0):1:(0):2:(\$1-0.35):(\$1+0.35):ytic(3) with boxxyerror fc rgb "#2f81f7", \
     "" using 2:1:(sprintf("%.3g", \$2)) with labels left offset 0.6,0
PLOT
svg-theme <"$work/doors.svg" >"$2/doors.svg"
