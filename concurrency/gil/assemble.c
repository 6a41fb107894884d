/* assemble.c: from text to bytecode.
 *
 *     global counter 0            a global, an int
 *     lock lock                   two globals: lock.acquire and lock.release, C functions
 *     thread main 1000            run main(1000) in a thread
 *     function main n             a function and its parameters; instructions follow
 *         LOAD_GLOBAL range
 *     again:                      a label of this function
 *         FOR_ITER done
 *
 * A # begins a comment. A global must be declared before its first use, so that functions can be
 * checked one by one: what this accepts never jumps out of its code, never takes from an empty
 * stack and never puts on a full one, so the loop need not look.
 */
#include "ceval.h"

#include <ctype.h>

enum { WORDS_MAX = 8, LABELS_MAX = 64, WORD_MAX = 32 };

typedef struct {
    char name[WORD_MAX];
    int at;   // of a label: index of an instruction. Of a use: the jump's
    int line; // of a use
} Label;

typedef struct {
    Program *program;
    const char *name;
    int line;
    Function *function; // being filled, or NULL
    int function_line;
    Label labels[LABELS_MAX], uses[LABELS_MAX];
    int nlabels, nuses;
    char words[WORDS_MAX][WORD_MAX];
    int nwords;
} Assembler;

#define OPCODE_NAME(name, kind) #name,
#define OPCODE_KIND(name, kind) kind,
static const char *const opcode_names[] = {OPCODES(OPCODE_NAME)};
static const ArgKind opcode_kinds[] = {OPCODES(OPCODE_KIND)};

const char *opcode_name(Opcode opcode) {
    return opcode_names[opcode];
}

ArgKind opcode_kind(Opcode opcode) {
    return opcode_kinds[opcode];
}

const char *const operator_names[] = {"+",  "-",  "*",  "//",  "%",  "&",  "|",  "^",
                                      "+=", "-=", "*=", "//=", "%=", "&=", "|=", "^="};
const char *const comparison_names[] = {"<", "<=", "==", "!=", ">", ">="};

/* ---- Complaints ------------------------------------------------------------------------------*/

static int complain(const Assembler *self, int line, const char *what, const char *word) {
    return error_set(ValueError, "%.100s:%d: %s%s%s%s", self->name, line, what, *word ? " '" : "",
                     word, *word ? "'" : "");
}

/* Puts the place before an error of the program's own. */
static int complain_again(const Assembler *self) {
    if (!error_matches(ValueError)) return -1;
    char message[128];
    snprintf(message, sizeof message, "%.127s", error_message());
    return complain(self, self->line, message, "");
}

/* ---- Arguments -------------------------------------------------------------------------------*/

static int index_of(const char *const *words, int count, const char *word) {
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0) return i;
    return -1;
}

/* An int or None. */
static int parse_value(const Assembler *self, const char *word, Value *value) {
    *value = NONE;
    if (strcmp(word, "None") == 0) return 0;
    char *end;
    long long number = strtoll(word, &end, 10);
    bool digits = isdigit((unsigned char)word[word[0] == '-']) && !*end;
    if (!digits || number >= INT_MAX_VALUE || number < -INT_MAX_VALUE) {
        return complain(self, self->line, "not an int of 62 bits, and not None:", word);
    }
    *value = value_int(number);
    return 0;
}

static int add_local(const Assembler *self, const char *name) {
    Function *function = self->function;
    for (int i = 0; i < function->nlocals; i++)
        if (strcmp(function->locals[i], name) == 0) return i;
    if (function->nlocals == LOCALS_MAX) {
        return complain(self, self->line, "too many local variables", "");
    }
    strcpy(function->locals[function->nlocals], name);
    return function->nlocals++;
}

static int add_const(const Assembler *self, const char *word) {
    Function *function = self->function;
    Value value;
    if (parse_value(self, word, &value) < 0) return -1;
    for (int i = 0; i < function->nconsts; i++)
        if (function->consts[i].bits == value.bits) return i;
    if (function->nconsts == CONSTS_MAX)
        return complain(self, self->line, "too many constants", "");
    function->consts[function->nconsts] = value;
    return function->nconsts++;
}

