"""What a surrogate sees of a source."""

from __future__ import annotations

import pytest
from scripted_judge import TASK, source

from hayate.records import Language, Technique
from hayate.surrogate import source_features


def _features(text: str, language: Language = "c", **parameters: int | str) -> dict[str, float]:
    return source_features(
        TASK, text, permitted=(Technique.SIMD,), techniques=(), language=language, parameters=parameters
    )


def test_loops_and_numbers_are_seen() -> None:
    found = _features(source(32, 8))
    assert found["loops"] == 5
    assert found["loops depth"] == 5
    assert found["loops most step"] == 32
    assert found["loops tile"] == 8
    assert found["loops short"] == 1
    assert found["token 32"] > 0
    assert found["permitted simd"] == 1


def test_a_block_more_or_less_is_another_candidate() -> None:
    assert _features(source(32, 8)) != _features(source(64, 8))
    assert _features(source(32, 8, note="one")) == _features(source(32, 8, note="two"))


def test_parameters_and_language_count() -> None:
    found = _features(source(4, 4), "c++", MC=96, order="ikj")
    assert found["parameter MC"] == 96
    assert found["parameter order=ikj"] == 1
    assert found["language c++"] == 1


@pytest.mark.parametrize("text", ["", "}{ not C (((", "/* open", '"' * 50, "#define A A A\nA", "\x00\ud800"])
def test_any_text_has_features(text: str) -> None:
    assert _features(text)["permitted simd"] == 1
