#!/bin/sh
# Draws growth.svg from what list_demo measures.
# usage: pictures.sh BINARY_DIR PICTURES_DIR      with gnuplot, and tools/svg-theme on the PATH
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1/list_demo" --csv growth >"$work/growth.csv"
gnuplot >"$work/growth.svg" <<PLOT
set terminal svg size 800,420 font "sans-serif,14"
set datafile separator ","
set key left top Left reverse samplen 2
set grid
set style fill solid 1.0 noborder
set xlabel "appends"
set ylabel "cells"
set xrange [0:160]
set yrange [0:270]
plot "$work/growth.csv" using 1:3 skip 1 with steps lw 2 dt 2 lc rgb "#d29922" \
         title "allocated, if it doubled", \
     "$work/growth.csv" using 1:2 skip 1 with fillsteps fc rgb "#3fb950" \
         title "allocated and spare", \
     "$work/growth.csv" using 1:1 skip 1 with filledcurves y1=0 fc rgb "#2f81f7" \
         title "allocated and used"
PLOT
svg-theme <"$work/growth.svg" >"$2/growth.svg"
