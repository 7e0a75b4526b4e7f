/* The clock's hold on a runner: wake it for a call, time the call, stop it, and notice what it does in between. */
#ifndef HAYATE_PROCESS_H
#define HAYATE_PROCESS_H
#include "protocol.h"

#include <sched.h>
#include <sys/types.h>

struct runner {
    const char *name;
    struct hy_control *control;
    pid_t pid;
    int stat_fd, schedstat_fd, statm_fd;
    uint32_t turn;
    int64_t frozen_cpu_ns; /* its CPU time when it was frozen last; -1 while it may run */
    int awakenings;        /* how often it ran while it was frozen */
};

/* One call, in nanoseconds. `ns` is from go to done as the clock saw it. What surrounds it is the runner's, too: `thaw`
   from the wake-up to ready, `halt` from done to standing still, `cpu` all that its threads used from the wake-up on. */
struct call {
    int64_t ns, delay_ns; /* delays: what the scheduler kept it waiting */
    int64_t thaw_ns, thaw_delay_ns, halt_ns, cpu_ns;
    int64_t done_at_ns;
};

/* The examiner runs the task's own code (oracle, generator), between calls and never beside one. */
extern struct runner candidate, yardstick, examiner;
extern int shares_core; /* clock and runners have one core between them */

/* An answer `fail WHO WHAT NUMBERS...` ends the launch. */
_Noreturn void fail(const char *who, const char *format, ...);

int64_t now_ns(void);
void adopt(struct runner *r, pid_t pid, const cpu_set_t *cores);
const char *raise_priority(pid_t pid, int level); /* what it got: "fifo", "nice" or "none" */
void forbid_priority(pid_t pid); /* it keeps what it got, and its own limits allow no more */
void load(struct runner *r); /* and stops it */
void load_examiner(void);    /* which sleeps while it has nothing to do */

/* The examiner does what its control page says; the clock sleeps meanwhile. */
void consult(int64_t timeout_ns);

/* Wakes it, waits for ready, lets `announce` tell it what to do, says go and sleeps until done. It still runs then: the
   caller looks at the secret positions first, and then must `freeze` it, which completes `call`. */
struct call run(struct runner *r, void (*announce)(struct hy_control *), int64_t timeout_ns);
void freeze(struct runner *r, struct call *call);
void notice_awake(struct runner *r); /* fails it if it keeps running while it is frozen */

#endif
