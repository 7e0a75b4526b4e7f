"""What an operator gives and is told: tokens, addresses, limits, the command."""

from __future__ import annotations

import hmac
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from served import ALICE, BOB

from hayate.errors import WrongUse
from hayate.serve import ServeSettings, Tokens, check_exposure, parse_bind
from hayate.serve.command import limits_of
from hayate.serve.limits import Bucket, Rates, Throughput, whole_seconds
from hayate.serve.tokens import load

ROOT = Path(__file__).parents[2]

COMMAND = """
import sys
from pathlib import Path
import hayate.farm
from served import SlowFarm
folder = Path(sys.argv.pop(1))
hayate.farm.open = lambda settings, on_event=None: SlowFarm(folder)
from hayate.cli import main
main()
"""


def command(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    """`hayate serve` over the scripted farm; the first argument is the farm's folder."""
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(arguments[0]), "serve", *map(str, arguments[1:])],
        cwd=ROOT,
        env={
            **os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/tests:{ROOT}/tests/serve", "NO_COLOR": "1",
            "COLUMNS": "200", **environment,
        },
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def refused(*arguments: object, **environment: str) -> str:
    process = command(*arguments, **environment)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2, said
    return said


class TestTokens:
    def test_names_by_token(self) -> None:
        tokens = Tokens({"alice": ALICE, "bob": BOB})
        assert tokens
        assert tokens.name(f"Bearer {ALICE}") == "alice"
        assert tokens.name(f"bearer  {BOB} ") == "bob"
        for wrong in (None, "", "Bearer", f"Basic {ALICE}", ALICE, f"Bearer {ALICE} {BOB}", "Bearer \udcff"):
            assert tokens.name(wrong) is None
        assert not Tokens()
        assert Tokens().name(None) == "anyone"

    def test_every_token_is_compared_whatever_was_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """How long an answer takes says nothing about which token was nearly right."""
        compared: list[bool] = []
        real = hmac.compare_digest

        def counted(one: bytes, other: bytes) -> bool:
            compared.append(real(one, other))
            return compared[-1]

        monkeypatch.setattr(hmac, "compare_digest", counted)
        tokens = Tokens({"alice": ALICE, "bob": BOB})
        for given in (ALICE, BOB, ALICE[:-1], "x", ""):
            compared.clear()
            tokens.name(f"Bearer {given}")
            assert len(compared) == 2

    def test_a_file_that_others_may_read_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "tokens"
        file.write_text(f"# who may\n\nalice:{ALICE}\nbob:{BOB}\n")
        for mode in (0o644, 0o640, 0o604, 0o620):
            file.chmod(mode)
            with pytest.raises(WrongUse, match="chmod 600"):
                load(file, {})
        file.chmod(0o600)
        assert load(file, {"HAYATE_TOKENS": "ignored"}).name(f"Bearer {BOB}") == "bob"

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("", "no token"),
            ("alice", "line 1"),
            ("alice:", "line 1"),
            (f"alice:{ALICE}\nbob {BOB}", "line 2"),
            ("alice:short", "too short"),
            (f"alice:{ALICE}\nalice:{BOB}", "twice"),
            (f"alice:{ALICE}\nbob:{ALICE}", "same token"),
            (f"al/ice:{ALICE}", "line 1"),
        ],
    )
    def test_what_a_file_may_hold(self, tmp_path: Path, text: str, told: str) -> None:
        file = tmp_path / "tokens"
        file.write_text(text)
        file.chmod(0o600)
        with pytest.raises(WrongUse, match=told) as error:
            load(file, {})
        assert ALICE not in str(error.value)
        assert BOB not in str(error.value)

    def test_of_the_environment(self) -> None:
        assert not load(None, {})
        for given in (f"alice:{ALICE},bob:{BOB}", f"alice:{ALICE}\nbob:{BOB}\n"):
            assert load(None, {"HAYATE_TOKENS": given}).name(f"Bearer {BOB}") == "bob"
        with pytest.raises(WrongUse, match="HAYATE_TOKENS"):
            load(None, {"HAYATE_TOKENS": ALICE})
        with pytest.raises(WrongUse, match="can't be read"):
            load(Path("/nowhere"), {})


