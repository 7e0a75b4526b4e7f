"""Instructions counted in real object code, and nothing in what is none."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from hayate import sandbox
from hayate.errors import Fault, FaultKind
from hayate.records import Built
from hayate.surrogate.objects import ObjectReader, instruction_mix

SOURCE = """
void scale(int n, double *x) { for (int i = 0; i < n; i++) x[i] = 2 * x[i] + 1; }
"""


def _built(code: bytes) -> Built:
    return Built(name="n", object_code=code, object_hash="o")


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    if not shutil.which("gcc"):
        pytest.skip("gcc is missing: apt install gcc")
    folder = tmp_path_factory.mktemp("object")
    (folder / "s.c").write_text(SOURCE)
    argv = ["gcc", "-O3", "-shared", "-fPIC", "-o", "s.so", "s.c"]
    subprocess.run(argv, cwd=folder, check=True, timeout=60)
    return (folder / "s.so").read_bytes()


def test_an_object_is_read_in_the_sandbox(compiled: bytes) -> None:
    if not shutil.which("objdump"):
        pytest.skip("objdump is missing: apt install binutils")
    try:
        reader = ObjectReader(sandbox.best())
    except Fault as fault:
        pytest.skip(f"no sandbox: {fault}")
    found = reader.read(_built(compiled), "scale")
    assert found["object_instructions"] > 0
    assert found["object_bytes"] > 0
    assert found["object_branch"] > 0
    assert found == reader.read(_built(compiled), "scale")
    assert all(name.startswith("object_") for name in found)


@pytest.mark.parametrize("code", [b"", b"no ELF", b"\x7fELF" + bytes(200)])
def test_what_is_no_object_is_survived(code: bytes) -> None:
    found = ObjectReader().read(_built(code), "scale")
    assert "object_instructions" not in found
    assert bool(found) == code.startswith(b"\x7fELF")


def test_instructions_are_counted_by_class() -> None:
    text = """
0000000000001000 <scale>:
    1000:\tvfmadd231pd (%rdi,%rax,8),%zmm1,%zmm0
    1004:\tvmovupd %zmm0,0x40(%rsp)
    1008:\tvbroadcastsd (%rsi),%zmm17
    100c:\tjne    1000 <scale>
    1010:\tret
"""
    found = instruction_mix(text)
    counts = {name.removeprefix("object_"): round(2.718281828**value - 1) for name, value in found.items()}
    assert counts["instructions"] == 5
    assert (counts["fma"], counts["move"], counts["broadcast"], counts["branch"]) == (1, 1, 1, 1)
    assert (counts["zmm"], counts["spills"]) == (4, 1)
    assert found["object_registers"] == 3
    assert instruction_mix("") == {}


def test_without_a_sandbox_sizes_remain(compiled: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise Fault(FaultKind.SANDBOX_BROKEN, "no sandbox works here")

    monkeypatch.setattr(sandbox, "best", none)
    found = ObjectReader().read(_built(compiled), "scale")
    assert set(found) == {"object_bytes", "object_static_bytes", "object_imports"}
