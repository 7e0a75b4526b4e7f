/* Attempts at what a sandbox must stop: `attack WHAT [ARGUMENT...]`. Prints "ok" where the attempt
 * succeeded and the name of the error where it failed; how it ended is what a test looks at. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <unistd.h>

static void tell(const char *what, long result) {
    printf("%s %s\n", what, result < 0 ? strerrorname_np(errno) : "ok");
    fflush(stdout);
}

static long write_file(const char *path, size_t bytes) {
    static char block[1 << 16];
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file < 0) return -1;
    for (size_t done = 0; done < bytes; done += sizeof block)
        if (write(file, block, sizeof block) < 0) return -1;
    return close(file);
}

static void *idle(void *unused) {
    pause();
    return unused;
}

static int thread(void) {
    pthread_t one;
    errno = pthread_create(&one, NULL, idle, NULL);
    return errno ? -1 : 0;
}

static long child(void) {
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    return pid;
}

static void memory(size_t bytes) {
    volatile char *block = malloc(bytes);
    for (size_t i = 0; block && i < bytes; i += 4096) block[i] = 1;
    tell("memory", block ? 0 : -1);
}

static void strict(const char *path) {
    static struct sock_filter filter[4096];
    int file = open(path, O_RDONLY);
    ssize_t bytes = read(file, filter, sizeof filter);
    struct sock_fprog program = {(unsigned short)(bytes / 8), filter};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    tell("install", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
    char *const argv[] = {"/usr/bin/true", NULL};
    tell("execve", execve(argv[0], argv, argv + 1));
    tell("execveat", syscall(SYS_execveat, AT_FDCWD, argv[0], argv, argv + 1, 0));
    tell("fork", child());
    tell("vfork", syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0));
    tell("clone3", syscall(SYS_clone3, NULL, 0));
    tell("kill", kill(getpid(), 0));
    tell("tkill", syscall(SYS_tkill, gettid(), 0));
    tell("sigqueue", sigqueue(getpid(), SIGUSR1, (union sigval){0}));
    tell("thread", thread());
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    tell("dontneed", madvise(page, 4096, MADV_DONTNEED));
    tell("remove", madvise(page, 4096, MADV_REMOVE));
    tell("hugepage", madvise(page, 4096, MADV_HUGEPAGE));
    tell("remap", mremap(page, 4096, 8192, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0);
    cpu_set_t cores;
    tell("getaffinity", sched_getaffinity(0, sizeof cores, &cores));
    tell("setaffinity", sched_setaffinity(0, sizeof cores, &cores));
    tell("scheduler", sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0}));
    tell("nice", nice(5) == -1 && errno ? -1 : 0);
    tell("memfd", memfd_create("x", 0));
    tell("create", open("new", O_CREAT | O_WRONLY, 0644));
    tell("open", open(path, O_RDONLY));
    tell("chmod", chmod(path, 0600));
    tell("symlink", symlink("a", "b"));
    abort(); /* must still end as SIGABRT */
}

static void each_call(int count, char **numbers) {
    for (int i = 0; i < count; i++) {
        errno = 0;
        tell(numbers[i], syscall(atol(numbers[i]), 0, 0, 0, 0, 0, 0));
    }
}

static void processes(const char *seconds) {
    int count = 0;
    while (count < 5000) {
        pid_t pid = fork();
        if (pid < 0) break;
        if (pid == 0) {
            setsid();
            sleep((unsigned)atoi(seconds));
            _exit(0);
        }
        count++;
    }
    printf("%d\n", count);
    fflush(stdout);
}

/* Children that end at once and are never waited for; then orphans whose parent is gone as well. */
static void zombies(void) {
    int count = 0;
    for (pid_t pid; count < 5000 && (pid = fork()) >= 0; count++)
        if (pid == 0) {
            if (count % 2 == 0 && fork() == 0) _exit(0);
            _exit(0);
        }
    printf("%d\n", count);
    fflush(stdout);
}

