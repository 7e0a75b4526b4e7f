/* The process that runs code under test: loads objects, then sleeps until the clock asks for a call.
   usage: runner CONTROL_FD INPUT_FD OUTPUT_FD FILTER CLOCK_SHARES_CORE OBJECT...
   FILTER is a file with the strict seccomp program (an array of sock_filter), installed before anything is loaded,
   so that constructors run under it too. Once an object is loaded this process is the candidate's: nothing that it
   says is believed by the clock without a check. */
#define _GNU_SOURCE
#include "glue.h"
#include "protocol.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

enum { MAX_OBJECTS = 32 };

static struct hy_control *control;
static int shares_core;

static void futex(_Atomic uint32_t *word, int operation, uint32_t value)
{
    syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

static void pause_briefly(void)
{
    if (shares_core) {
        sched_yield();
        return;
    }
#if defined(__x86_64__)
    _mm_pause();
#endif
}

static void fail(const char *why)
{
    snprintf(control->error, sizeof control->error, "%s", why);
    atomic_store(&control->state, HY_LOAD_FAILED);
    futex(&control->state, FUTEX_WAKE, 1);
    _exit(3);
}

static void *map(int fd, int protection)
{
    struct stat info;
    if (fstat(fd, &info) != 0) return NULL;
    void *region = mmap(NULL, (size_t)info.st_size, protection, MAP_SHARED | MAP_POPULATE, fd, 0);
    close(fd);
    return region == MAP_FAILED ? NULL : region;
}

static void install(unsigned short length, struct sock_filter *filter)
{
    struct sock_fprog program = {.len = length, .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        fail("the seccomp program was refused");
}

static void install_filter(const char *path)
{
    static struct sock_filter filter[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail("the seccomp program can't be read");
    ssize_t bytes = read(fd, filter, sizeof filter);
    close(fd);
    if (bytes <= 0 || bytes % (ssize_t)sizeof filter[0]) fail("the seccomp program is damaged");
    install((unsigned short)((size_t)bytes / sizeof filter[0]), filter);
}

/* What only this process can say, or only a frozen one has to fear: signals to itself alone (abort needs them), and
   nothing that makes the kernel send one later. SIGCONT from a timer would let it run while it is frozen. No locks:
   one on a core's folder in /sys would keep the launches of another slot waiting (hayate/judge/locks.py). */
static void install_own_filter(void)
{
    enum { DENY = SECCOMP_RET_ERRNO | 1 /* EPERM */, ARG = offsetof(struct seccomp_data, args) };
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_timer_create, 9, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_flock, 8, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 7, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARG + 8), /* the command of fcntl */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_SETSIG, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_SETOWN, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_SETOWN_EX, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, DENY),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARG), /* the process of tgkill */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)getpid(), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, DENY),
    };
    install(sizeof filter / sizeof filter[0], filter);
}

int main(int argc, char **argv)
{
    if (argc < 7 || argc - 6 > MAX_OBJECTS) return 2;
    control = map(atoi(argv[1]), PROT_READ | PROT_WRITE);
    if (!control) return 2;
    const char *inputs = map(atoi(argv[2]), PROT_READ);
    char *outputs = map(atoi(argv[3]), PROT_READ | PROT_WRITE);
    if (!inputs || !outputs) fail("shared memory can't be mapped");
    shares_core = atoi(argv[5]);

    atomic_store(&control->state, HY_STARTED);
    futex(&control->state, FUTEX_WAKE, 1);
    /* The clock sets affinity and priority now, so that threads made later inherit them. */
    while (atomic_load(&control->turn) == 0) futex(&control->turn, FUTEX_WAIT, 0);

    install_own_filter();
    install_filter(argv[4]);
    void *entries[MAX_OBJECTS];
    double (*peak)(long) = NULL;
    for (int i = 6; i < argc; i++) {
        void *object = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
        if (!object) fail(dlerror());
        entries[i - 6] = dlsym(object, HY_ENTRY);
        if (!entries[i - 6]) {
            entries[i - 6] = dlsym(object, "hayate_peak");
            if (!entries[i - 6]) fail("the object does not export " HY_ENTRY);
            peak = (double (*)(long))entries[i - 6];
        }
    }
    uint32_t turn = 1;
    atomic_store(&control->state, HY_LOADED);
    atomic_store(&control->done, turn);
    futex(&control->done, FUTEX_WAKE, 1);

    for (;;) {
        while (atomic_load(&control->turn) == turn) futex(&control->turn, FUTEX_WAIT, turn);
        turn++;
#if defined(__x86_64__)
        _mm_setcsr(0x1f80); /* round to nearest, no flush to zero: whatever the last call left behind */
#endif
        atomic_store(&control->ready, turn);
        while (atomic_load_explicit(&control->go, memory_order_acquire) != turn) pause_briefly();
        if (control->command == HY_CALL) {
            const void *in[HY_MAX_ARRAYS];
            void *out[HY_MAX_ARRAYS];
            for (int i = 0; i < HY_INPUTS; i++) in[i] = inputs + control->offsets[i];
            for (int i = 0; i < HY_OUTPUTS; i++) out[i] = outputs + control->offsets[HY_INPUTS + i];
            hy_call(entries[control->function], control->sizes, in, out);
        } else if (control->command == HY_PEAK && peak) {
            peak((long)control->peak_iterations);
        }
        atomic_store(&control->done, turn);
        futex(&control->done, FUTEX_WAKE, 1);
    }
}
