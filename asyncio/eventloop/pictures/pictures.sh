#!/bin/sh
# Draws turn.svg from the story's clock, idle.svg and latency.svg from measurements.
# usage: pictures.sh BINARY_DIR PICTURES_DIR      with gnuplot, and tools/svg-theme on the PATH
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$1/eventloop_demo" --csv turn >"$work/turn.csv"
grep ',waits,' "$work/turn.csv" >"$work/waits.csv"
grep ',asks,' "$work/turn.csv" >"$work/asks.csv"
grep ',call,' "$work/turn.csv" >"$work/calls.csv"
gnuplot >"$work/turn.svg" <<PLOT
set terminal svg size 800,260 font "sans-serif,14"
set datafile separator ","
set key outside bottom center horizontal samplen 2
set lmargin 12
set xlabel "seconds"
set xrange [-0.02:1]
set yrange [1.7:-0.9]
set ytics ("select()" 0, "callbacks" 1)
set grid x
set style fill transparent solid 0.7 noborder
set arrow 1 from 0.45,-0.7 to 0.45,-0.32 lc rgb "#3fb950" lw 2
set label 1 "something comes" at 0.44,-0.7 right
set arrow 2 from 0.70,-0.7 to 0.70,0.62 lc rgb "#f85149" lw 2
set label 2 "d is due" at 0.71,-0.7
plot "$work/waits.csv" using 4:(0):4:5:(-0.3):(0.3) with boxxyerror fc rgb "#d29922" title "waits", \
     "$work/asks.csv" using 4:(0) with points pt 13 ps 1.2 lc rgb "#d29922" title "asks, does not wait", \
     "$work/calls.csv" using 4:(1):(\$4+0.004):(\$5-0.004):(0.7):(1.3) with boxxyerror \
         fc rgb "#2f81f7" title "a callback runs", \
     "$work/calls.csv" using ((\$4+\$5)/2):(1):3 with labels notitle
PLOT
svg-theme <"$work/turn.svg" >"$2/turn.svg"

"$1/eventloop_demo" --csv idle >"$work/idle.csv"
gnuplot >"$work/idle.svg" <<PLOT
set terminal svg size 800,400 font "sans-serif,14"
set datafile separator ","
set key top left Left reverse samplen 2
set grid
set xlabel "idle descriptors"
set ylabel "microseconds a turn"
set yrange [0:*]
of(name) = sprintf("< grep '^%s,' $work/idle.csv", name)
plot of("select") using 2:(\$3/1000) with linespoints lw 2 pt 7 ps 0.7 lc rgb "#f85149" title "select", \
     of("poll") using 2:(\$3/1000) with linespoints lw 2 pt 7 ps 0.7 lc rgb "#d29922" title "poll", \
     of("epoll") using 2:(\$3/1000) with linespoints lw 2 pt 7 ps 0.7 lc rgb "#2f81f7" title "epoll"
PLOT
svg-theme <"$work/idle.svg" >"$2/idle.svg"

"$1/eventloop_demo" --csv latency >"$work/latency.csv"
gnuplot >"$work/latency.svg" <<PLOT
set terminal svg size 800,400 font "sans-serif,14"
set datafile separator ","
set key top right Left reverse samplen 2
set grid y
set xlabel "answered within so many milliseconds"
set ylabel "requests"
set logscale y
set yrange [0.7:4000]
set ytics (1, 10, 100, 1000)
set style data histograms
set style histogram clustered gap 1
set style fill transparent solid 0.75 noborder
of(slow) = sprintf("< grep '^%s,' $work/latency.csv", slow)
plot of("nobody") using 3:xtic(2) lc rgb "#3fb950" title "no slow callback", \
     of("in the loop") using 3 lc rgb "#f85149" title "150 ms once, in the loop", \
     of("in a thread") using 3 lc rgb "#2f81f7" title "150 ms once, in a thread"
PLOT
svg-theme <"$work/latency.svg" >"$2/latency.svg"
