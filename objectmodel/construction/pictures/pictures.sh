#!/bin/sh
# Draws steps.svg: who calls whom in Shape(4), from the trace of construction_demo.
# usage: pictures.sh BINARY_DIR PICTURES_DIR      with gnuplot, and tools/svg-theme on the PATH
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Each function is a lane, in the order of the first call; the rows become step;from;to;what.
"$1/construction_demo" --csv steps | awk -F ';' -v lanes="$work/lanes" '
    BEGIN { lane["caller"] = 0; names = "\"whoever\\ncalls\" 0" }
    $1 == "call" {
        if (!($2 in lane)) {
            lane[$2] = ++lanes_used
            label = $2
            sub(/\./, ".\\n", label)
            names = names ", \"" label "\" " lane[$2]
        }
        print ++step ";" stack[depth] + 0 ";" lane[$2] ";(" $3 ")"
        stack[++depth] = lane[$2]
    }
    $1 == "return" { depth--; print ++step ";" stack[depth + 1] ";" stack[depth] + 0 ";" $3 }
    END { print names >lanes }' >"$work/steps"
last=$(wc -l <"$work/steps")
lanes=$(tr -cd '"' <"$work/lanes" | wc -c)
right=$((lanes / 2 - 1))
gnuplot >"$work/steps.svg" <<PLOT
set terminal svg size 800,460 noenhanced font "sans-serif,14"
set datafile separator ";"
unset key
set tmargin 3
unset ytics
unset border
set xrange [-0.4:$right.4]
set yrange [$last.8:-0.2]
unset xtics
set x2range [-0.4:$right.4]
set x2tics ($(cat "$work/lanes")) scale 0
set for [lane=0:$right] arrow from lane,0 to lane,$last.6 nohead dt 3 lc rgb "gray"
set ylabel "time, downwards"
call(from, to) = to > from
plot "$work/steps" using (call(\$2, \$3) ? \$2 : NaN):1:(\$3 - \$2):(0) \
         with vectors filled lw 1.5 lc rgb "#2f81f7", \
     "" using (call(\$2, \$3) ? NaN : \$2):1:(\$3 - \$2):(0) \
         with vectors filled lw 1.5 lc rgb "#3fb950", \
     "" using ((\$2 + \$3) / 2.0):(\$1 - 0.3):4 with labels
PLOT
svg-theme <"$work/steps.svg" >"$2/steps.svg"
