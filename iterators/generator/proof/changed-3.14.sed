# Resuming a chain of 2000 generators does not reach the recursion limit of 1000 (seen on 3.14.2, in WebAssembly).
/^too deep$/,/dropped, none begun$/ {
    s/RecursionError: maximum recursion depth exceeded/1/
    s/^GEN_CLOSED/GEN_SUSPENDED/
    s/^(  then next +)StopIteration/\12\
      . guarded: finally/
}
