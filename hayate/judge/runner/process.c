#define _GNU_SOURCE
#include "process.h"

#include <linux/futex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SLICE_MS = 20, AWAKENINGS = 3 };
static const int64_t READY_NS = 1000000000LL; /* a runner that isn't awake, or still, by then is up to something */
static const int64_t LOAD_NS = 5000000000LL;
static const int64_t STALL_NS = 500000000LL;  /* a gap this long in the clock's own looks: the machine stood still */
static const int64_t HUNGRY_BYTES = 512LL << 20;
static const int64_t AWAKE_NS = 1000000LL;    /* preempted on its way to a stop, a process uses its core once more: 0.4 ms was seen */

struct runner candidate = {.name = "candidate", .frozen_cpu_ns = -1};
struct runner yardstick = {.name = "yardstick", .frozen_cpu_ns = -1};
struct runner examiner = {.name = "examiner", .frozen_cpu_ns = -1};
int shares_core;

int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Of all threads of the process together; -1 if it is gone. */
static int64_t cpu_ns_of(const struct runner *r)
{
    struct timespec t;
    const clockid_t id = (clockid_t)((~(unsigned)r->pid << 3) | 2);
    return clock_gettime(id, &t) ? -1 : (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
}

static char state_of(struct runner *r) /* R, S, T, Z ...; 0 if it is gone */
{
    char text[512];
    ssize_t n = pread(r->stat_fd, text, sizeof text - 1, 0);
    if (n <= 0) return 0;
    text[n] = 0;
    char *after = strrchr(text, ')');
    return after && after[1] ? after[2] : 0;
}

static int alive(struct runner *r)
{
    char s = state_of(r);
    return s && s != 'Z' && s != 'X';
}

static int64_t delay_of(struct runner *r)
{
    char text[128];
    ssize_t n = pread(r->schedstat_fd, text, sizeof text - 1, 0);
    if (n <= 0) return 0;
    text[n] = 0;
    long long run = 0, wait = 0;
    return sscanf(text, "%lld %lld", &run, &wait) == 2 ? wait : 0;
}

static int64_t own_bytes(const struct runner *r) /* memory of its own that is resident */
{
    char text[128];
    ssize_t n = pread(r->statm_fd, text, sizeof text - 1, 0);
    if (n <= 0) return 0;
    text[n] = 0;
    long long size = 0, resident = 0, shared = 0;
    if (sscanf(text, "%lld %lld %lld", &size, &resident, &shared) != 3) return 0;
    return (resident - shared) * sysconf(_SC_PAGESIZE);
}

/* How long it ran although it was frozen: a candidate may arrange to be continued. */
static int64_t awake_ns(const struct runner *r)
{
    if (!r->pid || r->frozen_cpu_ns < 0) return 0;
    const int64_t ran = cpu_ns_of(r) - r->frozen_cpu_ns;
    return ran > AWAKE_NS ? ran : 0;
}

_Noreturn void fail(const char *who, const char *format, ...)
{
    /* What befalls the yardstick while the candidate runs beside it is the candidate's doing. */
    const int64_t awake = who == yardstick.name ? awake_ns(&candidate) : 0;
    va_list list;
    va_start(list, format);
    if (awake) printf("fail %s awake %lld", candidate.name, (long long)awake);
    else {
        printf("fail %s ", who);
        vprintf(format, list);
    }
    printf("\n");
    va_end(list);
    /* A runner with real-time priority that won't end its call would keep those from their core who are to kill it:
       fifteen seconds were seen. One that has died is waited for elsewhere. */
    if (candidate.pid && alive(&candidate)) kill(candidate.pid, SIGSTOP);
    if (yardstick.pid && alive(&yardstick)) kill(yardstick.pid, SIGSTOP);
    if (examiner.pid && alive(&examiner)) kill(examiner.pid, SIGSTOP);
    fflush(stdout);
    exit(0);
}

static void futex_wake(_Atomic uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0); }

