"""What a source may not do, and what it may do only where the technique is permitted."""

from __future__ import annotations

import pytest
from c_sources import ALL, Build, entry
from hypothesis import given, settings
from hypothesis import strategies as st

from hayate.records import WITHHOLDABLE, Language, Task, Technique
from hayate.tasks import builtin
from hayate.toolchains import Compiler, compilers, inspect, inspect_preprocessed
from hayate.toolchains.source.tokens import own_part, read

DGEMM = builtin("dgemm")

VIOLATIONS = {
    "stdio": ("#include <stdio.h>", "#include <stdio.h>"),
    "path": ('#include "/etc/passwd"', "/etc/passwd"),
    "next": ("#include_next <stdlib.h>", "#include_next"),
    "embed": ('#embed "x"', "#embed"),
    "computed": ("#define H <stdio.h>\n#include H", "computed"),
    "digraph": ("%:include <stdio.h>", "stdio.h"),
    "spliced": ("#inc\\\nlude <std\\\nio.h>", "stdio.h"),
    "commented": ("#/**/include/**/<stdio.h>", "stdio.h"),
    "line": ('#line 3 "/usr/include/stdlib.h"', "#line"),
    "marker": ('# 3 "/usr/include/stdlib.h"', "#3"),
    "raw": ('const char *s = R"(\n# 1 "x.h"\n)";', "raw string"),
    "asm": ('void f(void) { asm("nop"); }', "assembly"),
    "asm spliced": ('void f(void) { __as\\\nm__("nop"); }', "assembly"),
    "asm label": ('double g(double) __asm__("cblas_ddot");', "assembly"),
    "pragma optimize": ('#pragma GCC optimize("Ofast")', "#pragma GCC optimize"),
    "clang attribute": ("#pragma clang attribute push(__attribute__((cold)))", "clang attribute"),
    "attribute optimize": ('__attribute__((optimize("O0"))) static int f(void) { return 1; }', "optimize"),
    "constructor": ("__attribute__((__constructor__)) static void f(void) {}", "constructor"),
    "destructor": ("static void f(void) __attribute__((cold, destructor));", "destructor"),
    "square": ("[[gnu::constructor]] static void f(void) {}", "constructor"),
    "ifunc": ('int f(void) __attribute__((ifunc("g")));', "ifunc"),
    "clones": (
        '__attribute__((target_clones("avx2", "default"))) int f(void) { return 1; }',
        "target_clones",
    ),
    "section": ('__attribute__((section(".init_array"))) void *p = 0;', "section"),
    "weak": ("#pragma weak f", "#pragma weak"),
    "alias": ('int f(void) __attribute__((alias("dgemm")));', "alias"),
    "system": ('void f(void) { system("true"); }', "system"),
    "builtin": ("void f(void) { __builtin_abort(); }", "__builtin_abort"),
    "exec": ("void f(char **a) { execve(a[0], a, a); }", "execve"),
    "mmap": ("void *f(void) { return mmap(0, 4096, 3, 34, -1, 0); }", "mmap"),
    "dlsym": ("void *(*f)(void *, const char *) = dlsym;", "dlsym"),
    "affinity": ("void f(void) { sched_setaffinity(0, 0, 0); }", "sched_setaffinity"),
    "clock": ("double f(void) { return omp_get_wtime(); }", "omp_get_wtime"),
    "cycles": ("long f(void) { return __builtin_ia32_rdtsc(); }", "rdtsc"),
    "flush to zero": ("void f(void) { _mm_setcsr(0x8040); }", "_mm_setcsr"),
    "blas": ("double f(int n, double *a) { return cblas_ddot(n, a, 1, a, 1); }", "cblas_ddot"),
    "frame": ("void *f(void) { return __builtin_frame_address(0); }", "frame_address"),
    "scalar storage": ("#pragma scalar_storage_order big-endian", "scalar_storage_order"),
    "library": ('#pragma comment(lib, "m")', "#pragma comment"),
    "unknown to us": ("#pragma GCC something_new", "#pragma GCC something_new"),
    "rounding": ("#pragma STDC FENV_ROUND FE_UPWARD", "STDC FENV_ROUND"),
    "boundary": ("#pragma hayate candidate", "#pragma hayate"),
    "own header": ("extern char __ehdr_start[];", "__ehdr_start"),
    "segment": ("int f(int __seg_gs *p) { return *p; }", "__seg_gs"),
    "init by name": ("void _init(void) {}", "_init"),
    "macro body": ("#define RUN system", "system"),
}