def test_addresses() -> None:
    assert parse_bind("127.0.0.1:8177") == ("127.0.0.1", 8177)
    assert parse_bind("[::1]:0") == ("::1", 0)
    for wrong in ("8177", ":8177", "127.0.0.1", "::1:8177", "a:b", "a:70000", "a:-1"):
        with pytest.raises(WrongUse, match="no address"):
            parse_bind(wrong)


def test_others_reach_only_a_server_with_tokens() -> None:
    said: list[str] = []
    tokens = Tokens({"alice": ALICE})
    for host in ("0.0.0.0", "::", "10.0.0.1", "login1", "localhost.example.org"):
        with pytest.raises(WrongUse, match="no tokens"):
            check_exposure(host, Tokens(), tls=True, say=said.append)
        check_exposure(host, tokens, tls=True, say=said.append)
    assert not said
    check_exposure("0.0.0.0", tokens, tls=False, say=said.append)
    assert "no TLS" in said.pop()
    for host in ("127.0.0.1", "::1", "localhost", "127.1.2.3"):
        check_exposure(host, Tokens(), tls=False, say=said.append)
        assert "every process on this machine" in said.pop()


def test_a_few_tokens_may_send_what_many_could() -> None:
    """A hundred and fifty verdicts a second, each sent and asked for, from one; and a flood takes from nobody."""
    now = 0.0

    def per_s(names: list[str], seconds: int = 20) -> list[float]:
        nonlocal now
        rates = Rates(ServeSettings().rate, ServeSettings().rate_alone, clock=lambda: now)
        taken = dict.fromkeys(names, 0)
        for step in range(400 * seconds):  # 400 a second of each
            now += 1 / 400
            for name in names:
                taken[name] += rates.take(name) == 0 and step >= 400 * seconds // 2
        return [taken[name] / (seconds / 2) for name in names]

    assert per_s(["a"]) == pytest.approx([300], rel=0.02)
    assert per_s(["a", "b"]) == pytest.approx([150, 150], rel=0.02)
    assert per_s([str(i) for i in range(10)]) == pytest.approx([50] * 10, rel=0.02)


def test_a_bucket_lets_in_a_burst_and_then_the_rate() -> None:
    now = 100.0
    bucket = Bucket(2.0, clock=lambda: now)
    assert [bucket.take() for _ in range(10)] == [0.0] * 10
    assert bucket.take() == 0.5
    now += 0.5
    assert bucket.take() == 0.0
    assert bucket.take() > 0
    now += 1000
    assert [bucket.take() for _ in range(11)].count(0.0) == 10


def test_the_time_to_wait_comes_from_what_ended() -> None:
    now = 0.0
    throughput = Throughput(clock=lambda: now)
    assert throughput.seconds_for(5) == 10  # nothing is known
    for _ in range(10):
        throughput.ended()
        now += 2.0
    assert throughput.seconds_for(5) == 10
    assert throughput.seconds_for(1) == 2
    now += 80  # a standstill
    assert throughput.seconds_for(1) == 10
    assert whole_seconds(1e9) == 600
    assert whole_seconds(0) == 1


def test_limits_without_an_option_come_from_the_environment() -> None:
    options = {"workers": 8, "rate": 50.0}
    found = limits_of(options, {"HAYATE_SERVE_JOB_S": "90", "HAYATE_SERVE_CONNECTIONS": "100", "HOME": "/"})
    assert (found.job_s, found.connections, found.rate) == (90.0, 100, 50.0)
    assert limits_of(options, {}) == ServeSettings(workers=8, rate=50.0)
    for variable, value in (
        ("HAYATE_SERVE_JOB_S", "-1"),
        ("HAYATE_SERVE_JOB_S", "soon"),
        ("HAYATE_SERVE_JOBS", "1"),
        ("HAYATE_SERVE_RATE", "1"),  # has an option
    ):
        with pytest.raises(WrongUse, match=variable):
            limits_of(options, {variable: value})