static void futex_wait(_Atomic uint32_t *word, uint32_t value)
{
    struct timespec slice = {.tv_nsec = SLICE_MS * 1000000L};
    syscall(SYS_futex, word, FUTEX_WAIT, value, &slice, NULL, 0);
}

/* A limit on the clock's patience that does not count while the machine, and the clock with it, stood still. */
struct patience {
    int64_t start, last, cpu_ns;
};

static struct patience begin(const struct runner *r)
{
    const int64_t now = now_ns();
    return (struct patience){now, now, cpu_ns_of(r)};
}

static int64_t waited_ns(struct patience *p)
{
    const int64_t now = now_ns();
    if (now - p->last > STALL_NS) p->start += now - p->last;
    p->last = now;
    return now - p->start;
}

/* A runner that wants its core and gets next to nothing of it is held up by the machine, not by its code; unless
   it is its own hunger for memory that the machine is busy with. */
static void blame(struct runner *r, const struct patience *p)
{
    const char s = state_of(r);
    const int64_t used = cpu_ns_of(r) - p->cpu_ns, waited = p->last - p->start;
    if ((s == 'R' || s == 'D') && used * 10 < waited && own_bytes(r) < HUNGRY_BYTES)
        fail("host", "starved %s %lld %lld", r->name, (long long)used, (long long)waited);
}

static int64_t stand_still(struct runner *r) /* its CPU time then */
{
    kill(r->pid, SIGSTOP);
    for (struct patience p = begin(r);; sched_yield()) {
        char s = state_of(r);
        if (s == 'T' || s == 't') break;
        if (!s || s == 'Z' || s == 'X') fail(r->name, "died");
        if (waited_ns(&p) > READY_NS) {
            blame(r, &p);
            fail(r->name, "unfreezable %lld", (long long)READY_NS);
        }
    }
    /* Stopped is said a moment before it is off its core, and by one of its threads. */
    int64_t ran = cpu_ns_of(r), again;
    for (const int64_t start = now_ns(); (again = cpu_ns_of(r)) != ran && now_ns() - start < STALL_NS;) ran = again;
    return ran;
}

void freeze(struct runner *r, struct call *call)
{
    call->delay_ns += delay_of(r);
    r->frozen_cpu_ns = stand_still(r);
    call->halt_ns = now_ns() - call->done_at_ns;
    call->cpu_ns += r->frozen_cpu_ns;
}

/* Once or twice is the hypervisor's doing: a core that is taken away on the way to the stop counts as used, for as long
   as it is away. Who gains by it does it call after call. */
void notice_awake(struct runner *r)
{
    const int64_t awake = awake_ns(r);
    if (!awake) return;
    r->frozen_cpu_ns = cpu_ns_of(r);
    if (++r->awakenings >= AWAKENINGS) fail(r->name, "awake %lld", (long long)awake);
}

