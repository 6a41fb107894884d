/* demo.h: what the demo's sources share. */
#ifndef THREADING_DEMO_H
#define THREADING_DEMO_H

#include "../../../common/demo.h"
#include "../threading.h"

/* A started thread; join() waits for it and drops it. */
Thread *start(ThreadTarget target, void *arg);
void join(Thread *thread);

/* Waits until `count` threads are in the condition's queue. */
void until_waiting(Condition *condition, size_t count);

/* "True", "False". */
const char *truth(int value);

/* A call, and what it returned: None or an error in Python's words; True or False. */
void show(const char *what, int status);
void show_bool(const char *what, int status);

/* A stage for two threads: a semaphore each, and whoever has had its turn gives the other one. */
typedef struct {
    Semaphore turn[2];
    Lock lock;
    Condition changed; // over lock
    int counter, lines;
    bool careful; // how the scene is played: carelessly, then with care
    bool ready;
} Stage;

typedef struct {
    Stage *stage;
    int me; // 0: the left column, 1: the right one
} Actor;

/* Plays both parts, under the titles of their columns, the left one first; returns the counter. */
int play(bool careful, const char *titles, ThreadTarget left, ThreadTarget right);

/* One line: what this actor does, in its column. Only the one whose turn it is gets here. */
PRINTF_LIKE void act(const Actor *self, const char *format, ...);
void wait_turn(const Actor *self);
void pass_turn(const Actor *self);

/* Passes the turn, and waits until it comes back: the switch that is forced. */
void let_the_other(const Actor *self);

/* locks.c */
void scene_lost(void);
void scene_race(void);
void scene_deadlock(void);

/* waits.c */
void scene_wakeup(void);
void scene_late(void);
void scene_condition(void);

/* uses.c */
void scene_queue(void);
void scene_gun(void);
void scene_semaphore(void);

/* trace.c: four threads and one lock, recorded. */
void scene_timeline(void);
void trace_csv(void);

/* files.c: the demo's own work, and its options. Returns the exit status. */
extern const Option file_options[];
int count_files(int count, char **paths);

#endif
