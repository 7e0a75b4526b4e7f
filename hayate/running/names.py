"""The words of C that mean something else where floating types are running numbers."""

from __future__ import annotations

_ONE = """exp exp2 expm1 log log2 log10 log1p cbrt sqrt asin acos atan sinh tanh asinh acosh atanh erf erfc sin cos tan
cosh tgamma lgamma fabs floor ceil trunc round rint nearbyint pow hypot atan2 fmod fmax fmin fdim copysign fma ldexp
creal cimag conj cabs carg cexp csqrt clog"""
_LACKING = """frexp frexpf modf modff logb logbf ilogb ilogbf nextafter nextafterf nexttoward remquo remquof strtod
strtof atof nan nanf j0 j1 jn y0 y1 yn"""
_ALONE = "lrint lround isnan isinf isfinite signbit abs"
_MEMORY = "malloc calloc realloc aligned_alloc alloca"

FUNCTIONS: dict[str, str] = (
    {name: f"hy_{name}" for name in _ONE.split()}
    | {f"{name}f": f"hy_{name}f" for name in _ONE.split()}
    | {name: f"hy_{name}" for name in (*_ALONE.split(), *_MEMORY.split())}
    | {f"__builtin_{name}{f}": f"hy_{name}{f}" for name in _ONE.split() for f in ("", "f")}
    | {f"{a}{b}{f}": f"hy_l{b}" for a in ("l", "ll") for b in ("rint", "round") for f in ("", "f")}
    | {"scalbn": "hy_ldexp", "scalbnf": "hy_ldexpf", "__builtin_alloca": "hy_alloca"}
)
# Of the namespace std, beside these.
STANDARD: dict[str, str] = {
    "max": "hy::larger",
    "min": "hy::smaller",
    "complex": "hy_complex",
    "real": "hy_creal",
    "imag": "hy_cimag",
    "arg": "hy_carg",
    "norm": "hy_norm",
    "polar": "hy_polar",
}
_CONSTANTS = """M_PI M_PI_2 M_PI_4 M_1_PI M_2_PI M_2_SQRTPI M_E M_LN2 M_LN10 M_LOG2E M_LOG10E M_SQRT2 M_SQRT1_2
INFINITY NAN HUGE_VAL HUGE_VALF DBL_MAX DBL_MIN DBL_EPSILON FLT_MAX FLT_MIN FLT_EPSILON"""
CONSTANTS = frozenset(_CONSTANTS.split())
TYPES = {"double": "hy_double", "float": "hy_float"}
# Words of C++ that are names in C.
_KEYWORDS = """and and_eq bitand bitor catch char16_t char32_t char8_t class co_await co_return co_yield compl concept
const_cast consteval constexpr constinit decltype delete dynamic_cast explicit export friend mutable namespace new
noexcept not not_eq operator or or_eq private protected public reinterpret_cast requires static_cast template this
throw try typeid typename using virtual wchar_t xor xor_eq"""
KEYWORDS = frozenset(_KEYWORDS.split())
WORDS = {
    "_Bool": "bool",
    "restrict": "__restrict",
    "_Static_assert": "static_assert",
    "_Thread_local": "thread_local",
    "_Noreturn": "",
    "register": "",
    "volatile": "",
    "typeof": "__typeof__",
    "_Imaginary_I": "hy_I",
    "_Complex_I": "hy_I",
}
# Headers of C that C++ has not, or that mean another thing there; what they bring is in the room's own.
DROPPED_HEADERS = frozenset({"complex.h", "tgmath.h", "complex", "omp.h"})
# Names that no running number can stand for, and why.
REFUSED = {
    "_Float16": "a type narrower than float",
    "__fp16": "a type narrower than float",
    "__bf16": "a type narrower than float",
    "_Float128": "a type wider than double",
    "__float128": "a type wider than double",
    "asm": "assembly",
    "__asm__": "assembly",
    "__asm": "assembly",
    "_Generic": "a choice by type",
    "__real__": "a part of a complex number as a place",
    "__imag__": "a part of a complex number as a place",
    "vector_size": "vector types",
    "ext_vector_type": "vector types",
    "setjmp": "jumps out of functions",
    "longjmp": "jumps out of functions",
    "va_arg": "a variable number of arguments",
}
LACKING = frozenset(_LACKING.split())  # functions of the library
REFUSED_PREFIXES = {
    "__m128": "vector types",
    "__m256": "vector types",
    "__m512": "vector types",
    "_mm": "vector instructions",
    "omp_": "calls of OpenMP's library",
    "pthread_": "threads of its own",
    "__builtin_ia32": "vector instructions",
}
