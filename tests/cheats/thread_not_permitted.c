// expect: crashed
// reason: a system call that is not allowed
// how: threads are not permitted: none can be made, so the result is never written (classes 2, 56)
// guard: off
#include <pthread.h>
static void *work(void *p) { return p; }
@HEAD
{
    pthread_t thread;
    if (pthread_create(&thread, 0, work, 0)) __builtin_trap();
    pthread_join(thread, 0);
@PRODUCT
}
