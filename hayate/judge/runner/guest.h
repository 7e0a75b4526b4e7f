/* What runner and examiner share: they give up their rights, load what is foreign, and wait for the clock. */
#ifndef HAYATE_GUEST_H
#define HAYATE_GUEST_H
#include "protocol.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct hy_control *control;

static void futex(_Atomic uint32_t *word, int operation, uint32_t value)
{
    syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
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

static void start(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) fail("privileges can't be given up");
    atomic_store(&control->state, HY_STARTED);
    futex(&control->state, FUTEX_WAKE, 1);
    /* The clock sets affinity and priority now, so that threads made later inherit them. */
    while (atomic_load(&control->turn) == 0) futex(&control->turn, FUTEX_WAIT, 0);
}

static void loaded(void)
{
    atomic_store(&control->state, HY_LOADED);
    atomic_store(&control->done, 1);
    futex(&control->done, FUTEX_WAKE, 1);
}

#endif
