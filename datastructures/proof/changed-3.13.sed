# Unicode 15.1 assigns U+2FFF, which is printable since.
s/'ab\\u2fff/'ab⿿/
