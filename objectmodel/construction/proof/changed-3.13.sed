# int and str themselves, called with too many arguments, say it in tuple's words (a vectorcall of
# their own); their subclasses, which go through __new__, as before.
/^(int of int|str of str)\(/{
n
s/(int|str)\(\) takes at most ([23]) arguments \(([0-9]+) given\)/\1 expected at most \2 arguments, got \3/
}
