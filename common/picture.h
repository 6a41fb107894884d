/* picture.h: how a room's own mechanism drives a picture in the book. A picture is a list of
 * statements, a line each; played from the start each time, they make frames: what to say, and a
 * drawing of the state that the mechanism is in, in HTML. The page turns the frames' pages and knows
 * nothing of the room: it calls the two exported functions. With -DPICTURE_PROGRAM the same file is a
 * program, stdin to stdout.
 *
 * Who includes this writes what is declared below; frame() calls picture_draw(). In a drawing
 * - what has a data-key slides from where the same key was in the frame before, and keeps the focus;
 * - who clicks on data-add="statement" says that statement;
 * - who clicks on one data-from="a" and then on one data-to=".append(b)" says a.append(b).
 */
#ifndef PICTURE_H
#define PICTURE_H

#include "common.h"

#ifdef __wasi__
#define PICTURE_EXPORT(name) __attribute__((export_name(#name)))
#else
#define PICTURE_EXPORT(name)
#endif

enum { PICTURE_FRAMES_MAX = 2000 }; // more, nobody looks at

/* What can be typed; what it begins with; words of the frame at which that opens. */
static const char *const picture_about, *const picture_start, *const picture_opens;
/* Runs a statement; NULL, or what is wrong with it. */
static const char *picture_line(const char *line);
/* Writes the drawing of this moment. */
static void picture_draw(FILE *out);

static struct {
    FILE *out;
    char *input, *text;
    size_t size;
    int line, frames;
} picture;

/* A JSON string; what comes from outside is UTF-8 already. */
static void picture_string(const char *text) {
    putc('"', picture.out);
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\') putc('\\', picture.out);
        if ((unsigned char)*c < 0x20)
            fprintf(picture.out, "\\u%04x", (unsigned)*c);
        else
            putc(*c, picture.out);
    }
    putc('"', picture.out);
}

/* Adds a frame: what is said of it, and the drawing. */
__attribute__((format(printf, 1, 2))) static void frame(const char *format, ...) {
    if (picture.frames == PICTURE_FRAMES_MAX) return;
    char said[512], *drawing = NULL;
    size_t size;
    va_list args;
    va_start(args, format);
    vsnprintf(said, sizeof said, format, args);
    va_end(args);
    FILE *out = open_memstream(&drawing, &size);
    if (!out) return;
    picture_draw(out);
    if (fclose(out) != 0) { // no memory: a frame less
        free(drawing);
        return;
    }
    fprintf(picture.out, "%s{\"line\":%d,\"say\":", picture.frames++ ? ",\n" : "", picture.line);
    picture_string(said);
    fputs(",\"drawing\":", picture.out);
    picture_string(drawing);
    putc('}', picture.out);
    free(drawing);
}

/* Room for `size` bytes of statements; NULL if there is no memory. */
PICTURE_EXPORT(picture_input) char *picture_input(size_t size) {
    return picture.input = calloc(size + 1, 1);
}

/* Plays what stands there. A JSON object with the frames, which ends with a NUL. */
PICTURE_EXPORT(picture_play) char *picture_play(void) {
    picture.out = open_memstream(&picture.text, &picture.size);
    if (!picture.out) return NULL;
    fputs("{\"about\":", picture.out);
    picture_string(picture_about);
    fputs(",\"start\":", picture.out);
    picture_string(picture_start);
    fputs(",\"opens\":", picture.out);
    picture_string(picture_opens);
    fputs(",\"frames\":[\n", picture.out);
    frame("nothing yet");
    for (char *at = picture.input, *end; *at; at = end) {
        end = at + strcspn(at, "\n");
        if (*end) *end++ = '\0';
        picture.line++;
        const char *wrong = *at ? picture_line(at) : NULL;
        if (wrong) frame("%.200s: %s", at, wrong);
    }
    fputs("]}\n", picture.out);
    fclose(picture.out);
    return picture.text;
}

#ifdef PICTURE_PROGRAM
int main(void) {
    size_t size = 0, capacity = 1 << 16;
    if (!picture_input(capacity)) return 1;
    size = fread(picture.input, 1, capacity - 1, stdin);
    picture.input[size] = '\0';
    if (!picture_play()) return 1;
    fputs(picture.text, stdout);
    return finish_output("picture", 0);
}
#endif

#endif
