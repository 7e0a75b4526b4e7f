"""Names and what they mean: forbidden, a technique, a library. The rest shows in the object's imports."""

from __future__ import annotations

import re


def words(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


ASSEMBLY = frozenset({"asm", "__asm__", "__asm"})
# Seen in a source before macros are expanded: nobody needs these. After expansion ATTRIBUTES are what may stand.
FORBIDDEN_ATTRIBUTES = words(
    """
    constructor destructor init_priority ifunc target_clones resolver optimize section weak weakref
    alias symver copy tls_model naked
    """
)
ATTRIBUTES = words(
    """
    abi_tag access align_value aligned alloc_align alloc_size always_inline artificial assume assume_aligned
    carries_dependency cleanup cold const deprecated designated_init disable_tail_calls error
    ext_vector_type externally_visible fallthrough flatten force_align_arg_pointer format format_arg
    gcc_struct gnu_inline hot indeterminate internal_linkage leaf likely malloc may_alias maybe_unused
    min_vector_width minsize mode musttail neon_vector_type arm_sve_vector_bits no_destroy no_icf
    no_instrument_function no_profile_instrument_function no_reorder no_split_stack no_stack_limit
    no_stack_protector no_unique_address noalias nocf_check noclone nocommon nodebug nodiscard noescape
    noinline noipa nomerge nonnull nonstring noplt noreturn not_tail_called nothrow nouwtable
    opencl_unroll_hint optnone overloadable packed pure reproducible returns_nonnull sentinel simd
    sysv_abi target transparent_union trivial_abi unavailable uninitialized unlikely unsequenced unused
    used vector_size visibility warn_if_not_aligned warn_unused_result warning
    """
)
# What compilers act on, and what of that is harmless; pragmas that no compiler here knows are ignored by them.
PRAGMA_FAMILIES = re.compile(r"(?:GCC|clang|STDC)\b")
PRAGMAS = re.compile(
    r"GCC (?:diagnostic|ivdep|unroll|novector|target|push_options|pop_options|visibility|warning|error)\b"
    r"|clang (?:loop|diagnostic|fp)\b"
    r"|clang attribute (?:pop$|push \( __attribute__ \( \( target \( \"[^\"]*\" \) \) \) , apply_to = [^\"]*\)$)"
    r"|STDC (?:FP_CONTRACT|FENV_ACCESS|CX_LIMITED_RANGE)\b"
)
FORBIDDEN_PRAGMAS = re.compile(
    r"(?:weak|redefine_extname|extern_prefix|init|fini|comment|push_macro|pop_macro|include_alias|section"
    r"|scalar_storage_order|ms_struct|hayate)\b"
)
TARGET_PRAGMA = re.compile(r"GCC target\b|clang attribute push\b")
REASSOCIATE = re.compile(r"clang fp .*\breassociate|float_control|clang fp .*\breciprocal")
OMP_THREADS = re.compile(
    r"omp .*\b(?:parallel|for|task|taskloop|sections?|single|teams|target|distribute|loop|master|masked"
    r"|barrier|threadprivate|scope|dispatch|interop)\b"
)
OMP_REDUCTION = words("omp_in omp_out omp_priv omp_orig")  # names within `declare reduction`, no library's
OMP_SIMD = re.compile(r"omp .*\bsimd\b")

# Library functions: processes and signals, the environment, input and output, memory maps, clocks and sleep,
# the floating-point environment. Forbidden as calls; some are words that a variable may bear.
FORBIDDEN = words(
    """
    system popen pclose fork vfork clone clone3 unshare setns wait waitpid waitid wait3 wait4 kill tkill
    tgkill killpg raise abort exit _exit _Exit quick_exit atexit at_quick_exit on_exit alarm ualarm
    setitimer timer_create ptrace prctl arch_prctl signal sigaction sigprocmask sigsuspend sigqueue
    sigaltstack sigwait sigwaitinfo bsd_signal sysv_signal ssignal signalfd eventfd timerfd_create
    getpid getppid gettid setrlimit getrlimit prlimit
    dladdr dladdr1 dlclose dlinfo getenv setenv putenv unsetenv clearenv getauxval
    open openat open64 creat close read write pread pwrite readv writev lseek dup dup2 dup3 pipe pipe2
    fcntl ioctl fopen fopen64 fdopen freopen fclose fread fwrite fgets fputs fputc putc putchar puts
    getc getchar gets ungetc printf fprintf dprintf vprintf vfprintf vdprintf scanf fscanf fflush
    setvbuf setbuf perror tmpfile tmpnam mkstemp mkdtemp remove rename unlink link symlink mkdir rmdir
    chdir opendir readdir stat lstat fstat stdin stdout stderr select poll ppoll epoll_create socket
    connect bind listen accept send recv sendto recvfrom sendmsg recvmsg sendfile splice tee vmsplice
    memfd_create
    mmap mmap64 munmap mremap mprotect madvise posix_madvise process_madvise mlock mlock2 mlockall
    munlock munlockall msync mincore brk sbrk shmget shmat shmdt shm_open shm_unlink pkey_mprotect
    remap_file_pages mallopt userfaultfd malloc_usable_size
    nice setpriority getpriority sleep usleep nanosleep clock_nanosleep clock_gettime clock_settime
    gettimeofday clock time times thrd_create thrd_join omp_get_wtime omp_get_wtick
    fesetround fesetenv feupdateenv feholdexcept feenableexcept fedisableexcept
    """
)
# Not words that a variable would bear, hence forbidden however they are used: frames and the caller, clocks,
# the floating-point state, the caches that others share, the loader.
RESERVED = words(
    """
    __builtin_return_address __builtin_frame_address __builtin_extract_return_addr
    __builtin_unwind_init __builtin_apply __builtin_ia32_rdtsc __builtin_ia32_rdtscp
    __builtin_readcyclecounter __rdtsc _rdtsc __rdtscp _rdtscp _mm_setcsr __builtin_ia32_ldmxcsr
    _mm_clflush _mm_clflushopt _mm_clwb _mm_cldemote __builtin_ia32_clflush __builtin_ia32_clflushopt
    __builtin_ia32_clwb __builtin_ia32_cldemote
    syscall __syscall dlopen
    dlmopen dlsym dlvsym dl_iterate_phdr __libc_start_main __environ secure_getenv process_vm_readv
    process_vm_writev __malloc_hook __free_hook _GLOBAL_OFFSET_TABLE_ _DYNAMIC _r_debug __ehdr_start
    __executable_start __dso_handle __bss_start __builtin_thread_pointer
    __builtin_set_thread_pointer __builtin_eh_return __builtin_dwarf_cfa __builtin_frob_return_addr
    __seg_fs __seg_gs __declspec
    """
)
# Defined by the linker, in the object or as what it runs at load, but words that a variable may bear: what does not
# belong to the source does not link, see c.py.
LINKERS = words("_end _edata _etext _init _fini")
# By the last two the linker's --wrap gives out what it keeps from others; __real__ is an operator.
RESERVED_FORMS = re.compile(r"_MM_SET_\w*|__real_(?!_$)\w*|__wrap_\w*")
FORBIDDEN_PREFIXES = (
    "sched_",
    "posix_spawn",
    "pthread_kill",
    "pthread_setaffinity",
    "io_uring_",
    "inotify_",
)
LIBRARY_PREFIXES = ("cblas_", "LAPACKE_", "openblas_", "mkl_", "MKL_", "bli_")
EXEC = re.compile(r"f?exec(?:l|lp|le|v|vp|vpe|ve|veat)")
BLAS = re.compile(r"[sdcz](?:gemm|gemv|gemmt|symm|syrk|trmm|trsm|ger|axpy|dot|scal)_?(?:64_)?")
ALLOC = words(
    """
    malloc calloc realloc reallocarray aligned_alloc posix_memalign memalign valloc pvalloc alloca
    strdup _mm_malloc __builtin_malloc __builtin_calloc __builtin_realloc
    """
)
ALLOCA = "__builtin_alloca"  # and what else begins so
PREFETCH = frozenset({"__builtin_prefetch", "_mm_prefetch", "_m_prefetch", "_m_prefetchw", "__pld"})
SIMD_NAME = re.compile(
    r"_mm(?:256|512)?_(?!malloc$|free$|prefetch$|pause$|[slm]fence$|clflush\w*$|getcsr$|setcsr$|clwb$|cldemote$)\w+"
    r"|__m(?:64|128|256|512)(?:[dih]|bh)?(?:_u)?|__mmask\d+|__v\d+[a-z]{2}|_k\w+_mask(?:8|16|32|64)"
    r"|__builtin_ia32_(?!pause$|[slm]fence$|ldmxcsr$|rdtscp?$|prefetch\w*$|clflush\w*$)\w+"
    r"|(?:native|fixed_size)_simd(?:_mask)?|__builtin_(?:shuffle|shufflevector|convertvector|reduce_\w+|elementwise_\w+|nontemporal_\w+)"
    r"|(?:float|u?int|poly)\d+x\d+(?:x\d)?_t|sv(?:float|u?int|bool)\d*(?:x\d)?_t|__builtin_(?:neon|aarch64|sve)_\w+"
    r"|v(?:ld|st|add|sub|mul|fm|ml|dup|mov|get|set|ext|zip|uzp)\w*_(?:n_)?[fsu](?:16|32|64)"
    r"|sv(?:ld|st|add|sub|mul|ml|nm|dup|ptrue|cnt)\w*"
)
VECTOR_ATTRIBUTES = frozenset(
    {"vector_size", "ext_vector_type", "neon_vector_type", "arm_sve_vector_bits", "mode"}
)
THREAD_NAMES = re.compile(r"pthread_\w+|omp_(?!get_wti)\w+|GOMP_\w+|kmpc?_\w+|__kmpc_\w+")
