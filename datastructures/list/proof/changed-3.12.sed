# Popping the last item frees the array, so that an extend finds none and makes an exact one, rounded up to even.
s/^(extended then by 3 .* allocated +)8 /\14 /