struct call run(struct runner *r, void (*announce)(struct hy_control *), int64_t timeout_ns)
{
    struct hy_control *c = r->control;
    struct call result = {0};
    notice_awake(r);
    result.cpu_ns = -r->frozen_cpu_ns;
    r->frozen_cpu_ns = -1;
    const int64_t delayed = delay_of(r);
    const uint32_t turn = ++r->turn;
    struct patience p = begin(r);
    const int64_t woken = now_ns();
    atomic_store(&c->turn, turn);
    kill(r->pid, SIGCONT);
    futex_wake(&c->turn);
    /* Yielding matters with a core of its own, too: two clocks of the same real-time priority on one core would
       otherwise wait for each other's runners for ever. */
    for (int looks = 0; atomic_load_explicit(&c->ready, memory_order_acquire) != turn; looks++) {
        sched_yield();
        if (looks % 1024 == 1023) {
            if (!alive(r)) fail(r->name, "died");
            if (waited_ns(&p) > READY_NS) {
                blame(r, &p);
                fail(r->name, "not_ready %lld", (long long)READY_NS);
            }
        }
    }
    announce(c);
    p = begin(r);
    result.thaw_ns = now_ns() - woken;
    result.delay_ns = -delay_of(r); /* the end is added by `freeze` */
    result.thaw_delay_ns = -result.delay_ns - delayed;
    const int64_t start = now_ns();
    atomic_store_explicit(&c->go, turn, memory_order_release);
    uint32_t seen;
    while ((seen = atomic_load(&c->done)) != turn) {
        futex_wait(&c->done, seen);
        if (atomic_load(&c->done) == turn) break;
        if (!alive(r)) fail(r->name, "died");
        if (waited_ns(&p) > timeout_ns) {
            blame(r, &p);
            fail(r->name, "timeout %lld", (long long)timeout_ns);
        }
    }
    result.done_at_ns = now_ns();
    result.ns = result.done_at_ns - start;
    return result;
}

static int open_proc(pid_t pid, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

const char *raise_priority(pid_t pid, int level)
{
    struct sched_param parameter = {.sched_priority = level};
    if (!shares_core && sched_setscheduler(pid, SCHED_FIFO, &parameter) == 0) return "fifo";
    if (setpriority(PRIO_PROCESS, (id_t)pid, -20) == 0) return "nice";
    return "none";
}

void forbid_priority(pid_t pid)
{
    const struct rlimit none = {0, 0};
    prlimit(pid, RLIMIT_RTPRIO, &none, NULL);
    prlimit(pid, RLIMIT_NICE, &none, NULL);
}

void adopt(struct runner *r, pid_t pid, const cpu_set_t *cores)
{
    r->pid = pid;
    r->stat_fd = open_proc(pid, "stat");
    r->schedstat_fd = open_proc(pid, "schedstat");
    r->statm_fd = open_proc(pid, "statm");
    if (r->stat_fd < 0) fail(r->name, "died");
    sched_setaffinity(pid, sizeof *cores, cores);
}

static void await_loaded(struct runner *r)
{
    struct hy_control *c = r->control;
    r->turn = 1;
    atomic_store(&c->turn, 1);
    futex_wake(&c->turn);
    for (struct patience p = begin(r); atomic_load(&c->done) != 1;) {
        futex_wait(&c->done, 0);
        if (atomic_load(&c->state) == HY_LOAD_FAILED) {
            char why[sizeof c->error] = {0}; /* a copy: the page is the candidate's, and it may still write */
            memcpy(why, c->error, sizeof why - 1);
            for (char *s = why; *s; s++)
                if (*s < ' ') *s = ' ';
            fail(r->name, "unloadable %s", why);
        }
        if (atomic_load(&c->done) == 1) break;
        if (!alive(r)) fail(r->name, "died");
        if (waited_ns(&p) > LOAD_NS) {
            blame(r, &p);
            fail(r->name, "load_timeout %lld", (long long)LOAD_NS);
        }
    }
}

void load(struct runner *r)
{
    await_loaded(r);
    r->frozen_cpu_ns = stand_still(r);
}

void load_examiner(void) { await_loaded(&examiner); }

void consult(int64_t timeout_ns)
{
    struct hy_control *c = examiner.control;
    const uint32_t turn = ++examiner.turn;
    struct patience p = begin(&examiner);
    atomic_store(&c->turn, turn);
    futex_wake(&c->turn);
    for (uint32_t seen; (seen = atomic_load(&c->done)) != turn;) {
        futex_wait(&c->done, seen);
        if (atomic_load(&c->done) == turn) break;
        if (!alive(&examiner)) fail(examiner.name, "died");
        if (waited_ns(&p) > timeout_ns) {
            blame(&examiner, &p);
            fail(examiner.name, "timeout %lld", (long long)timeout_ns);
        }
    }
}
