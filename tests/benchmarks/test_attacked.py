"""The benchmark of a server under attack, at a small size: every attack is tried, and no honest job is lost."""

from __future__ import annotations

import pytest

pytest.importorskip("psutil", reason="no psutil: pip install 'hayate[bench]'")
pytest.importorskip("uvicorn", reason="no uvicorn: pip install 'hayate[serve]'")

from benchmarks import attacks
from benchmarks.attacked import attacked


def test_honest_clients_lose_nothing_beside_every_attack_at_once() -> None:
    found = attacked(honest=8, slots=1, seconds=8, scale=0.1, pause_s=0.5, first_s=3)
    assert found["lost"] == 0, found
    assert found["answered"] == found["asked"] > 8
    assert found["answered_without_a_run"] == 0
    assert set(attacks.NAMES) <= {name for name, times in found["attacks"].items() if times}
    assert found["gave_way"] > 0  # the one slot was taken by a long plan
    assert found["server_starts"] == 1
    assert found["processes_left"] == 0
    assert "fault" not in found["jobs"]
    assert 0 < found["server_rss_mib"] < 1024
    assert found["longest_wait_to_begin_s"] > 0