static int parse_arg(Assembler *self, ArgKind kind, const char *word) {
    int index = -1;
    Value count;
    switch (kind) {
    case LOCAL:
        return add_local(self, word);
    case CONST:
        return add_const(self, word);
    case GLOBAL:
        if (program_get(self->program, word).bits == 0) {
            return complain(self, self->line, "no global", word);
        }
        return program_global(self->program, word);
    case OPERATOR:
        index = index_of(operator_names, OPERATORS, word);
        return index < 0 ? complain(self, self->line, "no operator", word) : index;
    case COMPARISON:
        index = index_of(comparison_names, COMPARISONS, word);
        return index < 0 ? complain(self, self->line, "no comparison", word) : index;
    case COUNT:
        if (parse_value(self, word, &count) < 0) return -1;
        if (!value_is_int(count) || value_as_int(count) < 0 || value_as_int(count) > 4) {
            return complain(self, self->line, "a call takes 0 to 4 arguments, not", word);
        }
        return (int)value_as_int(count);
    default: // a label
        if (self->nuses == LABELS_MAX) return complain(self, self->line, "too many jumps", "");
        Label *use = &self->uses[self->nuses++];
        strcpy(use->name, word);
        use->at = self->function->size;
        use->line = self->line;
        return 0;
    }
}

/* ---- The end of a function: jumps, then stack depths -----------------------------------------*/

static int resolve(Assembler *self) {
    for (int u = 0; u < self->nuses; u++) {
        const Label *use = &self->uses[u];
        int target = -1;
        for (int i = 0; i < self->nlabels; i++)
            if (strcmp(self->labels[i].name, use->name) == 0) target = self->labels[i].at;
        if (target < 0) return complain(self, use->line, "no label", use->name);
        CodeUnit *jump = &self->function->code[use->at];
        bool backward = opcode_kinds[jump->opcode] == BACKWARD;
        int distance = target - (use->at + 1); // from the next instruction
        if (backward ? distance >= 0 : distance < 0) {
            return complain(self, use->line,
                            backward ? "not behind this:" : "not ahead of this:", use->name);
        }
        jump->oparg = (uint8_t)(backward ? -distance : distance);
    }
    return 0;
}

void opcode_stack_effect(CodeUnit unit, int *takes, int *leaves) {
    *takes = *leaves = 0;
    switch ((Opcode)unit.opcode) {
    case LOAD_FAST:
    case LOAD_CONST:
    case LOAD_GLOBAL:
        *leaves = 1;
        break;
    case BINARY_OP:
    case COMPARE_OP:
        *takes = 2, *leaves = 1;
        break;
    case CALL:
        *takes = unit.oparg + 1, *leaves = 1;
        break;
    case GET_ITER:
        *takes = *leaves = 1;
        break;
    case FOR_ITER:
        *takes = 1, *leaves = 2;
        break;
    case RESUME:
    case JUMP_FORWARD:
    case JUMP_BACKWARD:
        break;
    default:
        *takes = 1; // stores, POP_TOP, conditional jumps, RETURN_VALUE
    }
}

/* Walks the code in order; each instruction is reached with one depth, whatever the way. Code in
 * the order of a compiler is reached from above before it is reached from below. CPython:
 * Python/compile.c, stackdepth(). */
static int check_stack(const Assembler *self) {
    Function *function = self->function;
    int depths[CODE_MAX + 1], lines = self->function_line;
    memset(depths, -1, sizeof depths);
    depths[0] = 0;
    for (int i = 0; i < function->size; i++) {
        CodeUnit unit = function->code[i];
        int takes, leaves, depth = depths[i];
        if (depth < 0) continue; // never reached
        opcode_stack_effect(unit, &takes, &leaves);
        if (depth < takes)
            return complain(self, lines, "takes from an empty stack: function", function->ob.name);
        int after = depth - takes + leaves;
        if (after > STACK_MAX)
            return complain(self, lines, "needs too much stack: function", function->ob.name);
        if (after > function->stacksize) function->stacksize = after;
        ArgKind kind = opcode_kinds[unit.opcode];
        bool jumps = kind == FORWARD || kind == BACKWARD;
        int target = i + 1 + (kind == FORWARD ? unit.oparg : -unit.oparg);
        int there = unit.opcode == FOR_ITER ? depth - 1 : after;
        bool next = unit.opcode != RETURN_VALUE && unit.opcode != JUMP_FORWARD &&
                    unit.opcode != JUMP_BACKWARD;
        if ((jumps && target >= function->size) || (next && i + 1 == function->size)) {
            return complain(self, lines, "runs past its end: function", function->ob.name);
        }
        if (jumps && depths[target] < 0 && kind == FORWARD) depths[target] = there;
        if (next && depths[i + 1] < 0) depths[i + 1] = after;
        if ((jumps && depths[target] != there) || (next && depths[i + 1] != after)) {
            return complain(self, lines, "different stack depths meet: function",
                            function->ob.name);
        }
    }
    return 0;
}