def test_the_documented_limits_are_the_defaults() -> None:
    page = (ROOT / "docs" / "service.md").read_text()
    said = dict(re.findall(r"`HAYATE_SERVE_([A-Z_]+)`(?: \(| )([0-9]+)", page))
    default = ServeSettings()
    assert {name: float(value) for name, value in said.items()} == {
        name: float(getattr(default, name.lower())) for name in said
    }
    assert {"HEAD_S", "CONNECTIONS", "CONNECTIONS_PER_PEER", "JOB_S", "MORE_WORKERS"} <= said.keys()
    (descriptors,) = re.findall(r"^LimitNOFILE=([0-9]+)$", page, flags=re.MULTILINE)
    assert int(descriptors) > 2 * default.connections


def test_the_command_serves_and_ends(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(f"alice:{ALICE}\n")
    tokens.chmod(0o600)
    archive = tmp_path / "deep" / "archive.db"
    process = command(
        tmp_path, "--bind", "127.0.0.1:0", "--tokens", tokens, "--archive", archive, "--task", "dgemm",
        "--queue", "7", "--body-mib", "1",
    )  # fmt: skip
    assert process.stderr is not None
    try:
        said = ""
        while "serving at " not in said:
            said = process.stderr.readline()
            assert said, process.poll()
        url = said.split()[-1]
        with httpx.Client(base_url=url, trust_env=False) as client:
            assert client.get("/readyz").json() == {"ok": True, "reasons": []}
            host = client.get("/v1/host", headers={"Authorization": f"Bearer {ALICE}"}).json()
        assert [task["name"] for task in host["tasks"]] == ["dgemm"]
        assert host["limits"]["queued_jobs"] == 7
        assert host["limits"]["body_bytes"] == 2**20
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=60)
        assert process.returncode == 0, rest
        assert "ended" in rest
        assert ALICE not in said + rest
        assert archive.exists()
    finally:
        process.kill()
        process.communicate()


def test_the_command_refuses_with_one_message(tmp_path: Path) -> None:
    archive = ("--archive", tmp_path / "a.db")
    assert "no tokens" in refused(tmp_path, "--bind", "0.0.0.0:0", *archive, HAYATE_TOKENS="")
    here = ("--bind", "127.0.0.1:0", *archive)
    assert "No such file" in refused(tmp_path, *here, "--tls-cert", "/nowhere")
    (tmp_path / "damaged.pem").write_text("-----BEGIN CERTIFICATE-----\nnonsense\n")
    assert "TLS can't use" in refused(tmp_path, *here, "--tls-cert", tmp_path / "damaged.pem")
    assert "without its certificate" in refused(tmp_path, *here, "--tls-key", tmp_path / "damaged.pem")


def test_a_server_of_a_server_is_refused(tmp_path: Path) -> None:
    run = tmp_path / "run.toml"
    text = 'farm = "http://127.0.0.1:1"\n[run]\nname = "x"\ntasks = ["dgemm"]\n[phases.grpo]\nsteps = 1\n'
    run.write_text(text)
    said = refused(tmp_path, "--run", run, "--archive", tmp_path / "a.db")
    assert "a farm that measures" in said


def test_without_tokens_only_local_names_are_served(tmp_path: Path) -> None:
    """A page in a browser can reach this address by a name of its own (DNS rebinding)."""
    process = command(tmp_path, "--bind", "127.0.0.1:0", "--archive", tmp_path / "a.db", HAYATE_TOKENS="")
    assert process.stderr is not None
    try:
        said = ""
        while "serving at " not in said:
            said = process.stderr.readline()
            assert said, process.poll()
        url = said.split()[-1]
        with httpx.Client(base_url=url, trust_env=False) as client:
            assert client.get("/v1/host").status_code == 200
            answer = client.get("/v1/host", headers={"Host": "evil.example.org"})
            assert answer.status_code == 403
            body: Any = json.loads(answer.text)
            assert body["error"]["kind"] == "foreign_host"
            port = httpx.URL(url).port
            for host in ("127.0.0.1", f"127.0.0.1:{(port or 0) + 1}", "localhost:80"):
                answer = client.get("/v1/host", headers={"Host": host})  # another server's page
                assert answer.status_code == 403, host
            assert client.get("/v1/host", headers={"Host": f"localhost:{port}"}).status_code == 200
    finally:
        process.kill()
        process.communicate()
