"""The process that reads foreign texts: right, bounded, and gone when its owner is."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from c_sources import ALL, Build, entry

from hayate.records import Task, Technique
from hayate.toolchains import Compiler, inspect, inspect_preprocessed, object_facts
from hayate.toolchains.reading import Tangled, pool, read_object, read_preprocessed, read_source

NESTED = b"struct { " * 30_000 + b"int x;" + b"} a;" * 30_000
READ = """
import json, sys, time
from hayate.tasks import builtin
from hayate.toolchains.reading import pool, read_source
read_source(builtin("dgemm"), "int a;", (), "c")
print(pool._pool._idle[0]._process.pid, flush=True)
"""


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    pool._pool.close()
    yield
    pool._pool.close()


def idle_pids() -> list[int]:
    return [reader._process.pid for reader in pool._pool._idle]


def until(holds: Callable[[], bool]) -> bool:
    """Whether it comes true before long."""
    for _ in range(200):
        if holds():
            return True
        time.sleep(0.05)
    return False


def gone(pid: int) -> bool:
    """Ended; who it belongs to then may not have asked for its status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_it_says_what_reading_here_says(task: Task, build: Build, compiler: Compiler) -> None:
    source = entry("double x[9000]; C[0] = x[M];", "#include <stdio.h>\n#include <math.h>")
    assert read_source(task, source, (), "c") == inspect(task, source, ())
    made = build(entry("C[0] = __builtin_sqrt(A[0]);"), compiler, ALL - {Technique.THREADS})
    assert read_object(task, made.elf, (), "c") == object_facts(made.elf, "dgemm", ())
    text = '# 1 "candidate.c"\nvoid f(void) { __asm__(""); }'
    assert read_preprocessed(task, text.encode(), (), "c") == inspect_preprocessed(task, text, ())
    assert read_source(task, "x = 1", {Technique.SIMD}, "c++") == inspect(
        task, "x = 1", {Technique.SIMD}, "c++"
    )
    assert len(idle_pids()) == 1


def test_what_takes_too_long_is_too_tangled(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "CPU_MAX_S", 0.02)
    with pytest.raises(Tangled, match="too tangled to be looked through"):
        read_preprocessed(task, NESTED, (), "c")
    assert idle_pids() == []
    monkeypatch.undo()
    assert read_preprocessed(task, b"int x;", (), "c") == ()


def test_what_takes_too_much_memory_is_too_tangled(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    read_preprocessed(task, b"int x;", (), "c")
    (pid,) = idle_pids()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    pool._pool.close()
    monkeypatch.setattr(pool, "MEMORY_MAX_BYTES", pages * resource.getpagesize() + (24 << 20))
    assert read_preprocessed(task, b"int x;", (), "c") == ()
    with pytest.raises(Tangled):
        read_preprocessed(task, b"a;" * 240_000, (), "c")
    assert read_preprocessed(task, b"int x;", (), "c") == ()


def test_nested_structs_take_a_moment(task: Task) -> None:
    """They took 23 s: the text of each was cut out of all the ones around it."""
    assert read_preprocessed(task, b"struct { " * 5_000 + b"int x;" + b"} a;" * 5_000, (), "c") == ()


def test_a_reader_that_was_killed_is_replaced(task: Task) -> None:
    read_source(task, "int a;", (), "c")
    (pid,) = idle_pids()
    os.kill(pid, signal.SIGKILL)
    assert read_source(task, "int a;", (), "c").violations == ()
    assert idle_pids() != [pid]
    with pytest.raises(ChildProcessError):
        os.waitpid(pid, 0)


def test_a_reader_killed_while_it_reads_is_replaced_once(task: Task) -> None:
    read_source(task, "int a;", (), "c")
    (pid,) = idle_pids()
    os.kill(pid, signal.SIGSTOP)  # it has the request, and no answer will come
    killer = threading.Timer(0.2, os.kill, (pid, signal.SIGKILL))
    killer.start()
    assert read_source(task, "int a;", (), "c").violations == ()
    killer.join()
    assert idle_pids() != [pid]


def test_a_reader_that_answers_nothing_is_not_waited_for(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "WALL_MAX_S", 1.0)
    read_source(task, "int a;", (), "c")
    (pid,) = idle_pids()
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.undo()
    assert read_source(task, "int a;", (), "c").violations == ()
    assert gone(pid)


def test_an_answer_that_is_none_is_too_tangled(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    for reply in (b"", b"[1]", b'{"techniques": ["none such"]}', b"{}", b"\xff"):
        monkeypatch.setattr(pool._pool, "ask", lambda *_parts, reply=reply: reply)
        with pytest.raises(Tangled):
            read_source(task, "int a;", (), "c")


def test_threads_have_readers_of_their_own(task: Task) -> None:
    sources = [f"#include <h{n}.h>\n" for n in range(24)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda text: read_source(task, text, (), "c"), sources))
    assert [facts.includes for facts in found] == [(f"h{n}.h",) for n in range(24)]
    assert 1 <= len(idle_pids()) <= 4
    assert len(pool._pool._all) == len(idle_pids())


def test_a_reader_ends_with_its_owner() -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", READ + "time.sleep(60)"], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert until(lambda: gone(pid))


def test_a_forked_process_has_its_own_and_keeps_none_alive(task: Task) -> None:
    read_source(task, "int a;", (), "c")
    (pid,) = idle_pids()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            read_source(task, "int a;", (), "c")
            os.write(writing, json.dumps(idle_pids()).encode())
            time.sleep(30)
        finally:
            os._exit(0)
    os.close(writing)
    theirs = json.loads(os.read(reading, 100))
    os.close(reading)
    assert theirs != [pid]
    assert read_source(task, "int a;", (), "c").violations == ()
    pool._pool.close()
    assert gone(pid)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert until(lambda: gone(theirs[0]))


def test_it_works_without_standard_streams_and_leaves_no_zombie() -> None:
    close = "import os\nfor n in (0, 1, 2): os.close(n)\n"
    report = "\nPath = __import__('pathlib').Path\nPath(sys.argv[1]).write_text('done')"
    work = READ.replace("print(", "str(").replace(", flush=True", "")
    with subprocess.Popen(
        [sys.executable, "-c", close + work + report, "/dev/null"], stdout=subprocess.PIPE
    ) as done:
        assert done.wait(timeout=60) == 0


def test_it_reads_with_the_cores_of_who_asks(task: Task) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one core only")
    read_source(task, "int a;", (), "c")
    (pid,) = idle_pids()
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {max(before)})
        read_source(task, "int a;", (), "c")
        assert os.sched_getaffinity(pid) == {max(before)}
    finally:
        os.sched_setaffinity(0, before)
