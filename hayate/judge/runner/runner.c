/* The process that runs code under test: loads objects, then sleeps until the clock asks for a call.
   usage: runner CONTROL_FD INPUT_FD OUTPUT_FD LOADING CALLING CLOCK_SHARES_CORE LIBRARIES OBJECT...
   LOADING and CALLING are files with seccomp programs (arrays of sock_filter): the first is installed before anything
   foreign is loaded, so that constructors run under it too, the second once all is loaded; an empty one adds nothing.
   LIBRARIES, separated by commas, are loaded before both: run-time libraries of threads, which look at the machine when
   they start; without any, no thread will be made. Once an object is loaded this process is the candidate's: nothing that it says is believed by the
   clock without a check. */
#define _GNU_SOURCE
#include "glue.h"
#include "protocol.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
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

struct filter {
    unsigned short length;
    struct sock_filter code[4096];
};

static void read_filter(const char *path, struct filter *to)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail("the seccomp program can't be read");
    ssize_t bytes = read(fd, to->code, sizeof to->code);
    close(fd);
    if (bytes < 0 || bytes % (ssize_t)sizeof to->code[0]) fail("the seccomp program is damaged");
    to->length = (unsigned short)((size_t)bytes / sizeof to->code[0]);
}

static void install(struct filter *filter)
{
    struct sock_fprog program = {.len = filter->length, .filter = filter->code};
    if (filter->length && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) fail("the seccomp program was refused");
}

static int by_value(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static void *nothing(void *unused) { return unused; }

/* What the C library does once, the first time, with calls that are not allowed later: a random key for malloc's lists,
   the size of memory for qsort, the number of processors for malloc's arenas, the handlers that threads share. */
static void warm_up(int threads)
{
    static int numbers[1024];
    mallopt(M_ARENA_MAX, 8);
    free(malloc(64));
    qsort(numbers, sizeof numbers / sizeof numbers[0], sizeof numbers[0], by_value);
    pthread_t thread;
    if (threads && !pthread_create(&thread, NULL, nothing, NULL)) pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    enum { FIRST = 8 };
    if (argc <= FIRST || argc - FIRST > MAX_OBJECTS) return 2;
    control = map(atoi(argv[1]), PROT_READ | PROT_WRITE);
    if (!control) return 2;
    const char *inputs = map(atoi(argv[2]), PROT_READ);
    char *outputs = map(atoi(argv[3]), PROT_READ | PROT_WRITE);
    if (!inputs || !outputs) fail("shared memory can't be mapped");
    shares_core = atoi(argv[6]);

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) fail("privileges can't be given up");
    atomic_store(&control->state, HY_STARTED);
    futex(&control->state, FUTEX_WAKE, 1);
    /* The clock sets affinity and priority now, so that threads made later inherit them. */
    while (atomic_load(&control->turn) == 0) futex(&control->turn, FUTEX_WAIT, 0);

    char *library = strtok(argv[7], ",");
    warm_up(library != NULL);
    for (; library; library = strtok(NULL, ",")) dlopen(library, RTLD_NOW | RTLD_GLOBAL);
    static struct filter loading, calling;
    read_filter(argv[4], &loading);
    read_filter(argv[5], &calling);
    install(&loading);
    void *entries[MAX_OBJECTS];
    double (*peak)(long) = NULL;
    for (int i = FIRST; i < argc; i++) {
        void *object = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
        if (!object) fail(dlerror());
        entries[i - FIRST] = dlsym(object, HY_ENTRY);
        if (!entries[i - FIRST]) {
            entries[i - FIRST] = dlsym(object, "hayate_peak");
            if (!entries[i - FIRST]) fail("the object does not export " HY_ENTRY);
            peak = (double (*)(long))entries[i - FIRST];
        }
    }
    install(&calling);
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
