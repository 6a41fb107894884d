# Where a C ssize_t has 32 bits, the length of a range ends sooner; ours has 64 bits everywhere.
s/^    len: [0-9]{11,}$/    len: OverflowError: Python int too large to convert to C ssize_t/
