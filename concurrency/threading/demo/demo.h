/* demo.h: what the demo's sources share. */
#ifndef THREADING_DEMO_H
#define THREADING_DEMO_H

#include "../threading.h"

#define PROGRAM "threading_demo"

/* A demo has nothing left to show without memory or threads. Returns `op`. */
void *need(void *op);

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
    int counter;
    bool ready;
} Stage;

typedef struct {
    Stage *stage;
    int me; // 0: the left column, 1: the right one
} Actor;

/* Plays both parts on this stage, under the titles of their columns, the left one first. */
void play(ThreadTarget left, ThreadTarget right, const char *titles, Stage *stage);

/* One line: what this actor does, in its column. Only the one whose turn it is gets here. */
void act(const Actor *self, const char *what);
void wait_turn(const Actor *self);
void pass_turn(const Actor *self);

/* demo_locks.c */
void scene_lost(void);
void scene_race(void);
void scene_deadlock(void);

/* demo_waits.c */
void scene_wakeup(void);
void scene_late(void);
void scene_condition(void);
void scene_queue(void);
void scene_gun(void);
void scene_semaphore(void);

/* demo_trace.c: four threads and one lock, recorded. */
void scene_timeline(void);
int trace_csv(void);

/* demo_files.c: counts lines, words and bytes of `count` files, with `threads` threads and at most
 * `open` of the files open at once. Returns the exit status. */
int count_files(char **paths, size_t count, size_t threads, ssize_t open);

#endif
