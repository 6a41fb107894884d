/* demo.c: coroutines, told by runs; pages from the Web, and a chat. */
#include "demo.h"

#include "real.h"

static bool get, chat;
static const char *host;
static long limit = -1, retries = -1, timeout = -1;

static int work(int count, char **operands) {
    static const char *const program = "coroutines_demo";
    if (get == chat) return usage_error(program, "either --get URL... or --chat; see --help");
    if (get) {
        if (host) return usage_error(program, "--host is for --chat; see --help");
        if (count == 0) return usage_error(program, "--get takes one URL or more; see --help");
        GetOptions options = {limit < 0 ? 10 : limit, retries < 0 ? 2 : retries,
                              timeout < 0 ? 10 : timeout};
        return get_pages(count, operands, &options);
    }
    if (limit >= 0 || retries >= 0 || timeout >= 0)
        return usage_error(program, "--limit, --retries, --timeout are for --get; see --help");
    if (count > 1)
        return usage_error(program, "an argument too many: '%s'; see --help", operands[1]);
    const char *port = count ? operands[0] : "0";
    size_t digits = strspn(port, "0123456789");
    if (digits == 0 || digits > 5 || port[digits] || strtol(port, NULL, 10) > 65535)
        return usage_error(program, "a port is a number from 0 to 65535, not '%s'", port);
    return chat_serve(host ? host : "127.0.0.1", port);
}

int main(int argc, char **argv) {
    static const Scene scenes[] = {
        {"timeline", "Who runs when", scene_timeline, "who waits, and who could run but may not",
         false},
        {"coroutine", "What async def adds to a generator", scene_coroutine, NULL, false},
        {"future", "A Future, and whom it calls", scene_future, NULL, false},
        {"cancel", "How a task is cancelled", scene_cancel, NULL, false},
        {"gather", "One of three fails: gather() and TaskGroup", scene_gather, NULL, false},
        {"forgotten", "Mistake: a forgotten await, a task that nobody waits for", scene_forgotten,
         NULL, false},
        {"block", "Mistake: a call that blocks", scene_block, NULL, false},
        {"swallow", "Mistake: a cancellation that is swallowed", scene_swallow, NULL, false},
        {"unlimited", "Mistake: gather() without a limit", scene_unlimited, NULL, false},
        {0},
    };
    static const Scene data[] = {
        {"timeline", "who ran, waited, and was late, from when to when", data_timeline, NULL,
         false},
        {0},
    };
    static const Option options[] = {
        {.name = "--get", .about = "fetches the URLs, many at once", .flag = &get},
        {.name = "--limit",
         .takes = "N",
         .about = "how many at once; 10 if not given",
         .number = &limit,
         .low = 1,
         .high = 10000},
        {.name = "--retries",
         .takes = "N",
         .about = "how often to try again; 2 if not given",
         .number = &retries,
         .low = 0,
         .high = 20},
        {.name = "--timeout",
         .takes = "SECONDS",
         .about = "for each try; 10 if not given",
         .number = &timeout,
         .low = 1,
         .high = 86400},
        {.name = "--chat", .about = "a chat for telnet and nc", .flag = &chat},
        {.name = "--host",
         .takes = "ADDRESS",
         .about = "where the chat listens; 127.0.0.1 if not given",
         .text = &host},
        {0},
    };
    static const Demo demo = {
        .program = "coroutines_demo",
        .about = "--get URL...: a line for each page, in order; a progress bar on a terminal.\n"
                 "Status 1 if one could not be had. --chat [PORT]: without PORT, or with 0, a\n"
                 "free one is taken and printed; SIGTERM or Ctrl-C ends it.",
        .operands = "[PORT | URL...]",
        .scenes = scenes,
        .data = data,
        .options = options,
        .work = work,
    };
    return demo_main(&demo, argc, argv);
}
