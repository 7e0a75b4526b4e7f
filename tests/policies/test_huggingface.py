from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from hayate.errors import Fault, FaultKind, WrongUse
from hayate.policies import HuggingFacePolicy, PolicySettings, load
from hayate.prompts import extract, render
from hayate.records import Assignment, Language, Prompt
from hayate.tasks import builtin

from .miniature import CHAT_TEMPLATE, KERNELS, make_prompt


def settings(folder: Path, **more: Any) -> PolicySettings:
    return PolicySettings(model=str(folder), device="cpu", max_new_tokens=24, **more)


@pytest.fixture(scope="module")
def plain(miniature: Path) -> HuggingFacePolicy:
    return load(settings(miniature))


@pytest.fixture(scope="module")
def chat(miniature: Path, tmp_path_factory: pytest.TempPathFactory) -> HuggingFacePolicy:
    return load(settings(with_template(miniature, tmp_path_factory.mktemp("chat"), CHAT_TEMPLATE)))


def with_template(miniature: Path, folder: Path, template: str) -> Path:
    shutil.copytree(miniature, folder, dirs_exist_ok=True)
    (folder / "chat_template.jinja").write_text(template)
    return folder


def test_without_chat_template_a_prompt_is_text_up_to_the_opening_fence(
    plain: HuggingFacePolicy, prompt: Prompt
) -> None:
    text = plain.encode_prompt(prompt)
    assert text == f"{prompt.system}\n\n{prompt.user}```c\n"
    assert plain.prompt_for_trl(prompt) == text
    assert plain.tokenizer.decode(plain.token_ids(prompt)) == text


def test_with_chat_template_a_prompt_is_a_conversation(chat: HuggingFacePolicy, prompt: Prompt) -> None:
    assert chat.prompt_for_trl(prompt) == [
        {"role": "system", "content": prompt.system},
        {"role": "user", "content": prompt.user},
    ]
    assert chat.tokenizer.decode(chat.token_ids(prompt)) == (
        f"<system>{prompt.system}</system>\n<user>{prompt.user}</user>\n<assistant>"
    )


def test_a_template_that_refuses_the_system_role_gets_it_in_the_users_turn(
    miniature: Path, tmp_path: Path, prompt: Prompt
) -> None:
    refusing = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
        + CHAT_TEMPLATE
    )
    policy = load(settings(with_template(miniature, tmp_path / "m", refusing)))
    assert policy.prompt_for_trl(prompt) == [{"role": "user", "content": f"{prompt.system}\n\n{prompt.user}"}]


@pytest.mark.parametrize("language", ["c", "c++"])
def test_a_supervised_completion_is_a_reply_that_extract_reads(
    language: Language, plain: HuggingFacePolicy, chat: HuggingFacePolicy
) -> None:
    asked = Assignment(task="dgemm", permitted=(), language=language)
    opening = render("plain", builtin("dgemm"), asked).opening
    text = plain.completion_for_trl(KERNELS[0], opening)
    assert isinstance(text, str)
    assert text.endswith(plain.tokenizer.eos_token)
    assert extract(text.removesuffix(plain.tokenizer.eos_token), language) == KERNELS[0]
    (message,) = chat.completion_for_trl(KERNELS[0], opening)
    assert isinstance(message, dict)
    assert message["role"] == "assistant"
    assert extract(message["content"], language) == KERNELS[0]


@pytest.mark.parametrize("kind", ["plain", "chat"])
def test_samples_are_reproducible_from_the_seed_and_differ_between_seeds(
    kind: str, request: pytest.FixtureRequest
) -> None:
    policy: HuggingFacePolicy = request.getfixturevalue(kind)
    prompts = [make_prompt("scale"), make_prompt("a task with a longer name")]
    first = policy.sample(prompts, 3, seed=5, batch_size=4)
    assert [len(row) for row in first] == [3, 3]
    assert policy.sample(prompts, 3, seed=5, batch_size=4) == first
    assert policy.sample(prompts, 3, seed=6, batch_size=4) != first
    assert len({s.text for row in first for s in row}) > 1


def test_sampling_leaves_the_random_state_and_the_mode_of_the_model_alone(
    plain: HuggingFacePolicy, prompt: Prompt
) -> None:
    plain.model.train()
    before = torch.random.get_rng_state()
    plain.sample([prompt], 1, seed=1)
    assert torch.equal(before, torch.random.get_rng_state())
    assert plain.model.training
    plain.model.eval()