@pytest.mark.parametrize("name", [n for n in VIOLATIONS if n != "macro body"])
def test_violations_name_line_and_cause(name: str) -> None:
    text, said = VIOLATIONS[name]
    facts = inspect(DGEMM, "\n" + entry("C[0] = 1;", text), ALL)
    assert any(said in sentence for sentence in facts.violations), facts.violations
    lines = [int(sentence.split()[1].rstrip(":")) for sentence in facts.violations]
    assert all(2 <= line <= 1 + len(text.splitlines()) for line in lines)


LEGAL = {
    "words": "static int read(int time) { int open = time, close = 1; return open + close; }",
    "own blas": "static double ddot(int n) { return n; } double g(void) { return ddot(3); }",
    "goto": "static int f(int n) { again: if (n--) goto again; return n; }",
    "recursion": "static int f(int n) { return n ? f(n - 1) : 0; }",
    "state": "static int calls; void f(void) { calls++; }",
    "comment": '// system("x"); asm\n/* #include <stdio.h> __attribute__((constructor)) */',
    "string": 'static const char *s = "asm(); #include <stdio.h>";',
    "headers": "#include <stdlib.h>\n#include <math.h>\n#include <string.h>",
    "attributes": "static inline __attribute__((always_inline, hot)) int f(int a) { return a; }",
    "pragmas": '#pragma once\n#pragma GCC diagnostic ignored "-Wall"\n#pragma STDC FP_CONTRACT ON',
    "other compilers' pragmas": "#pragma vector aligned\n#pragma novector\n#pragma acc loop\n#pragma pack(1)",
    "has include": "#if __has_include(<stdio.h>)\n#endif",
    "fences": "#include <immintrin.h>\nvoid f(void) { _mm_pause(); _mm_sfence(); }",
}


@pytest.mark.parametrize("name", LEGAL)
def test_what_is_legal_without_any_technique(name: str) -> None:
    facts = inspect(DGEMM, entry("C[0] = 1;", LEGAL[name]), ())
    assert facts.violations == ()
    assert not set(facts.techniques) & WITHHOLDABLE


