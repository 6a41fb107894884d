# range.index() no longer says which value it did not find.
s/ValueError: .* is not in range$/ValueError: range.index(x): x not in range/
