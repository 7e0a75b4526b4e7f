"""What an object may call that is not its own: lists of names, by technique."""

from __future__ import annotations

import re

from hayate.records import Technique
from hayate.toolchains.source.names import words

_LIBC = words(
    "memcpy memmove memset memcmp bcmp mempcpy free abs labs llabs div ldiv lldiv bsearch __tls_get_addr"
)
# qsort sets memory aside for what it sorts, and shows it to the comparing function.
_ALLOCATORS = words("malloc calloc realloc aligned_alloc posix_memalign memalign reallocarray qsort")
_LIBM = words(
    """
    acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp10 exp2 expm1 fabs fdim
    floor fma fmax fmin fmod frexp hypot ilogb ldexp lgamma llrint llround log log10 log1p log2 logb
    lrint lround modf nearbyint nextafter pow remainder remquo rint round scalbln scalbn sin sincos sinh
    sqrt tan tanh tgamma trunc
    """
)
_THREADS = re.compile(
    # libgomp
    r"GOMP_(?:parallel\w*|barrier\w*|critical_\w+|loop_\w+|single_\w+|sections2?_\w+|ordered_\w+|doacross_\w+"
    r"|atomic_(?:start|end)|task|taskwait\w*|taskyield|taskgroup_(?:start|end|reduction_\w+)|taskloop\w*"
    r"|cancel\w*|workshare_task_reduction_\w+|scope_start|masked\w*)"
    # LLVM's
    r"|__kmpc_(?:fork_call\w*|(?:end_)?serialized_parallel|for_static_\w+|dispatch_\w+|dist_\w+|(?:cancel_)?barrier\w*"
    r"|(?:end_)?(?:critical|single|master|masked|reduce|ordered|taskgroup)\w*|global_thread_num|bound_\w+"
    r"|push_num_threads|push_proc_bind|omp_task\w*|omp_wait_deps|omp_taskwait\w*|omp_taskyield|taskloop\w*"
    r"|flush|cancel|cancellationpoint|copyprivate|atomic_\w+|ok_to_fork|in_parallel|reduction_get\w*)"
    # the interface of both
    r"|omp_(?:get_(?:thread_num|num_threads|max_threads|num_procs|dynamic|nested|schedule|level|ancestor_thread_num"
    r"|team_size|active_level|max_active_levels|supported_active_levels|thread_limit|cancellation|proc_bind|num_teams"
    r"|team_num|max_task_priority)"
    r"|set_(?:num_threads|dynamic|nested|schedule|max_active_levels)|in_parallel|in_final"
    r"|(?:init|destroy|set|unset|test)_(?:nest_)?lock)"
    r"|pthread_(?:create|join|detach|self|equal|once|exit|(?:mutex|cond|spin|rwlock|mutexattr)_\w+"
    r"|barrier_(?:init|wait|destroy)|attr_(?:init|destroy|setstacksize|setdetachstate))"
)


def may_import(name: str, allowed: frozenset[Technique]) -> bool:
    """Whether an object may have this symbol from elsewhere."""
    if name in _ALLOCATORS:
        return Technique.ALLOC in allowed
    if _THREADS.fullmatch(name):
        return Technique.THREADS in allowed
    stem = name.removeprefix("__").removesuffix("_finite") if name.endswith("_finite") else name
    return name in _LIBC or stem in _LIBM or (stem[-1:] in ("f", "l") and stem[:-1] in _LIBM)