USES = {
    "vector type": (Technique.SIMD, "typedef double v __attribute__((vector_size(64)));"),
    "underscored": (Technique.SIMD, "typedef double v __attribute__((__vector_size__(32)));"),
    "intrinsics": (Technique.SIMD, "#include <immintrin.h>\n__m512d f(void) { return _mm512_setzero_pd(); }"),
    "builtin": (Technique.SIMD, "void f(void) { __builtin_ia32_vzeroupper(); }"),
    "target attribute": (Technique.SIMD, '__attribute__((target("avx2"))) int f(void) { return 1; }'),
    "target pragma": (Technique.SIMD, '#pragma GCC target("avx512f")'),
    "omp simd": (
        Technique.SIMD,
        "void f(double *x) {\n#pragma omp simd\nfor (int i = 0; i < 9; i++) x[i] = 1;\n}",
    ),
    "omp parallel": (Technique.THREADS, "void f(void) {\n#pragma omp parallel\n{}\n}"),
    "omp for simd": (
        Technique.THREADS,
        "void f(void) {\n#pragma omp parallel for simd\nfor (int i = 0; i < 9; i++);\n}",
    ),
    "pthread": (Technique.THREADS, "int f(void) { return pthread_create(0, 0, 0, 0); }"),
    "prefetch": (Technique.PREFETCH, "void f(const double *p) { __builtin_prefetch(p); }"),
    "mm_prefetch": (Technique.PREFETCH, "void f(const char *p) { _mm_prefetch(p, 1); }"),
    "malloc": (Technique.ALLOC, "#include <stdlib.h>\nvoid *f(void) { return malloc(9); }"),
    "aligned": (Technique.ALLOC, "void *f(void) { return aligned_alloc(64, 64); }"),
    "alloca": (Technique.ALLOC, "void f(int n) { double *p = __builtin_alloca(n); p[0] = 1; }"),
    "vla": (Technique.ALLOC, "void f(int n) { double x[n]; x[0] = 1; }"),
    "stack": (Technique.ALLOC, "void f(void) { double x[64][64]; x[0][0] = 1; }"),
    "stack in pieces": (Technique.ALLOC, "void f(void) { double x[1500], y[1500]; x[0] = y[0] = 1; }"),
    "static": (Technique.ALLOC, "void f(void) { static double x[8]; x[0] = 1; }"),
    "file scope": (Technique.ALLOC, "static double pack[16];"),
    "by macro": (Technique.ALLOC, "#define SIZE (1 << 14)\nvoid f(void) { double x[SIZE]; x[0] = 1; }"),
    "by enum": (Technique.ALLOC, "enum { SIZE = 4096 };\nvoid f(void) { double x[SIZE]; x[0] = 1; }"),
    "in a type": (
        Technique.ALLOC,
        "struct big { double x[4096]; };\nvoid f(void) { struct big b; b.x[0] = 1; }",
    ),
    "array of structs": (
        Technique.ALLOC,
        "void f(void) { volatile struct { char c; double x[100]; } s[300]; s[0].c = 1; }",
    ),
    "unsigned long": (Technique.ALLOC, "void f(void) { volatile unsigned long x[3000]; x[0] = 1; }"),
    "long double": (Technique.ALLOC, "void f(void) { volatile long double x[1500]; x[0] = 1; }"),
    "reassociate": (Technique.FASTMATH, "#pragma clang fp reassociate(on)"),
}


@pytest.mark.parametrize("name", USES)
def test_a_withheld_technique_is_a_violation(name: str) -> None:
    technique, text = USES[name]
    source = entry("C[0] = 1;", text)
    withheld = inspect(DGEMM, source, ALL - {technique})
    assert technique in withheld.techniques
    assert any(f"{technique.value} is used and not permitted" in said for said in withheld.violations)
    assert inspect(DGEMM, source, ALL).violations == ()


SMALL = {
    "tile": "void f(void) { double x[8][24] = {{0}}; x[0][0] = 1; }",
    "pointer to array": "void f(double *p) { double (*rows)[480] = (double (*)[480])p; rows[0][0] = 1; }",
    "array of pointers": "void f(double *p) { const double *a[8]; a[0] = p; }",
    "parameter": "void f(int n, double x[n][n]) { x[0][0] = 1; }",
    "constant table": "static const double weights[3] = {1, 2, 3};",
    "const int": "void f(void) { const int n = 4; double x[4]; x[0] = n; }",
}


@pytest.mark.parametrize("name", SMALL)
def test_small_buffers_are_no_allocation(name: str) -> None:
    assert Technique.ALLOC not in inspect(DGEMM, entry("C[0] = 1;", SMALL[name]), ()).techniques


