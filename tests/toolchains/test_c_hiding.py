"""Where code hides from a reader of tokens: in pragmas, behind white space, in directives that macros make."""

from __future__ import annotations

import pytest
from c_sources import ALL, NONE, Build, entry, refused

from hayate.records import Language, Technique
from hayate.tasks import builtin
from hayate.toolchains import Compiler, inspect, inspect_preprocessed, object_facts
from hayate.toolchains.source.tokens import read

SIMD = frozenset({Technique.SIMD})
DGEMM = builtin("dgemm")
PASTE = "#define P_(a, b) a##b\n#define P(a, b) P_(a, b)\n"
LOOP = "\nfor (int i = 0; i < K; i++) C[i & 1] = A[i];"


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        ('if(({ asm volatile("nop"); K; }))', "inline assembly"),
        ('if(({ P(as, m) volatile("nop"); K; }))', "inline assembly"),
        ('if(({ __attribute__((optimize("fast-math"))) int f(int a) { return a + M; } f(K); }))', "optimize"),
        ("if(({ extern char __ehdr_start[]; __ehdr_start[0]; }))", "__ehdr_start"),
        ('if(system("true"))', "system"),
        ("if(({ K; }))", "a block within a #pragma"),
        ("if(__builtin_alloca(64) != 0)", "alloc is used"),
    ],
)
def test_clauses_of_pragmas_are_code(clause: str, said: str) -> None:
    for pragma in ("omp simd", "GCC unroll", "unknown"):
        text = entry(f"#pragma {pragma} {clause}{LOOP}").replace("P(as, m)", "asm")
        assert any(said in sentence for sentence in inspect(DGEMM, text, SIMD).violations)
        assert any(said in sentence for sentence in inspect_preprocessed(DGEMM, text, SIMD))


def test_a_reduction_starts_with_a_list_and_holds_no_block() -> None:
    text = entry("C[0] = 1;", "#pragma omp declare reduction(add : double : omp_out += ({ omp_in; }))")
    assert "a block within" in inspect(DGEMM, text, SIMD).violations[0]


def test_a_clause_ends_with_its_line() -> None:
    """What one pragma leaves open does not cover the next."""
    text = entry(
        "#pragma unknown omp declare reduction __attribute__(((((\n"
        f"#pragma omp simd if(({{ __attribute__((ms_abi)) int f(int a); f(K); }})){LOOP}"
    )
    said = " ".join(inspect_preprocessed(DGEMM, text, SIMD))
    assert "ms_abi" in said
    assert "a block within" in said


PRAGMAS: dict[str, tuple[Language, str, str]] = {
    "simd": ("c", "", f"double s = 0;\n#pragma omp simd reduction(+ : s) simdlen(4) if (K > 8){LOOP}"),
    "reduction": (
        "c",
        "struct p { double a, b; };\n#pragma omp declare reduction(add : struct p : omp_out.a += omp_in.a,"
        " omp_out.b += omp_in.b) initializer(omp_priv = {0, 0})",
        "struct p s = {0, 0};\n#pragma omp simd reduction(add : s)\n"
        "for (int i = 0; i < K; i++) { s.a += A[i]; s.b += B[i]; } C[0] = s.a + s.b;",
    ),
    "words": (
        "c",
        "",
        f"#pragma omp loop bind(thread) private(M)\n#pragma unroll (4){LOOP}".replace("omp loop", "acc loop"),
    ),
    "unroll": ("c", "enum { R = 4 };", f"#pragma GCC unroll 4{LOOP}"),
}


@pytest.mark.parametrize("name", PRAGMAS)
def test_honest_clauses_pass(name: str, build: Build, compiler: Compiler) -> None:
    language, before, body = PRAGMAS[name]
    assert refused(entry(body, before), build, compiler, SIMD, language) == ""


@pytest.mark.parametrize(
    "space", ["\u00a0", "\u1680", "\u2003", "\u2028", "\u3000", "\u200b", "\u0085", "\ufeff"]
)
def test_no_character_but_those_of_names_stands_among_the_code(space: str) -> None:
    for text in (
        entry(f'asm{space}volatile{space}("nop");'),
        entry(f"#pragma clang fp{space}reassociate(on){LOOP}"),
        entry("C[0] = 1;", f"#define SPACE {space}\n"),
    ):
        assert any("the character" in sentence for sentence in inspect(DGEMM, text, SIMD).violations)
        assert any("the character" in sentence for sentence in inspect_preprocessed(DGEMM, text, SIMD))
    under = entry("C[0] = 1;", f"#if 1\nint x{space}= 1;\n#endif")
    assert inspect(DGEMM, under, SIMD).violations == ()
    assert inspect_preprocessed(DGEMM, entry("C[0] = 1;", f"int x{space}= 1;"), SIMD) != ()


def test_white_space_spelled_as_an_escape(build: Build, compiler: Compiler) -> None:
    for text in ('\\u00A0asm\\u00A0("nop");', '\\U000000A0asm("nop");', "int \\u0061sm;"):
        assert "backslash" in refused(entry(text), build, compiler)


