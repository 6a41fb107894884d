# del l[i] closes the gap and leaves the array as it is, however empty.
/^del \[0\], from 60/,/^append/ {
    /^  at size/d
}
s/^(\[0:1\] = 5 .*)can only assign an iterable/\1must assign iterable to extended slice/
