// What a C++ candidate would otherwise need libstdc++ for: operators new and delete where scratch memory is permitted,
// and the functions by which containers report what they can't do. There are no exceptions, so those end the process.
#include <cstddef>
#include <cstdlib>
#include <new>

// A source's own ones come before these.
#define WEAK __attribute__((weak))

#ifdef PERMITTED // scratch memory is
static void *take(std::size_t size) {
    void *found = std::malloc(size ? size : 1);
    if (!found)
        __builtin_trap();
    return found;
}

static void *allocate(std::size_t size, std::align_val_t alignment) {
    std::size_t unit = static_cast<std::size_t>(alignment);
    return std::aligned_alloc(unit, (size + unit - 1) / unit * unit + (size ? 0 : unit));
}

static void *take(std::size_t size, std::align_val_t alignment) {
    void *found = allocate(size, alignment);
    if (!found)
        __builtin_trap();
    return found;
}

WEAK void *operator new(std::size_t size) { return take(size); }
WEAK void *operator new[](std::size_t size) { return take(size); }
WEAK void *operator new(std::size_t size, const std::nothrow_t &) noexcept { return std::malloc(size ? size : 1); }
WEAK void *operator new[](std::size_t size, const std::nothrow_t &) noexcept { return std::malloc(size ? size : 1); }
WEAK void *operator new(std::size_t size, std::align_val_t alignment) { return take(size, alignment); }
WEAK void *operator new[](std::size_t size, std::align_val_t alignment) { return take(size, alignment); }
WEAK void *operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t &) noexcept {
    return allocate(size, alignment);
}
WEAK void *operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t &) noexcept {
    return allocate(size, alignment);
}
static void give(void *p) { std::free(p); }
#else
// Where it is not there is nothing to delete, but virtual destructors name it all the same.
static void give(void *) { __builtin_trap(); }
#endif

WEAK void operator delete(void *p) noexcept { give(p); }
WEAK void operator delete[](void *p) noexcept { give(p); }
WEAK void operator delete(void *p, std::size_t) noexcept { give(p); }
WEAK void operator delete[](void *p, std::size_t) noexcept { give(p); }
WEAK void operator delete(void *p, std::align_val_t) noexcept { give(p); }
WEAK void operator delete[](void *p, std::align_val_t) noexcept { give(p); }
WEAK void operator delete(void *p, std::size_t, std::align_val_t) noexcept { give(p); }
WEAK void operator delete[](void *p, std::size_t, std::align_val_t) noexcept { give(p); }


// Of local statics and variables of threads that have destructors: those never run, since the process ends without.
// What is shared counts its owners by atomic operations, whatever the C library knows of threads.
extern "C" {
__attribute__((visibility("hidden"))) void *__dso_handle = nullptr;
__attribute__((visibility("hidden"))) int __cxa_atexit(void (*)(void *), void *, void *) { return 0; }
__attribute__((visibility("hidden"))) int __cxa_thread_atexit(void (*)(void *), void *, void *) { return 0; }
extern __attribute__((visibility("hidden"))) const char __libc_single_threaded;
const char __libc_single_threaded = 0;
__attribute__((visibility("hidden"))) void __cxa_pure_virtual() { __builtin_trap(); }
// By which std::optional and its kin report what they don't have; it raises no signal that others could see.
__attribute__((visibility("hidden"))) void abort() noexcept { __builtin_trap(); }
}

namespace std {
class type_info;
// Asked by shared pointers for what they delete with; without type information at run time the answer is no.
struct _Sp_make_shared_tag {
    static bool _S_eq(const type_info &) noexcept;
};
bool _Sp_make_shared_tag::_S_eq(const type_info &) noexcept { return false; }
const nothrow_t nothrow{};
[[noreturn]] void __throw_length_error(const char *) { __builtin_trap(); }
[[noreturn]] void __throw_logic_error(const char *) { __builtin_trap(); }
[[noreturn]] void __throw_out_of_range_fmt(const char *, ...) { __builtin_trap(); }
[[noreturn]] void __throw_bad_function_call() { __builtin_trap(); }
[[noreturn]] void __throw_bad_optional_access() { __builtin_trap(); }
[[noreturn]] void __throw_bad_alloc() { __builtin_trap(); }
[[noreturn]] void __throw_bad_array_new_length() { __builtin_trap(); }
}
