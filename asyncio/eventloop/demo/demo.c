/* demo.c: the event loop, told by runs; an echo server and a web server. */
#include "demo.h"

static bool echo;
static const char *directory, *host = "127.0.0.1", *selector;

static int work(int count, char **operands) {
    if (echo == (directory != NULL))
        return usage_error("eventloop_demo", "either --echo or --serve DIR; see --help");
    if (count > 1)
        return usage_error("eventloop_demo", "an argument too many: '%s'; see --help", operands[1]);
    Place place = {host, count ? operands[0] : "0", selector_default()};
    size_t digits = strspn(place.port, "0123456789");
    if (digits == 0 || digits > 5 || place.port[digits] || strtol(place.port, NULL, 10) > 65535)
        return usage_error("eventloop_demo", "a port is a number from 0 to 65535, not '%s'",
                           place.port);
    if (selector) place.selector = selector_named(selector);
    if (!place.selector) {
        Error error = error_fetch();
        return usage_error("eventloop_demo", "%s", error.message);
    }
    return echo ? serve_echo(&place) : serve_files(&place, directory);
}

int main(int argc, char **argv) {
    static const Scene scenes[] = {
        {"turn", "Four turns of a loop", scene_turn,
         "how long select() waits in each turn, and who is called late", false},
        {"fair", "A callback that adds itself for ever", scene_fair, NULL, false},
        {"timers", "Timers, and those that were cancelled", scene_timers, NULL, false},
        {"refused", "What a selector cannot be asked", scene_refused, NULL, false},
        {"idle", "The price of those who say nothing", scene_idle, NULL, true},
        {"block", "One callback that takes its time", scene_block, NULL, false},
        {"speeds", "Why asyncio's echo has two speeds", scene_speeds, NULL, true},
        {0},
    };
    static const Scene data[] = {
        {"turn", "the four turns, as they were on the clock", data_turn, NULL, false},
        {"idle", "time of a turn by the number of idle descriptors", data_idle, NULL, true},
        {"latency", "requests by latency, with a slow callback and without", data_latency, NULL,
         true},
        {0},
    };
    static const Option options[] = {
        {.name = "--echo", .about = "sends back what comes, over TCP", .flag = &echo},
        {.name = "--serve",
         .takes = "DIR",
         .about = "the files in DIR, by HTTP/1.1",
         .text = &directory},
        {.name = "--host",
         .takes = "ADDRESS",
         .about = "where to listen; 127.0.0.1 if not given",
         .text = &host},
        {.name = "--selector",
         .takes = "NAME",
         .about = "select, poll, epoll or kqueue; the best if not given",
         .text = &selector},
        {0},
    };
    static const Demo demo = {
        .program = "eventloop_demo",
        .about = "--echo [PORT], --serve DIR [PORT]: servers. Without PORT, or with 0, a free\n"
                 "one is taken and printed. SIGTERM or Ctrl-C: who is being served is served to\n"
                 "the end.",
        .operands = "[PORT]",
        .scenes = scenes,
        .data = data,
        .options = options,
        .work = work,
    };
    return demo_main(&demo, argc, argv);
}