def test_letters_of_all_languages_pass(build: Build, compiler: Compiler) -> None:
    """gcc's preprocessor writes those of names as escapes."""
    body = '// naïve “quotes”\u00a0∂\nconst char *s = "é\u00a0→\\n"; /* \u2003 */ double größe = 1, 行 = 2;'
    text = entry(
        f"{body} double \\u00e9 = 3; C[0] = größe + 行 + \\u00e9 + (s == 0);", "#if 0\n“prose”\n#endif"
    )
    assert refused(text, build, compiler) == ""


@pytest.mark.parametrize(
    "made",
    [
        'define kw P(as, m)\nstatic void f(void) { kw volatile("nop"); }',
        "include </usr/include/stdint.h>",
        '5 "candidate.c" 3',
        'line 5 "other.c"',
        "if 0",
        "undef NULL",
        "import <x.h>",
    ],
)
@pytest.mark.parametrize("hash_", ["#", "%:"])
def test_a_directive_that_a_macro_makes_is_refused(
    made: str, hash_: str, build: Build, compiler: Compiler
) -> None:
    text = entry("C[0] = 1;", f"{PASTE}#define HASH {hash_}\nHASH {made}\n")
    said = refused(text, build, compiler)
    assert said != ""
    assert inspect_preprocessed(DGEMM, entry("C[0] = 1;", f" {hash_} {made}\n"), ()) != ()
    if compiler.name == "clang" and made[0] in "d5":
        assert "made by a macro" in said


@pytest.mark.parametrize("name", ["__ehdr_start", "end", "_end", "_edata", "__bss_start"])
@pytest.mark.parametrize("before", ["__real_", "__wrap_", "__real___real_"])
def test_names_of_the_linkers_wrapping_do_not_link(
    name: str, before: str, build: Build, compiler: Compiler
) -> None:
    text = entry(
        f"C[0] = {before}{name}[0];",
        f'extern const unsigned char {before}{name}[] __attribute__((visibility("hidden")));',
    )
    assert f"{before}{name} is not allowed" in inspect(DGEMM, text, ()).violations[0]
    assert "undefined reference" in build(text, compiler).stderr


SCRATCH = (
    "(char *)alloca(39000) - (int){0}",
    "(char *)__builtin_alloca_with_align_and_max(38000, 64, 38000)",
    "(char *)__builtin_alloca_with_align(38000, 64)",
    "(char *)__builtin_alloca_uninitialized(38000)",
)


@pytest.mark.parametrize("how", SCRATCH)
def test_stack_memory_is_found_by_every_name(how: str) -> None:
    text = entry(f"double *p = (double *)({how}); p[M] = 1; C[0] = p[K];", "void *alloca(unsigned long);")
    assert any("alloc is used" in sentence for sentence in inspect(DGEMM, text, ()).violations)
    nested = entry(
        f"double *p = (double *)({how}); p[M] = 1; C[0] = p[K];",
        "static int f(int a) { void *alloca(unsigned long n) { return 0; } return a; }",
    )
    assert any("alloc is used" in sentence for sentence in inspect_preprocessed(DGEMM, nested, ()))


def test_pieces_of_stack_are_summed_up_within_a_function(build: Build, compiler: Compiler) -> None:
    """Each of a size that may be taken at once: the object shows it, whatever the source said."""
    take = "{ double *p = __builtin_alloca(24000); p[M] = A[0]; C[0] += p[K]; if (N > 2)"
    made = build(entry(f"{take} {take} C[1] = 2; }} }}"), compiler, ALL - {Technique.THREADS})
    assert any("stack" in said for said in object_facts(made.elf, "dgemm", NONE).violations)
    before = "".join(
        f"__attribute__((noinline)) static double f{n}(int i) {{ volatile double x[1900]; x[i] = {n}; return x[1]; }}\n"
        for n in range(4)
    )
    table = "static double (*const table[4])(int) = {f0, f1, f2, f3};"
    for calls in ("C[0] = f0(M) + f1(N) + f2(K) + f3(N);", "C[0] = table[M & 3](N);"):
        assert refused(entry(calls, before + table), build, compiler) == ""


def test_the_operator_of_complex_numbers_is_no_name_of_the_linkers(build: Build, compiler: Compiler) -> None:
    text = entry("_Complex double z = A[0]; C[0] = __real__ z + __imag__ z;")
    assert refused(text, build, compiler) == ""


def test_a_function_with_its_result_behind_an_arrow_is_the_sources_own() -> None:
    text = "struct S { auto malloc(int i) const -> double { return i; } };\ndouble f(S s) { return s.malloc(1); }"
    assert inspect_preprocessed(DGEMM, text, (), "c++") == ()
    assert read("#pragma a\n#if 1\n#pragma b\n#endif").certain_pragmas[0][0].text == "a"
