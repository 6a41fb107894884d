/* picture.c: the book's picture of a dict: each statement about `d`, slot by slot. Every frame is
 * read from the table. */
#include "../../../common/picture.h"

#include "../../statements.h"
#include "../dict.h"

#include <inttypes.h>

static const char *const picture_about =
    "A dict d, slot by slot. Type d[8] = 'eight', d[8] or del d[8], with keys of your own. (In a page, perturb has 32 bits of a hash, not 64.)";
static const char *const picture_start =
    "d[0] = 'zero'\nd[8] = 'eight'\nd[16] = 'sixteen'\ndel d[8]\nd[16]\nd[24] = 'new'\nd[3] = 3\nd[4] = 4";
static const char *const picture_opens = "dummy, D";

static Dict *d;
static ssize_t probed = -1; // the slot that is looked at; -1: none

static void draw_slot(FILE *out, ssize_t slot, ssize_t ix) {
    char says[32], key[32];
    snprintf(says, sizeof says, ix >= 0 ? "entry %zd" : ix == DKIX_DUMMY ? "dummy" : "empty", ix);
    snprintf(key, sizeof key, ix >= 0 ? "entry%zd" : "slot%zd", ix >= 0 ? ix : slot);
    fprintf(out, "<li class='slot%s' aria-label='slot %zd: %s%s'><small>%zd</small>",
            slot == probed ? " probed" : "", slot, says, slot == probed ? ", looked at" : "", slot);
    fprintf(out, "<b data-key='%s'", key);
    if (ix >= 0)
        fprintf(out, " class='full'>%zd</b></li>", ix);
    else
        fputs(ix == DKIX_DUMMY ? " class='dummy'>D</b></li>" : ">·</b></li>", out);
}

/* What a key or value says, which in HTML may mean something else. */
static void draw_text(FILE *out, const char *text) {
    for (const char *c = text; *c; c++) {
        if (strchr("<&", *c))
            fprintf(out, "&#%d;", *c);
        else
            putc(*c, out);
    }
}

static void draw_repr(FILE *out, Object *op) {
    Writer text = {0};
    writer_write(&text, "", 0);
    bool ok = object_write_repr(op, &text) == 0 && writer_write(&text, "", 1) == 0;
    fputs("<td>", out);
    draw_text(out, ok ? text.bytes : "?");
    fputs("</td>", out);
    writer_free(&text);
    error_clear();
}

static void draw_entry(FILE *out, ssize_t ix, DictEntry entry) {
    bool looked_at = probed >= 0 && dict_get_index(d->keys, (size_t)probed) == ix;
    fprintf(out, "<tr%s><th scope='row'>%zd</th>", looked_at ? " class='probed'" : "", ix);
    if (entry.key) {
        char hash[24];
        int length = snprintf(hash, sizeof hash, "%" PRId64, (int64_t)entry.hash);
        fprintf(out, "<td title='%s'>%s%s</td>", hash, length > 12 ? "…" : "",
                length > 12 ? hash + length - 8 : hash);
        draw_repr(out, entry.key);
        draw_repr(out, entry.value);
    } else {
        fputs("<td></td><td>deleted</td><td></td>", out);
    }
    fputs("</tr>", out);
}

static void picture_draw(FILE *out) {
    if (!d) d = dict_new();
    const DictKeys *keys = d->keys;
    bool own = keys != dict_empty_keys;
    if (own)
        fprintf(out, "<p>%s table of %zu slots: used %zd, usable %zd, nentries %zd</p>",
                keys->kind == DICT_KEYS_UNICODE ? "unicode" : "general", dict_slots(keys), d->used,
                keys->usable, keys->nentries);
    else
        fputs("<p>{} has no table of its own yet</p>", out);
    fputs("<ol class='slots' aria-label='indices' start='0'>", out);
    for (size_t slot = 0; own && slot < dict_slots(keys); slot++)
        draw_slot(out, (ssize_t)slot, dict_get_index(keys, slot));
    fputs(
        "</ol><table><caption>entries, in the order of insertion</caption><tr><th scope='col'>entry</th>"
        "<th scope='col'>hash</th><th scope='col'>key</th><th scope='col'>value</th></tr>",
        out);
    for (ssize_t ix = 0; own && ix < keys->nentries; ix++)
        draw_entry(out, ix, dict_entry(keys, ix));
    fputs("</table>", out);
}