HIDDEN = {
    "unknown attribute": (
        "__attribute__((unused, retain)) static int f(void) { return 1; }",
        "attribute retain",
    ),
    "argument beside": ("__attribute__((aligned(8), tainted_args)) int f(int a);", "attribute tainted_args"),
    "in brackets": ('[[gnu::cold, gnu::zero_call_used_regs("all")]] int f(int a);', "zero_call_used_regs"),
    "prefetch": (
        "#define P(a, b) a##b\nvoid f(double *p) { P(__builtin_pre, fetch)(p); }",
        "prefetch is used",
    ),
    "pasted assembly": ('#define P(a, b) a##b\nvoid f(void) { P(__as, m__)("nop"); }', "assembly"),
    "pasted vector": (
        "#define P(a, b) a##b\ntypedef double v __attribute__((P(vector_, size)(64)));",
        "simd is used",
    ),
    "pasted call": (
        "#define P(a, b) a##b\nint P(sys, tem)(const char *);\nint f(void) { return P(sys, tem)(0); }",
        "system",
    ),
    "pragma operator": ('#define DO(x) _Pragma(#x)\nDO(GCC optimize("O0"))', "GCC optimize"),
    "pragma string": ('_Pragma("GCC target(\\"avx2\\")")', "simd is used"),
    "pasted array": ("#define N(a) a##000\nvoid f(void) { double x[N(9)]; x[0] = 1; }", "alloc is used"),
    "pasted omp": (
        "#define DO(x) _Pragma(#x)\nvoid f(void) {\nDO(omp parallel for)\nfor (int i = 0; i < 9; i++);\n}",
        "threads is used",
    ),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_macros_hide_nothing(name: str, build: Build, compiler: Compiler) -> None:
    text, said = HIDDEN[name]
    made = build(entry("C[0] = 1;", text), compiler)
    if made.returncode and compiler.name == "clang":
        pytest.skip("clang takes it for an error")
    assert made.returncode == 0, made.stderr
    found = inspect_preprocessed(DGEMM, made.preprocessed, ())
    assert any(said in sentence for sentence in found), found


ATTRIBUTES = """
static inline __attribute__((always_inline, hot, target("avx2,fma"))) int f(int a) { return a; }
typedef double v __attribute__((vector_size(4 * sizeof(double)), aligned(8), may_alias));
__attribute__((__noinline__)) __attribute__(()) static int g(int a) { return a; }
static int h(const double *p) __attribute__((const, nonnull(1), assume_aligned(64)));
[[maybe_unused]] static int k; [[gnu::cold]] [[gnu::aligned(sizeof(v))]] static int l; __attribute__((aligned)) int m;
"""


@pytest.mark.parametrize("text", ["((unused __weak__))", "((unused, 3))", "((unused . x))", "(unused)(weak)"])
def test_what_is_no_list_of_attributes_hides_none(text: str) -> None:
    found = inspect_preprocessed(DGEMM, f"int f(int a) __attribute__{text};", ALL)
    assert any("is not allowed" in said for said in found) or text == "(unused)(weak)"


@pytest.mark.parametrize("language", ["c", "c++"])
@pytest.mark.parametrize("name", ["no_sanitize", "no_sanitize_address", "no_sanitize_undefined"])
@pytest.mark.parametrize(
    "form", ["__attribute__(({}))", "__attribute__((cold, __{}__))", "[[gnu::{}]]", "[[clang::__{}__]]"]
)
def test_no_kernel_switches_off_a_sanitizer(form: str, name: str, language: Language) -> None:
    argument = '("undefined")' if name == "no_sanitize" else ""
    attribute = form.replace("{}", name + argument).replace(argument + "__", "__" + argument)
    suffix = "c" if language == "c" else "cpp"
    text = f'# 1 "candidate.{suffix}"\n{attribute} static int f(int a) {{ return a; }}'
    (said,) = inspect_preprocessed(DGEMM, text, ALL, language)
    assert said == f"line 1: the attribute {name} is not allowed"


@pytest.mark.parametrize("language", ["c", "c++"])
def test_attributes_that_kernels_have_are_none_to_complain_of(language: Language) -> None:
    suffix = "c" if language == "c" else "cpp"
    assert inspect_preprocessed(DGEMM, f'# 1 "candidate.{suffix}"\n{ATTRIBUTES}', ALL, language) == ()
    assert inspect(DGEMM, ATTRIBUTES, ALL, language).violations == ()


@pytest.mark.parametrize("text", ["a\fb", "\x00", "// x \\\f\n", "a\rb", "\x1b[0m", "\v"])
def test_characters_that_compilers_take_differently_are_refused(text: str) -> None:
    (said,) = inspect(DGEMM, entry("C[0] = 1;", text), ALL).violations
    assert "control character" in said


def test_line_ends_of_other_systems_are_no_control_characters() -> None:
    assert inspect(DGEMM, entry("C[0] = 1;", "int a;\t").replace("\n", "\r\n"), ALL).violations == ()


def test_headers_are_left_out_of_the_preprocessed_text(build: Build, compiler: Compiler) -> None:
    text = "#include <stdlib.h>\n#include <string.h>\n#include <math.h>\n#include <immintrin.h>"
    made = build(entry("C[0] = sqrt(A[0]);", text), compiler)
    assert len(made.preprocessed) < 1_000
    assert inspect_preprocessed(DGEMM, made.preprocessed, ()) == ()


def test_preprocessed_lines_are_the_candidates(build: Build, compiler: Compiler) -> None:
    source = entry("C[0] = 1;", "#include <stdlib.h>\n\n#define P(a, b) a##b\n\n\nvoid P(__as, m__)(void);")
    assert source.splitlines()[5].startswith("void P")
    made = build(
        entry("C[0] = 1;", "#include <stdlib.h>\n\n#define P(a, b) a##b\n\n\nint P(pthread_, x);"), compiler
    )
    (said,) = inspect_preprocessed(DGEMM, made.preprocessed, ())
    assert said.startswith("line 6:")


def test_good_solutions_are_inspected_without_complaint(task: Task, stencil: Task) -> None:
    for one in (task, stencil):
        for source in (one.reference, *one.yardsticks):
            permitted = {*source.techniques, Technique.ALLOC}
            assert inspect(one, source.text, permitted).violations == (), source.name


def test_a_huge_source_is_refused_at_once() -> None:
    facts = inspect(DGEMM, "x" * 300_000, ALL)
    assert "300000 bytes" in facts.violations[0]


def test_a_tangled_source_is_refused_in_seconds() -> None:
    facts = inspect(DGEMM, "if(x) else " * 5500, ALL)
    assert any("tangled" in said for said in facts.violations)


@pytest.mark.parametrize(
    "text", ["(" * 50_000, "{" * 50_000, "[[" * 30_000, "a(" * 30_000, "#if\n" * 20_000, 'R"(' * 99]
)
def test_deep_nesting_is_survived(text: str) -> None:
    inspect(DGEMM, text, ())


PIECES = st.sampled_from(
    [
        "for",
        "(",
        "int",
        "i",
        "=",
        "0",
        ";",
        "i",
        "<",
        "N",
        ";",
        "i",
        "++",
        ")",
        "{",
        "}",
        "[",
        "]",
        "A",
        "B",
        "C",
        "=",
        "+",
        "*",
        "double",
        "static",
        "malloc",
        "__attribute__",
        "((",
        "vector_size",
        "#define",
        "X",
        "#include",
        "<stdlib.h>",
        "\n",
        "\\\n",
        '"',
        "'",
        "/*",
        "*/",
        "//",
        "%:",
        "#",
        "##",
        "while",
        "do",
        "if",
        "else",
        "return",
        "_mm512_add_pd",
        "8",
        "0x",
        "1e9",
        ",",
        ".",
        "->",
        "?",
        ":",
        "&",
        "asm",
        "goto",
    ]
)


@settings(max_examples=80, deadline=None)
@given(st.one_of(st.text(max_size=400), st.lists(PIECES, max_size=120).map(" ".join)))
def test_any_text_can_be_inspected(text: str) -> None:
    facts = inspect(DGEMM, text, ())
    assert all(said.strip() for said in facts.violations)
    inspect_preprocessed(DGEMM, '# 1 "candidate.c"\n' + text, ())


def test_tokens_keep_their_lines_across_splices() -> None:
    source = read("a \\\n b\n/* x\ny */ c\n#define D \\\n 1 // e\nd")
    assert [(t.text, t.line) for t in source.body] == [("a", 1), ("b", 2), ("c", 4), ("d", 7)]
    assert [(d.word, d.text, d.line) for d in source.directives] == [("define", "D 1", 5)]


def test_own_part_keeps_lines_and_names_another_file() -> None:
    text = '# 1 "candidate.c"\none\n# 1 "/usr/include/x.h" 1\ntwo\n# 7 "candidate.c" 2\nthree\n'
    own, stranger = own_part(text, "candidate.c")
    assert stranger == "/usr/include/x.h"
    assert own.splitlines()[6] == "three"


def test_the_compilers_here_are_tried() -> None:
    assert {c.name for c in compilers()} <= {"gcc", "clang"}
