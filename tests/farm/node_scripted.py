"""node.py's functions without a judge: what a node does for the tests of a farm on a cluster.

A build of "int sleep_ms = 200;" takes so long; each finished one leaves a line, node and source, in the file that
HAYATE_TEST_LOG names. A source with "unfit" is answered as by a node that is none of the farm's, one with
"unfit_times = 2;" so twice, one with "garbled" with what nobody understands; one with "kill" ends its node's workers,
one with "keep" takes a minute the first time; one with "accelerators" leaves which of them it sees.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from pathlib import Path

from hayate.errors import FaultKind
from hayate.farm.base import BuildJob, MeasureJob
from hayate.farm.node import Answer, Host, pool
from hayate.judge import JUDGE_VERSION
from hayate.judge.results import Measurement, Rejection
from hayate.records import Built, HostProfile, Interval, Outcome, Record, content_hash, decode, encode

HOST = HostProfile(
    fingerprint="f",
    host_class=os.environ.get("HAYATE_TEST_CLASS", "scripted"),
    cpu="scripted",
    cores=2,
    arch="x86-64-v3",
    memory_bytes=1 << 30,
    kernel="6",
    compiler="gcc 12",
    peak_gflops=Interval(value=100, low=100, high=100),
    bandwidth_gbs={},
    noise=0.01,
    priority="none",
    calibrated_at="2026-01-01T00:00:00+00:00",
    expires_at="2099-01-01T00:00:00+00:00",
)


def _place() -> str:
    return os.environ.get("SLURMD_NODENAME", socket.gethostname())


def _say(record: Record, kind: str) -> str:
    return encode(Answer(node=_place(), pool=pool(), kind=kind, record=encode(record)))


def describe(wanted: str, parsl_resource_specification: object = None) -> str:
    assert JUDGE_VERSION in wanted
    return _say(Host(profile=HOST, sandbox_tier="scripted", slots=1), "host")


def build(wanted: str, job: str, ended: str = "", parsl_resource_specification: object = None) -> str:
    source = decode(BuildJob, job).source
    match = re.search(r"sleep_ms = (\d+)", source)
    time.sleep(int(match[1]) / 1000 if match else 0)
    log = Path(os.environ["HAYATE_TEST_LOG"])
    if "kill" in source:
        with log.open("a") as file:
            file.write(f"{_place()} killed {source!r}\n")
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
    if "keep" in source and f"keeps {source!r}" not in log.read_text():
        with log.open("a") as file:
            file.write(f"{_place()} keeps {source!r}\n")
        time.sleep(60)
    if "garbled" in source:
        return "{}"
    wanted_times = re.search(r"unfit_times = (\d+)", source)
    refused = log.read_text().count(f"refused {source!r}") if wanted_times and log.exists() else 0
    if "unfit" in source and (wanted_times is None or refused < int(wanted_times[1])):
        with log.open("a") as file:
            file.write(f"{_place()} refused {source!r}\n")
        return encode(
            Answer(node="x", fault=FaultKind.NODE_LOST, message="node x is unfit: scripted", unfit=True)
        )
    if "noisy" in source:
        return encode(Answer(node="x", fault=FaultKind.HOST_TOO_NOISY, message="scripted noise"))
    if "mistake" in source:
        raise ValueError("a mistake of ours")
    if "accelerators" in source:
        with log.open("a") as file:
            file.write(f"{pool()} sees {os.environ['CUDA_VISIBLE_DEVICES']}\n")
        time.sleep(0.3)
    if "wrong" in source:
        return _say(Rejection(outcome=Outcome.VIOLATION, reason="scripted"), "rejection")
    with log.open("a") as file:
        file.write(f"{_place()} {source!r}\n")
    return _say(
        Built(name=source, object_code=b"\x7fELF", object_hash=content_hash(source), arch="x86-64-v3"),
        "built",
    )


def measure(wanted: str, job: str, ended: str = "", parsl_resource_specification: object = None) -> str:
    order = decode(MeasureJob, job)
    reason = f"{order.built.name} {order.rival.name if order.rival else '-'} {order.plan.purpose}"
    return _say(Measurement(outcome=Outcome.ACCEPTED, reason=reason), "measurement")