static int end_function(Assembler *self) {
    Function *function = self->function;
    if (!function) return 0;
    if (function->size == 0) {
        return complain(self, self->function_line, "runs past its end: function",
                        function->ob.name);
    }
    if (resolve(self) < 0 || check_stack(self) < 0) return -1;
    self->function = NULL;
    self->nlabels = self->nuses = 0;
    return 0;
}

/* ---- Lines -----------------------------------------------------------------------------------*/

static int begin_function(Assembler *self) {
    if (end_function(self) < 0) return -1;
    if (self->nwords < 2) return complain(self, self->line, "a function needs a name", "");
    if (self->nwords > 2 + 4) return complain(self, self->line, "at most 4 parameters", "");
    Function *function = calloc(1, sizeof *function);
    if (!function) return error_no_memory(), -1;
    if (program_add(self->program, self->words[1], &function->ob) < 0) {
        free(function);
        return complain_again(self);
    }
    self->function = function;
    self->function_line = self->line;
    for (int i = 2; i < self->nwords; i++) {
        if (add_local(self, self->words[i]) < function->argcount) {
            return complain(self, self->line, "twice a parameter:", self->words[i]);
        }
        function->argcount++;
    }
    return 0;
}

static int declare_global(Assembler *self) {
    Value value = value_int(0);
    if (self->nwords < 2 || self->nwords > 3) {
        return complain(self, self->line, "expected: global NAME [VALUE]", "");
    }
    if (program_get(self->program, self->words[1]).bits) {
        return complain(self, self->line, "there is already a", self->words[1]);
    }
    if (self->nwords == 3 && parse_value(self, self->words[2], &value) < 0) return -1;
    int slot = program_global(self->program, self->words[1]);
    if (slot < 0) return complain_again(self);
    store_relaxed(&self->program->globals[slot].bits, value.bits);
    return 0;
}

static int declare_lock(Assembler *self) {
    if (self->nwords != 2) return complain(self, self->line, "expected: lock NAME", "");
    return program_define_lock(self->program, self->words[1]) < 0 ? complain_again(self) : 0;
}

static int declare_thread(Assembler *self) {
    Program *program = self->program;
    if (self->nwords < 2 || self->nwords > 2 + 4) {
        return complain(self, self->line, "expected: thread FUNCTION [VALUE...]", "");
    }
    if (program->ntasks == TASKS_MAX) return complain(self, self->line, "too many threads", "");
    Task *task = &program->tasks[program->ntasks];
    task->function = program_function(program, self->words[1]);
    if (!task->function) return complain(self, self->line, "no function", self->words[1]);
    if (task->function->argcount != self->nwords - 2) {
        return complain(self, self->line, "wrong number of arguments for", self->words[1]);
    }
    for (int i = 2; i < self->nwords; i++)
        if (parse_value(self, self->words[i], &task->args[i - 2]) < 0) return -1;
    program->ntasks++;
    return 0;
}

static int add_label(Assembler *self, char *word) {
    word[strlen(word) - 1] = '\0';
    if (self->nlabels == LABELS_MAX) return complain(self, self->line, "too many labels", "");
    for (int i = 0; i < self->nlabels; i++) {
        if (strcmp(self->labels[i].name, word) == 0) {
            return complain(self, self->line, "there is already a label", word);
        }
    }
    Label *label = &self->labels[self->nlabels++];
    strcpy(label->name, word);
    label->at = self->function->size;
    return 0;
}

