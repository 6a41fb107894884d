/* both.c: the facts that dict_demo --python compares: of Python's dict, read by the child, and of
 * ours. The labels and their order are the same.
 *
 * CPython: Include/cpython/dictobject.h, Include/internal/pycore_dict.h.
 */
#include "parts.h"

#include <inttypes.h>

const char both_dict_script[] =
    "def memory(d):\n"
    "    # The layout of PyDictObject and PyDictKeysObject, as in twin.py.\n"
    "    keys = ctypes.c_void_p.from_address(id(d) + 32).value\n"
    "    log2_size, log2_index_bytes, kind = (ctypes.c_uint8 * 3).from_address(keys + 8)\n"
    "    usable, nentries = (ctypes.c_ssize_t * 2).from_address(keys + 16)\n"
    "    yield 'kind', 'unicode' if kind else 'general'\n"
    "    yield 'used', ctypes.c_ssize_t.from_address(id(d) + 16).value\n"
    "    yield 'usable', usable\n"
    "    yield 'nentries', nentries\n"
    "    yield 'getsizeof', sys.getsizeof(d)\n"
    "    width = ctypes.c_int8 if log2_size < 8 else ctypes.c_int16 if log2_size < 16 else ctypes.c_int32\n"
    "    for slot, ix in enumerate((width * (1 << log2_size)).from_address(keys + 32)):\n"
    "        yield 'slot %d' % slot, '.' if ix == -1 else 'D' if ix == -2 else ix\n"
    "    each = 2 if kind else 3\n"
    "    at = keys + 32 + (1 << log2_index_bytes)\n"
    "    words = (ctypes.c_ssize_t * (each * nentries)).from_address(at)\n"
    "    for ix in range(nentries):\n"
    "        key, value = words[each * ix + each - 2:each * ix + each]\n"
    "        if not value:\n"
    "            yield 'entry %d' % ix, 'deleted'\n"
    "            continue\n"
    "        key, value = (ctypes.cast(place, ctypes.py_object).value for place in (key, value))\n"
    "        yield 'entry %d hash' % ix, hash(key) if kind else words[each * ix]\n"
    "        yield 'entry %d key' % ix, repr(key)\n"
    "        yield 'entry %d value' % ix, repr(value)\n"
    "\n"
    "main('d', 'd = {}', memory)\n";

static void write_entry(const DictKeys *keys, ssize_t ix, FILE *out) {
    DictEntry entry = dict_entry(keys, ix);
    if (!entry.key) {
        fprintf(out, "entry %zd: deleted\n", ix);
        return;
    }
    fprintf(out, "entry %zd hash: %" PRId64 "\nentry %zd key: ", ix, entry.hash, ix);
    must(object_print(entry.key, out, false));
    fprintf(out, "\nentry %zd value: ", ix);
    must(object_print(entry.value, out, false));
    fputc('\n', out);
}

void both_write_dict(Object *it, FILE *out) {
    const Dict *d = (const Dict *)it;
    const DictKeys *keys = d->keys;
    fprintf(out, "kind: %s\nused: %zd\nusable: %zd\nnentries: %zd\ngetsizeof: %zu\n",
            keys->kind == DICT_KEYS_UNICODE ? "unicode" : "general", d->used, keys->usable,
            keys->nentries, draw_getsizeof(d));
    for (size_t slot = 0; slot < dict_slots(keys); slot++) {
        ssize_t ix = dict_get_index(keys, slot);
        fprintf(out, ix < 0 ? "slot %zu: %s\n" : "slot %zu: %s%zd\n", slot,
                ix == DKIX_EMPTY   ? "."
                : ix == DKIX_DUMMY ? "D"
                                   : "",
                ix);
    }
    for (ssize_t ix = 0; ix < keys->nentries; ix++)
        write_entry(keys, ix, out);
}
