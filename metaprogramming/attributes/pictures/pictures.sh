#!/bin/sh
# Draws lookup.svg, which way the lookups of demo/workload.txt went, and memory.svg, an instance and its class.
# usage: pictures.sh BINARY_DIR PICTURES_DIR      with Graphviz and tools/svg-theme on the PATH
set -eu
"$1/attributes_demo" --interactive --dot lookup <"$2/../demo/workload.txt" | dot -Tsvg | svg-theme >"$2/lookup.svg"
"$1/attributes_demo" --interactive --dot memory <<'EOT' | dot -Tsvg | svg-theme >"$2/memory.svg"
class Base: size = property(lambda self: 1)
class C(Base): x = 'of C'; __getattr__ = lambda self, name: 'made up'
c = C()
c.x = 'own'
c.y = 2
c.x
EOT