/* A frame for each slot that a search for the key comes to; false if the key cannot be hashed. */
static bool search(Object *key) {
    const DictKeys *keys = d->keys;
    hash_t hash = object_hash(key);
    if (hash == -1) return false;
    if (keys == dict_empty_keys) return frame("no table yet: nothing to look at"), true;
    size_t mask = dict_slots(keys) - 1, perturb = (size_t)hash, slot = perturb & mask;
    char formula[96];
    snprintf(formula, sizeof formula, "hash %" PRId64 " & %zu", (int64_t)hash, mask);
    for (;;) {
        ssize_t ix = dict_get_index(keys, slot);
        DictEntry entry = ix >= 0 ? dict_entry(keys, ix) : (DictEntry){0, NULL, NULL};
        bool same = entry.key && entry.hash == hash;
        bool found = same && (entry.key == key || object_rich_equal(entry.key, key) == 1);
        probed = (ssize_t)slot;
        frame("slot %zu = %s: %s", slot, formula,
              ix == DKIX_EMPTY   ? "empty, the search ends"
              : ix == DKIX_DUMMY ? "a dummy: was deleted, search on"
              : found            ? "the key is found"
              : same             ? "the same hash, another key: search on"
                                 : "another hash: search on");
        if (found || ix == DKIX_EMPTY) break;
        size_t from = slot;
        slot = dict_next_slot(slot, &perturb, mask);
        snprintf(formula, sizeof formula, "(5*%zu + perturb %#zx + 1) & %zu", from, perturb, mask);
    }
    return true;
}

static void assign(Object *key, Object *value) {
    size_t slots = dict_slots(d->keys);
    ssize_t entries = d->keys->nentries, used = d->used;
    bool own = d->keys != dict_empty_keys, general = d->keys->kind == DICT_KEYS_GENERAL;
    if (!search(key) || dict_set_item(d, key, value) < 0) return;
    DictPlace place = dict_lookup(d, key, object_hash(key));
    probed = (ssize_t)dict_index_slot(d->keys, object_hash(key), place.ix);
    if (!own)
        frame("the first key: a table of %zu slots, entry 0 in slot %zd", dict_slots(d->keys),
              probed);
    else if (d->used == used)
        frame("entry %zd has the new value, its old key and place", place.ix);
    else if (!general && d->keys->kind == DICT_KEYS_GENERAL)
        frame(
            "the first key that is no str: a new table of %zu slots, which keeps hashes, too; entry %zd in slot %zd",
            dict_slots(d->keys), place.ix, probed);
    else if (slots != dict_slots(d->keys) || d->keys->nentries <= entries)
        frame(
            "no entry was left: a new table of %zu slots, what lives moved over in order; entry %zd in slot %zd",
            dict_slots(d->keys), place.ix, probed);
    else
        frame("appended as entry %zd, named by slot %zd", place.ix, probed);
}

static void remove_key(Object *key) {
    if (!search(key)) return;
    if (dict_del_item(d, key) == 0) frame("the entry is emptied; its slot becomes a dummy, D");
}

static const char *picture_line(const char *line) {
    Scanner in = {.at = line};
    Object *key = NULL, *value = NULL;
    probed = -1;
    bool del = take(&in, "del");
    if (take(&in, "d") && take(&in, "[")) {
        key = read_value(&in);
        bool closed = key && take(&in, "]");
        if (closed && !del && take(&in, "=")) {
            value = read_value(&in);
            if (value && at_end(&in)) assign(key, value);
        } else if (closed && at_end(&in)) {
            if (del)
                remove_key(key);
            else if (search(key))
                value = dict_subscript(d, key);
        } else {
            in.bad = "cannot make sense of";
        }
    } else {
        in.bad = "type d[key] = value, d[key] or del d[key]";
    }
    xdecref(key);
    xdecref(value);
    if (error_occurred()) frame("%s: %s", error_name(error_occurred()), error_message());
    error_clear();
    return in.bad;
}