static int add_instruction(Assembler *self) {
    int opcode = index_of(opcode_names, OPCODE_COUNT, self->words[0]), arg = 0;
    if (opcode < 0) return complain(self, self->line, "no opcode", self->words[0]);
    bool takes = opcode_kinds[opcode] != NO_ARG;
    if (self->nwords != 1 + takes) {
        return complain(self, self->line,
                        takes ? "takes one argument:" : "takes no argument:", self->words[0]);
    }
    if (self->function->size == CODE_MAX - 1) {
        return complain(self, self->line, "too long a function", "");
    }
    if (takes && (arg = parse_arg(self, opcode_kinds[opcode], self->words[1])) < 0) return -1;
    self->function->code[self->function->size++] = (CodeUnit){(uint8_t)opcode, (uint8_t)arg};
    return 0;
}

static int assemble_line(Assembler *self) {
    const char *first = self->words[0];
    size_t length = strlen(first);
    if (strcmp(first, "function") == 0) return begin_function(self);
    if (strcmp(first, "thread") == 0) return end_function(self) < 0 ? -1 : declare_thread(self);
    if (strcmp(first, "global") == 0) return declare_global(self);
    if (strcmp(first, "lock") == 0) return declare_lock(self);
    if (!self->function) return complain(self, self->line, "outside of a function:", first);
    if (length > 1 && first[length - 1] == ':' && self->nwords == 1) {
        return add_label(self, self->words[0]);
    }
    return add_instruction(self);
}

/* Cuts a line into words. */
static int split(Assembler *self, const char *text, const char *end) {
    self->nwords = 0;
    while (text < end && *text != '#') {
        if (isspace((unsigned char)*text)) {
            text++;
            continue;
        }
        const char *start = text;
        while (text < end && !isspace((unsigned char)*text) && *text != '#')
            if (!isprint((unsigned char)*text++)) {
                return complain(self, self->line, "a byte that is not printable", "");
            }
        if (text - start >= WORD_MAX) return complain(self, self->line, "too long a word", "");
        if (self->nwords == WORDS_MAX) return complain(self, self->line, "too many words", "");
        memcpy(self->words[self->nwords], start, (size_t)(text - start));
        self->words[self->nwords++][text - start] = '\0';
    }
    return 0;
}

int program_assemble(Program *self, const char *name, const char *text, size_t size) {
    Assembler *assembler = calloc(1, sizeof *assembler);
    if (!assembler) return error_no_memory(), -1;
    assembler->program = self;
    assembler->name = name;
    int status = 0;
    for (const char *end = text + size; status == 0 && text < end;) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        if (!newline) newline = end;
        assembler->line++;
        status = split(assembler, text, newline);
        if (status == 0 && assembler->nwords) status = assemble_line(assembler);
        text = newline < end ? newline + 1 : end;
    }
    if (status == 0) status = end_function(assembler);
    free(assembler);
    return status;
}

/* ---- Back to text ----------------------------------------------------------------------------*/

const char *instruction_arg(const Program *program, const Function *function, int index, char *text,
                            size_t size) {
    CodeUnit unit = function->code[index];
    switch (opcode_kinds[unit.opcode]) {
    case LOCAL:
        snprintf(text, size, "%s", function->locals[unit.oparg]);
        break;
    case GLOBAL:
        snprintf(text, size, "%s", program->globals[unit.oparg].name);
        break;
    case OPERATOR:
        snprintf(text, size, "%s", operator_names[unit.oparg]);
        break;
    case COMPARISON:
        snprintf(text, size, "%s", comparison_names[unit.oparg]);
        break;
    case COUNT:
        snprintf(text, size, "%d", unit.oparg);
        break;
    case FORWARD:
        snprintf(text, size, "to %d", index + 1 + unit.oparg);
        break;
    case BACKWARD:
        snprintf(text, size, "to %d", index + 1 - unit.oparg);
        break;
    case CONST: {
        Value value = function->consts[unit.oparg];
        if (value_is_int(value)) {
            snprintf(text, size, "%lld", (long long)value_as_int(value));
        } else {
            snprintf(text, size, "None");
        }
        break;
    }
    default:
        snprintf(text, size, "%s", "");
    }
    return text;
}