static void devices(const char *folder) {
    char path[512];
    snprintf(path, sizeof path, "%s/node", folder);
    tell("character", mknod(path, S_IFCHR | 0600, makedev(1, 1))); /* /dev/mem */
    tell("block", mknod(path, S_IFBLK | 0600, makedev(8, 0)));
    const char *names[] = {"/dev/mem", "/dev/kmsg", "/dev/kvm", "/dev/fuse", "/dev/vda", "/dev/sda", "/dev/loop-control"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) tell(names[i], open(names[i], O_RDWR));
    tell("mount", mount("none", folder, "tmpfs", 0, ""));
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "", *one = argc > 2 ? argv[2] : "";
    pid_t other = (pid_t)atol(one);
    if (!strcmp(what, "read")) {
        char text[64] = "";
        int file = open(one, O_RDONLY);
        tell("read", file < 0 ? -1 : read(file, text, sizeof text - 1));
        puts(text);
    } else if (!strcmp(what, "write")) tell("write", write_file(one, 1));
    else if (!strcmp(what, "fill")) {
        signal(SIGXFSZ, SIG_IGN);
        tell("fill", write_file(one, (size_t)atol(argv[3])));
    } else if (!strcmp(what, "litter")) {
        char name[32];
        for (int i = 0; i < 100000; i++) {
            snprintf(name, sizeof name, "file%d", i);
            if (write_file(name, 1 << 20) < 0) usleep(1000);
        }
    } else if (!strcmp(what, "chmod")) tell("chmod", chmod(one, 0600));
    else if (!strcmp(what, "list")) tell("list", open(one, O_RDONLY | O_DIRECTORY));
    else if (!strcmp(what, "socket")) {
        tell("inet", socket(AF_INET, SOCK_STREAM, 0));
        tell("inet6", socket(AF_INET6, SOCK_DGRAM, 0));
        tell("unix", socket(AF_UNIX, SOCK_STREAM, 0));
        tell("netlink", socket(AF_NETLINK, SOCK_RAW, 0));
        tell("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){0}));
    } else if (!strcmp(what, "processes")) processes(argc > 2 ? one : "100");
    else if (!strcmp(what, "memory")) memory((size_t)atol(one));
    else if (!strcmp(what, "memories")) { /* several processes, each within its own limit */
        for (int i = 0; i < atoi(argv[3]); i++)
            if (fork() == 0) {
                memory((size_t)atol(one));
                sleep(100);
            }
        int status = 0, killed = 0;
        while (wait(&status) > 0)
            if (WIFSIGNALED(status) && ++killed) break;
        printf("killed %d\n", killed);
    } else if (!strcmp(what, "chain")) { /* always another process, never two of them for long */
        for (pid_t next = fork(); next >= 0; next = fork())
            if (next == 0) setsid();
            else _exit(0);
    } else if (!strcmp(what, "signal")) {
        tell("kill", kill(other, SIGUSR1));
        tell("tgkill", (long)syscall(SYS_tgkill, other, other, SIGUSR1));
        tell("tkill", (long)syscall(SYS_tkill, other, SIGUSR1));
    } else if (!strcmp(what, "spy")) {
        char path[64], byte;
        struct iovec here = {&byte, 1}, there = {(void *)main, 1};
        tell("ptrace", ptrace(PTRACE_ATTACH, other, 0, 0));
        tell("readv", process_vm_readv(other, &here, 1, &there, 1, 0));
        snprintf(path, sizeof path, "/proc/%d/mem", other);
        tell("mem", open(path, O_RDWR));
        snprintf(path, sizeof path, "/proc/%d/environ", other);
        tell("environ", open(path, O_RDONLY));
        tell("priority", setpriority(PRIO_PROCESS, (id_t)other, 19));
    } else if (!strcmp(what, "descriptors")) {
        for (int i = 0; i < 4096; i++)
            if (fcntl(i, F_GETFD) >= 0) printf("%d ", i);
    } else if (!strcmp(what, "shout"))
        for (;;) puts("all work and no play makes a dull candidate");
    else if (!strcmp(what, "spin"))
        for (;;) __asm__ volatile("");
    else if (!strcmp(what, "sleep")) sleep(1000);
    else if (!strcmp(what, "abort")) abort();
    else if (!strcmp(what, "segv")) *(volatile int *)8 = 1;
    else if (!strcmp(what, "exit")) exit(atoi(one));
    else if (!strcmp(what, "echo")) {
        char block[65536];
        for (ssize_t n; (n = read(0, block, sizeof block)) > 0;)
            if (write(1, block, (size_t)n) < 0) return 1;
    } else if (!strcmp(what, "pid")) printf("%d %d\n", getpid() == 1, getsid(0) == getpid() || getsid(0) != 0);
    else if (!strcmp(what, "threads")) {
        int count = 0;
        while (count < atoi(one) && thread() == 0) count++;
        printf("%d\n", count);
    } else if (!strcmp(what, "cores")) {
        cpu_set_t cores;
        sched_getaffinity(0, sizeof cores, &cores);
        for (int i = 0; i < CPU_SETSIZE; i++)
            if (CPU_ISSET(i, &cores)) printf("%d ", i);
    } else if (!strcmp(what, "namespace")) {
        tell("unshare", unshare(CLONE_NEWUSER));
        tell("clone", (long)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
        tell("clone3", (long)syscall(SYS_clone3, NULL, 0));
    } else if (!strcmp(what, "rise")) {
        uid_t real, effective, saved;
        getresuid(&real, &effective, &saved);
        printf("root %d\n", real == 0 || effective == 0 || saved == 0);
        printf("locked %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
        tell("setuid", setuid(0));
        tell("bounding", prctl(PR_CAPBSET_DROP, 0, 0, 0, 0));
        if (argc > 2) execl(one, one, "rise", (char *)NULL);
    } else if (!strcmp(what, "strict")) strict(one);
    else if (!strcmp(what, "zombies")) zombies();
    else if (!strcmp(what, "devices")) devices(one);
    else if (!strcmp(what, "calls")) each_call(argc - 2, argv + 2);
#ifdef __x86_64__
    else if (!strcmp(what, "x32")) tell("x32", syscall(0x40000000 | SYS_getpid));
    else if (!strcmp(what, "int80")) {
        int result;
        __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory"); /* getpid of i386 */
        printf("%d\n", result);
    }
#endif
    else return 99;
    return 0;
}
