"""What a task can't say: one message that names file, line, construct and what to change."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hayate.errors import WrongUse
from hayate.new import guess, read
from hayate.toolchains import compilers

# name -> (file, line, what the message names, what it proposes)
CASES: dict[str, tuple[str, str, int, str, str]] = {
    "a global that is written": (
        "a.c", "int calls;\nvoid f(int n, double *x) {\n  calls++;\n  x[0] = n;\n}\n",
        3, "calls is written", "pass calls",
    ),
    "a global that is written by a helper": (
        "a.c",
        "static double last;\nstatic void note(double v) { last = v; }\nvoid f(int n, double *x) { note(x[n]); }\n",
        2, "last is written", "pass last",
    ),
    "a global without initialiser": (
        "a.c", "extern double scale;\nvoid f(int n, double *x) {\n  for (int i = 0; i < n; i++) x[i] *= scale;\n}\n",
        3, "scale is read", "pass scale",
    ),
    "varargs": (
        "a.c", "#include <stdarg.h>\ndouble f(int n, ...) { return n; }\n", 2, "variable number", "fixed list",
    ),
    "a function pointer": (
        "a.c", "void f(int n, double *x, double (*g)(double)) {\n  for (int i = 0; i < n; i++) x[i] = g(x[i]);\n}\n",
        1, "parameter g of f is a function pointer", "by its name",
    ),
    "a struct with a pointer in it": (
        "a.c", "struct mat { int n; double *a; };\nvoid f(struct mat m) { m.a[0] = m.n; }\n",
        2, "a struct with a pointer in it", "members as arguments",
    ),
    "a pointer to a struct with a pointer in it": (
        "a.c", "typedef struct { int n; double *a; } mat;\nvoid f(const mat *m) { m->a[0] = m->n; }\n",
        2, "a struct with a pointer in it", "members as arguments",
    ),
    "an array of pointers": (
        "a.c", "void f(int n, double **a) { for (int i = 0; i < n; i++) a[i][0] = 1; }\n",
        1, "a pointer to pointers", "one block",
    ),
    "a container": (
        "a.cpp", "#include <vector>\nvoid f(const std::vector<double> &x, std::vector<double> &y) { y[0] = x[0]; }\n",
        2, "is a container", 'extern "C" void f_plain',
    ),
    "a template": (
        "a.cpp", "template <class T>\nvoid f(int n, T *x) { x[0] = n; }\n", 1, "is a template", "f<double>(n, x, y)",
    ),
    "a reference to a struct": (
        "a.cpp", "struct P { double x; };\nvoid f(P &p) { p.x = 1; }\n", 2, "a C++ reference", "pointers to numbers",
    ),
    "output": (
        "a.c", '#include <stdio.h>\nvoid f(int n, double *x) {\n  x[0] = n;\n  printf("%g", x[0]);\n}\n',
        4, "printf() writes output", "print it in the caller",
    ),
    "output in C++": (
        "a.cpp", "#include <iostream>\nvoid f(int n, double *x) {\n  std::cout << x[n - 1];\n}\n",
        3, "std::cout", "caller",
    ),
    "input": (
        "a.c", '#include <stdio.h>\nvoid f(int n, double *x) {\n  scanf("%lf", x + n);\n}\n',
        3, "scanf() reads input", "caller",
    ),
    "exit": (
        "a.c", "#include <stdlib.h>\nvoid f(int n, double *x) {\n  if (n < 0)\n    exit(1);\n  x[0] = n;\n}\n",
        4, "exit() ends the program", "return a code",
    ),
    "a call of rand": (
        "a.c", "#include <stdlib.h>\nvoid f(int n, int *x) { for (int i = 0; i < n; i++) x[i] = rand(); }\n",
        2, "rand() keeps state", "from a seed",
    ),
    "a static variable": (
        "a.c", "void f(int n, double *x) {\n  static int calls = 0;\n  x[0] = n + calls++;\n}\n",
        2, "static variable calls keeps its value", "pass calls",
    ),
    "long double": (
        "a.c", "void f(int n, double *x) {\n  long double s = 0;\n  s += x[n];\n  x[0] = s;\n}\n",
        2, "long double", "double",
    ),
    "a parameter of long double": (
        "a.c", "void f(int n, long double *x) { x[0] = n; }\n", 1, "long double", "double",
    ),
    "a FILE": (
        "a.c", "#include <stdio.h>\nvoid f(int n, double *x, FILE *log) { x[0] = n; }\n", 2, "FILE", "pass arrays",
    ),
    "text that ends with a zero": (
        "a.c", "#include <string.h>\nint f(const char *s) {\n  return (int)strlen(s);\n}\n",
        3, "strlen()", "their number",
    ),
    "a pointer to void": (
        "a.c", "void f(int n, void *x) { ((double *)x)[0] = n; }\n",
        1, "a pointer to void", "type of its elements",
    ),
    "a returned pointer": (
        "a.c", "double *f(int n, double *x) { return x + n; }\n", 1, "returns a pointer", "an argument",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_not_supported_is_named_with_its_line(tmp_path: Path, name: str) -> None:
    file, text, line, what, remedy = CASES[name]
    if file.endswith("cpp") and not any(c.cxx for c in compilers()):
        pytest.skip("no compiler of C++: apt install g++")
    path = tmp_path / file
    path.write_text(text)
    with pytest.raises(WrongUse) as caught:
        read(path, "f")
    said = str(caught.value)
    assert f"{path}:{line}: " in said
    assert what in said
    assert remedy in said.partition("Allowed: ")[2]


def test_a_file_that_does_not_compile_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.c"
    path.write_text('#include "mine.h"\nvoid f(int n, real *x) { x[0] = n; }\n')
    with pytest.raises(WrongUse, match=r"does not compile alone: .*a\.c:1:.*mine\.h.* -I, .* -D"):
        read(path, "f")
    path.write_text("void f(int n, double *x) {\n  x[0] = SCALE;\n}\n")
    with pytest.raises(WrongUse, match=r"does not compile alone: .*a\.c:2:.*SCALE"):
        read(path, "f")
    assert "#define SCALE 3" in read(path, "f", defines=["SCALE=3"]).reference


@pytest.mark.skipif(not any(c.cxx for c in compilers()), reason="no compiler of C++: apt install g++")
def test_two_functions_of_one_name_are_chosen_by_line(tmp_path: Path) -> None:
    path = tmp_path / "a.cpp"
    path.write_text(
        "static void f(int n, float *x) { x[0] = n; }\n\nstatic void f(int n, double *x)\n{\n  x[0] = n;\n}\n"
    )
    with pytest.raises(WrongUse, match=r"2 functions are called f: at lines 1, 3. Allowed: .*--line"):
        read(path, "f")
    assert "double *x" in read(path, "f", line=3).declaration
    assert "float *x" in read(path, "f", line=1).declaration
    with pytest.raises(WrongUse, match=r"no definition of f is at line 9. Allowed: lines 1, 3"):
        read(path, "f", line=9)


def test_a_function_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.c"
    path.write_text("void g(int n);\nvoid h(int n, double *x) { x[0] = n; }\nint main(void) { return 0; }\n")
    with pytest.raises(WrongUse, match=r"g is declared and not defined in it. Allowed: one of: h$"):
        read(path, "g")
    with pytest.raises(WrongUse, match=r"f is not defined in it"):
        read(path, "f")
    with pytest.raises(WrongUse, match=re.escape(f"{tmp_path / 'b.c'}: there is no such file")):
        read(tmp_path / "b.c", "f")


def test_what_another_file_defines(tmp_path: Path) -> None:
    path = tmp_path / "a.c"
    path.write_text(
        "double helper(double);\nvoid f(int n, double *x) { for (int i = 0; i < n; i++) x[i] = helper(x[i]); }\n"
    )
    with pytest.raises(
        WrongUse, match=r'f needs helper, which is not defined in this file. Allowed: .*#include "FILE'
    ):
        guess(read(path, "f"))


def test_a_pointer_that_is_not_to_the_first_element(tmp_path: Path) -> None:
    path = tmp_path / "a.c"
    path.write_text("void f(int n, double *x) {\n  for (int i = 0; i < n; i++)\n    x[i] = x[i - 1];\n}\n")
    with pytest.raises(WrongUse, match=r"x is used before its start \(element -1, line 3\)"):
        guess(read(path, "f"))


def test_a_loop_that_does_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hayate.new.running.traces.TRACE_S", 2.0)
    path = tmp_path / "a.c"
    path.write_text("void f(int n, volatile double *x) { while (n > 0) x[0] += 1; }\n")
    with pytest.raises(WrongUse, match="does not come to an end within 2 s"):
        guess(read(path, "f"))


def test_a_size_behind_a_pointer(tmp_path: Path) -> None:
    path = tmp_path / "a.c"
    path.write_text("void f_(const int *n, double *x) { for (int i = 0; i < *n; i++) x[i] *= 2; }\n")
    with pytest.raises(
        WrongUse, match=r"n points to one integer, and bounds the loops over x. Allowed: n by value"
    ):
        guess(read(path, "f_"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("void f(void) { }\n", "f has no result"),
        (
            "int f(const char *s) {\n  int n = 0;\n  while (*s++) n++;\n  return n;\n}\n",
            r"s is used up to element 65536 whatever the sizes \(line 3\). Allowed: its length",
        ),
        ("void f(int n, double *x) { if (n > 100000000) x[0] = 1; }\n", "f writes to none of its arguments"),
        (
            "void f(int lambda, double *x) { for (int i = 0; i < lambda; i++) x[i] = 1; }\n",
            "can't use the name lambda. Allowed: another name",
        ),
        (
            "void f(int n, double *x) { double *p = 0; p[n] = x[0]; }\n",
            r"f crashes on small arrays \(signal 11",
        ),
    ],
)
def test_what_can_not_be_guessed(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "a.c"
    path.write_text(text)
    with pytest.raises(WrongUse, match=said):
        guess(read(path, "f"))