def test_a_reply_cut_off_by_the_length_limit_says_so(plain: HuggingFacePolicy) -> None:
    end = plain.tokenizer.eos_token_id
    ids = plain.tokenizer("y[j] = 3;")["input_ids"]
    cut = plain._reply(ids, {end})
    assert (cut.text, cut.tokens, cut.truncated) == ("y[j] = 3;", len(ids), True)
    ended = plain._reply([*ids, end, plain.tokenizer.pad_token_id, 40], {end})
    assert (ended.text, ended.tokens, ended.truncated) == ("y[j] = 3;", len(ids) + 1, False)


def test_padding_does_not_change_what_a_prompt_is_continued_with(plain: HuggingFacePolicy) -> None:
    greedy = HuggingFacePolicy(
        plain.name, plain.model, plain.tokenizer, plain.settings.model_copy(update={"temperature": 0.0})
    )
    short, long = make_prompt("x"), make_prompt("a task with a much longer name than the other's")
    together = greedy.sample([short, long], 1, seed=0)
    assert together == [greedy.sample([p], 1, seed=0)[0] for p in (short, long)]


def test_only_our_settings_steer_the_sampling(miniature: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(miniature, tmp_path / "m")
    shipped = json.loads((folder / "generation_config.json").read_text())
    shipped |= {"do_sample": True, "top_k": 1, "repetition_penalty": 9.0, "temperature": 0.1}
    (folder / "generation_config.json").write_text(json.dumps(shipped))
    samples = load(settings(folder)).sample([make_prompt()], 6, seed=0)[0]
    assert len({s.text for s in samples}) > 1  # top_k = 1 would make them all one
    cold = load(settings(folder, temperature=0)).sample([make_prompt()], 3, seed=0)[0]
    assert len({s.text for s in cold}) == 1


def test_dtype_auto_is_float32_on_a_cpu_and_a_named_one_is_taken(miniature: Path) -> None:
    assert load(settings(miniature)).model.dtype == torch.float32
    assert load(settings(miniature, dtype="bfloat16")).model.dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("model", "says"),
    [("./nowhere", "no such folder"), ("/nowhere/at/all", "no such folder"), ("a/b/c", "no such folder")],
)
def test_a_path_that_is_not_there_is_wrong_use(model: str, says: str) -> None:
    with pytest.raises(WrongUse, match=says):
        load(PolicySettings(model=model))


def test_a_folder_without_a_model_is_wrong_use(tmp_path: Path, miniature: Path) -> None:
    with pytest.raises(WrongUse, match=r"config\.json"):
        load(PolicySettings(model=str(tmp_path)))
    folder = shutil.copytree(miniature, tmp_path / "m")
    (folder / "model.safetensors").unlink()
    with pytest.raises(WrongUse, match="can't be loaded"):
        load(PolicySettings(model=str(folder)))


def test_a_name_that_needs_the_hub_is_a_fault_without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(Fault) as caught:
        load(PolicySettings(model="nobody/no-such-model"))
    assert caught.value.kind is FaultKind.DEPENDENCY_MISSING
    assert 'model = "tiny"' in caught.value.remedy


@pytest.mark.parametrize("module", ["torch", "transformers"])
def test_a_missing_dependency_is_a_fault_with_its_remedy(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(Fault, match=module) as caught:
        load()
    assert caught.value.kind is FaultKind.DEPENDENCY_MISSING
    assert caught.value.remedy == "pip install 'hayate[train]'"


def test_a_gpu_that_is_not_there_is_a_fault(monkeypatch: pytest.MonkeyPatch, miniature: Path) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(Fault) as caught:
        load(PolicySettings(model=str(miniature), device="cuda"))
    assert caught.value.kind is FaultKind.HOST_UNFIT
    with pytest.raises(WrongUse, match="no device"):
        load(PolicySettings(model=str(miniature), device="abacus"))


def test_settings_refuse_what_they_do_not_know() -> None:
    with pytest.raises(ValidationError):
        PolicySettings(temprature=1.0)  # type: ignore[call-arg]
    with pytest.raises(ValidationError):
        PolicySettings(top_p=0)
