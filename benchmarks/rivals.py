"""The same pairs through other ways of timing, for `make bench-judge`: what each says, and what it costs.

    hayate            a head-to-head of the judge; calls a winner where its interval at 99% leaves out 1
    kernel_tuner      its C backend: a function that times itself, the mean of seven; the smaller one wins
    google_benchmark  ten repetitions, randomly interleaved; called by its own test (U test at 0.05), as its compare.py
    subprocess        a program for each, a call to warm up, the mean of ten; the smaller one wins. The usual
                      evaluator of evolutionary optimisers

Each compiles both kernels with the judge's flags; its seconds include that. Raises Fault where a part is missing.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import math
import random
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scipy.stats import mannwhitneyu

from hayate import hosts
from hayate.errors import Fault, FaultKind
from hayate.records import Shape, Task, Technique
from hayate.tasks import evaluate_expression
from hayate.toolchains import compile_flags, compilers

METHODS = ("hayate", "kernel_tuner", "google_benchmark", "subprocess")
CALLS = 10
REPETITIONS = 10  # its compare.py asks for nine at least
# Google Benchmark's own default is 0.5 s for each repetition, five times this.
MIN_TIME_S = 0.1

Pair = Callable[[Task, str, str], dict[str, Any]]  # (task, source of one, source of the other)


def missing() -> str:
    """What this machine lacks for the other ways, with how to get it; "" if nothing."""
    if importlib.util.find_spec("kernel_tuner") is None:
        return "kernel_tuner is missing: pip install -e '.[rivals]'"
    header = "#include <benchmark/benchmark.h>"
    gxx = shutil.which("g++")
    if gxx is None:
        return "g++ is missing: apt install g++"
    done = subprocess.run([gxx, "-E", "-x", "c++", "-"], input=header, capture_output=True, text=True)
    return "" if done.returncode == 0 else "Google Benchmark is missing: apt install libbenchmark-dev"


def said(one_s: float, other_s: float, called: bool, started: float) -> dict[str, Any]:
    """`ratio`: how much faster the first is. `called`: the method names a winner."""
    word = "equal" if not called else "faster" if one_s < other_s else "slower"
    return {"decided": word, "ratio": other_s / one_s, "wall_s": time.monotonic() - started}


def _flags(task: Task) -> list[str]:
    permitted = [t for t in task.techniques if t is not Technique.THREADS]
    return list(compile_flags(permitted, hosts.profile().arch, compilers()[0]))


def _shape(task: Task) -> Shape:
    return next(band.center for band in task.bands if band.training)


def _driver(task: Task, calls: Callable[[str], str]) -> str:
    """Text that makes the arrays once, filled with numbers, and calls the entry as `calls` says."""
    shape = _shape(task)
    lines, names = [], []
    for argument in task.arguments:
        names.append(argument.name)
        if argument.kind == "size":
            lines.append(f"const int {argument.name} = {shape[argument.name]};")
            continue
        length = math.prod(int(evaluate_expression(text, shape)) for text in argument.shape)
        lines.append(f"static double {argument.name}[{length}] __attribute__((aligned(64)));")
        lines.append(f"for (long i = 0; i < {length}; i++) {argument.name}[i] = (double)(i % 97) / 97;")
    return "\n".join(lines) + "\n" + calls(", ".join(names))


_CLOCK = """
#include <time.h>
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}
"""


def by_subprocess(task: Task, one: str, other: str) -> dict[str, Any]:
    started = time.monotonic()
    body = _driver(
        task,
        lambda names: (
            f"{task.entry}({names});\ndouble start = now();\n"
            f"for (int i = 0; i < {CALLS}; i++) {task.entry}({names});\n"
            f'printf("%.12g\\n", (now() - start) / {CALLS});\nreturn 0;'
        ),
    )
    seconds = []
    with tempfile.TemporaryDirectory(prefix="hayate-rivals-") as name:
        folder = Path(name)
        for text in (one, other):
            (folder / "x.c").write_text(
                f"{text}\n#include <stdio.h>\n{_CLOCK}\nint main(void)\n{{\n{body}\n}}\n"
            )
            _compile([compilers()[0].path, *_flags(task), "-o", "x", "x.c", "-lm"], folder)
            seconds.append(float(subprocess.run([folder / "x"], capture_output=True, check=True).stdout))
    return said(seconds[0], seconds[1], True, started)


def by_google_benchmark(task: Task, one: str, other: str) -> dict[str, Any]:
    started = time.monotonic()
    gxx = shutil.which("g++")
    if gxx is None:
        raise Fault(FaultKind.DEPENDENCY_MISSING, "g++ is missing", remedy="apt install g++")
    functions = "".join(
        f'extern "C" {task.declaration.replace("restrict", "").replace(task.entry + "(", name + "(").rstrip(";")};\n'
        for name in ("one", "other")
    )
    bodies = "".join(
        f"static void bm_{name}(benchmark::State &state)\n{{\n"
        + _driver(
            task,
            lambda names, name=name: (  # type: ignore[misc]
                f"for (auto _ : state) {{ {name}({names}); benchmark::ClobberMemory(); }}"
            ),
        )
        + f"\n}}\nBENCHMARK(bm_{name})->UseRealTime();\n"
        for name in ("one", "other")
    )
    with tempfile.TemporaryDirectory(prefix="hayate-rivals-") as name:
        folder = Path(name)
        for entry, text in (("one", one), ("other", other)):
            (folder / f"{entry}.c").write_text(text)
            argv = [compilers()[0].path, *_flags(task), f"-D{task.entry}={entry}", "-fvisibility=default"]
            _compile([*argv, "-c", "-o", f"{entry}.o", f"{entry}.c"], folder)
        (folder / "main.cpp").write_text(
            f"#include <benchmark/benchmark.h>\n{functions}{bodies}BENCHMARK_MAIN();\n"
        )
        _compile(
            [gxx, "-O2", "-o", "x", "main.cpp", "one.o", "other.o", "-lbenchmark", "-lpthread"],
            folder,
            remedy="apt install libbenchmark-dev",
        )
        argv = [
            str(folder / "x"),
            "--benchmark_format=json",
            f"--benchmark_repetitions={REPETITIONS}",
            f"--benchmark_min_time={MIN_TIME_S}",
            "--benchmark_enable_random_interleaving=true",
        ]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
    times: dict[str, list[float]] = {"one": [], "other": []}
    for row in json.loads(done.stdout)["benchmarks"]:
        if row["run_type"] == "iteration":
            times[row["run_name"].split("/")[0].removeprefix("bm_")].append(row["real_time"])
    differ = mannwhitneyu(times["one"], times["other"]).pvalue < 0.05
    medians = [sorted(times[entry])[len(times[entry]) // 2] for entry in ("one", "other")]
    return said(medians[0], medians[1], bool(differ), started)


def by_kernel_tuner(task: Task, one: str, other: str) -> dict[str, Any]:
    try:
        import numpy as np
        from kernel_tuner import tune_kernel
    except ImportError as error:
        raise Fault(
            FaultKind.DEPENDENCY_MISSING, "kernel_tuner is missing", remedy="pip install -e '.[rivals]'"
        ) from error
    started = time.monotonic()
    shape = _shape(task)
    arguments: list[Any] = []
    for argument in task.arguments:
        if argument.kind == "size":
            arguments.append(np.int32(shape[argument.name]))
            continue
        length = math.prod(int(evaluate_expression(text, shape)) for text in argument.shape)
        arguments.append((np.arange(length) % 97 / 97).astype(np.float64))
    parameters = task.declaration[task.declaration.index("(") :].rstrip().rstrip(";")
    names = ", ".join(argument.name for argument in task.arguments)
    # Its backend would wrap the text in extern "C" { } and read it as C++; the comment keeps it from that.
    text = f'/* extern "C" */\n#if VARIANT\n{one}\n#else\n{other}\n#endif\n{_CLOCK}\n'
    text += '__attribute__((visibility("default"))) '
    text += f"float timed{parameters}\n{{\ndouble start = now();\n{task.entry}({names});\n"
    text += "return 1e3 * (now() - start);\n}\n"
    with tempfile.TemporaryDirectory(prefix="hayate-rivals-") as name:
        path = Path(name) / "kernel.c"
        path.write_text(text)
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it misses block dimensions, which only GPUs have
            results, _ = tune_kernel(
                "timed",
                str(path),
                1,
                arguments,
                {"VARIANT": [1, 0]},
                lang="C",
                compiler=compilers()[0].path,
                compiler_options=[*_flags(task), "-lm"],
                quiet=True,
            )
    times = {int(row["VARIANT"]): float(row["time"]) for row in results}
    return said(times[1], times[0], True, started)


def _compile(argv: list[str], folder: Path, remedy: str = "") -> None:
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise Fault(
            FaultKind.DEPENDENCY_MISSING, f"{argv[0]} failed: {done.stderr.strip()[-300:]}", remedy=remedy
        )


def compare(
    hayate: Pair, pairs: int, task: Task, one: str, other: str, *, seed: int = 0
) -> dict[str, list[dict[str, Any]]]:
    """Each method on each of `pairs` pairs, in random order, which of the two comes first in turns.

    The figures are those of `one`, whichever came first.
    """
    methods: dict[str, Pair] = {
        "hayate": hayate,
        "kernel_tuner": by_kernel_tuner,
        "google_benchmark": by_google_benchmark,
        "subprocess": by_subprocess,
    }
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in METHODS}
    rng = random.Random(seed)
    turned = {"faster": "slower", "slower": "faster"}
    for i in range(pairs):
        for name in rng.sample(METHODS, len(METHODS)):
            result = methods[name](task, *((one, other) if i % 2 else (other, one)))
            if i % 2 == 0 and "ratio" in result:
                result["ratio"] = 1 / result["ratio"]
                result["decided"] = turned.get(result["decided"], result["decided"])
            found[name].append(result)
    return found
