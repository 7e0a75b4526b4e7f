"""Numbers with fewer bits than a task's: what they are called, and C that makes them.

What is neither floating nor complex passes through HAYATE_LOWER as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HELPERS = (Path(__file__).parent / "precision.h").read_text()
# What a number is one precision lower: name, and C.
NARROWED = {
    "float64": ("single precision", "(float)({})"),
    "complex128": ("single precision", "(_Complex float)({})"),
    "float32": ("half precision", "hayate_half({})"),
}
_COMPLEX = """
#define HAYATE_PARTS(t, f, x) ({ t hayate_z = (x); \
    __real__ hayate_z = f(__real__ hayate_z); __imag__ hayate_z = f(__imag__ hayate_z); hayate_z; })
static _Complex double hayate_of_cd(_Complex double x) { return HAYATE_PARTS(_Complex double, hayate_of_d, x); }
static _Complex float hayate_of_cf(_Complex float x) { return HAYATE_PARTS(_Complex float, hayate_of_f, x); }
"""
_C = """
#define HAYATE_AS(t, x) _Generic((x), t: (x), default: (t)0)
#define HAYATE_LOWER(x) ({ __auto_type hayate_x = (x); _Generic(hayate_x, \\
    double: hayate_of_d(HAYATE_AS(double, hayate_x)), float: hayate_of_f(HAYATE_AS(float, hayate_x)), \\
    _Complex double: hayate_of_cd(HAYATE_AS(_Complex double, hayate_x)), \\
    _Complex float: hayate_of_cf(HAYATE_AS(_Complex float, hayate_x)), default: hayate_x); })
#define HAYATE_UPDATE(to, op, x) ({ __auto_type hayate_to = &(to); \\
    *hayate_to = HAYATE_LOWER(HAYATE_LOWER(*hayate_to) op (x)); })
#define HAYATE_UPDATED(to, op, x) ({ __auto_type hayate_to = &(to); *hayate_to = HAYATE_LOWER(*hayate_to op (x)); })
"""
_CXX = """
template <class T> static inline T hayate_lower(T x) { return x; }
static inline double hayate_lower(double x) { return hayate_of_d(x); }
static inline float hayate_lower(float x) { return hayate_of_f(x); }
#define HAYATE_LOWER(x) hayate_lower(x)
#define HAYATE_UPDATE(to, op, x) ({ auto hayate_to = &(to); \\
    *hayate_to = HAYATE_LOWER(HAYATE_LOWER(*hayate_to) op (x)); })
#define HAYATE_UPDATED(to, op, x) ({ auto hayate_to = &(to); *hayate_to = HAYATE_LOWER(*hayate_to op (x)); })
"""


@dataclass(frozen=True)
class Format:
    name: str
    of_double: str  # C over x
    of_float: str
    each_statement: bool = True

    def helpers(self, language: str) -> str:
        both = (
            f"static double hayate_of_d(double x) {{ return {self.of_double}; }}\n"
            f"static float hayate_of_f(float x) {{ return {self.of_float}; }}\n"
        )
        return HELPERS + both + (_COMPLEX + _C if language == "c" else _CXX)


BELOW_DOUBLE = (
    Format("single precision", "hayate_single(x)", "x"),
    Format("44 of 53 bits", "hayate_cut(x, 44)", "x", each_statement=False),
    Format("48 of 53 bits", "hayate_cut(x, 48)", "x", each_statement=False),
)
BELOW_FLOAT = (
    Format("half precision", "hayate_half((float)x)", "hayate_half(x)"),
    Format("bfloat16", "hayate_bfloat16((float)x)", "hayate_bfloat16(x)"),
    Format("18 of 24 bits", "hayate_cut(x, 18)", "(float)hayate_cut(x, 18)", each_statement=False),
)
