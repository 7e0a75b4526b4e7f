"""A causal language model as a policy: prompts in, replies out. One code path, whatever its size."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hayate.errors import Fault, FaultKind, WrongUse
from hayate.policies.settings import PolicySettings
from hayate.records import Prompt, Sample

if TYPE_CHECKING:
    import torch

TINY_FOLDER = Path(__file__).parent / "tiny"
Message = dict[str, str]  # {"role": "system" | "user" | "assistant", "content": text}


@dataclass
class HuggingFacePolicy:
    """A model with its tokenizer. `model` and `tokenizer` are what transformers gives, and what TRL takes."""

    name: str  # as in the settings: "tiny", a path, a name on the hub
    model: Any  # transformers.PreTrainedModel
    tokenizer: Any  # transformers.PreTrainedTokenizerBase
    settings: PolicySettings
    _system_role: bool | None = field(default=None, repr=False)

    @property
    def conversational(self) -> bool:
        """Whether prompts are conversations (the tokenizer has a chat template) or plain text."""
        return bool(self.tokenizer.chat_template)

    def encode_prompt(self, prompt: Prompt) -> str | list[Message]:
        """A conversation where there is a chat template, else plain text that ends in the opening."""
        if not self.conversational:
            return prompt.text
        if self._has_system_role():
            return prompt.messages
        return [{"role": "user", "content": f"{prompt.system}\n\n{prompt.user}"}]

    def prompt_for_trl(self, prompt: Prompt) -> str | list[Message]:
        """What TRL's trainers take as `prompt`; they apply the chat template themselves."""
        return self.encode_prompt(prompt)

    def completion_for_trl(self, source: str, opening: str = "```c\n") -> str | list[Message]:
        """The reply that `hayate.prompts.extract` reads `source` from: what SFT takes as `completion`.

        `opening` is the prompt's: the fence that opens a block in the language that was asked for.
        """
        closed = source.rstrip("\n") + "\n```"
        if self.conversational:
            return [{"role": "assistant", "content": opening + closed}]
        return closed + str(self.tokenizer.eos_token)

    def token_ids(self, prompt: Prompt) -> list[int]:
        """The prompt as the model sees it."""
        encoded = self.encode_prompt(prompt)
        if isinstance(encoded, str):
            return list(
                self.tokenizer(encoded)["input_ids"]
            )  # with the tokenizer's own start token, as TRL does
        text = self.tokenizer.apply_chat_template(
            encoded, add_generation_prompt=True, tokenize=False, **self.settings.chat_template_kwargs
        )
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def sample(
        self, prompts: Sequence[Prompt], n: int, seed: int, batch_size: int | None = None
    ) -> list[list[Sample]]:
        """`n` replies to each prompt, in order.

        The same seed, prompts, `n` and batch size give the same replies on the same machine and versions.
        Raises `Fault(OUT_OF_MEMORY)` where a batch does not fit.
        """
        import torch

        ids = [self.token_ids(p) for p in prompts]
        # Long prompts first: a batch that does not fit is noticed at once; neighbours need little padding.
        order = sorted(((i, k) for i in range(len(ids)) for k in range(n)), key=lambda ik: -len(ids[ik[0]]))
        replies: list[list[Sample | None]] = [[None] * n for _ in ids]
        device = self.model.device
        was_training = self.model.training
        self.model.eval()
        try:
            with (
                torch.random.fork_rng(devices=[device] if device.type == "cuda" else []),
                torch.inference_mode(),
            ):
                torch.manual_seed(seed)
                for batch in _chunks(order, batch_size or self.settings.batch_size):
                    for (i, k), reply in zip(batch, self._generate([ids[i] for i, _ in batch]), strict=True):
                        replies[i][k] = reply
        except torch.OutOfMemoryError as error:
            raise Fault(
                FaultKind.OUT_OF_MEMORY,
                f"no memory to sample {self.name}: {error}",
                remedy="lower policy.batch_size",
            ) from error
        finally:
            self.model.train(was_training)
        return [[r for r in row if r is not None] for row in replies]

    def _generate(self, ids: list[list[int]]) -> list[Sample]:
        """One reply to each row of token ids."""
        import torch

        tokenizer, device = self.tokenizer, self.model.device
        width = max(map(len, ids))
        padded = [[tokenizer.pad_token_id] * (width - len(row)) + row for row in ids]  # on the left
        mask = [[0] * (width - len(row)) + [1] * len(row) for row in ids]
        output: torch.Tensor = self.model.generate(
            input_ids=torch.tensor(padded, device=device),
            attention_mask=torch.tensor(mask, device=device),
            generation_config=self._generation_config(),
        )
        ends = self._end_ids()
        return [self._reply(row, ends) for row in output[:, width:].tolist()]

    def _reply(self, tokens: list[int], ends: set[int]) -> Sample:
        length = next((i + 1 for i, t in enumerate(tokens) if t in ends), None)
        kept = tokens[:length]
        text = self.tokenizer.decode(kept, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return Sample(text=text, tokens=len(kept), truncated=length is None)

    def _end_ids(self) -> set[int]:
        """Tokens that end a reply: the tokenizer's, and those that the model's generation settings name."""
        own = getattr(self.model.generation_config, "eos_token_id", None)
        listed = own if isinstance(own, list) else [own]
        return {int(t) for t in (*listed, self.tokenizer.eos_token_id) if t is not None}

    def _generation_config(self) -> Any:
        """Only our settings: what a model ships (top_k = 20, repetition penalties) skews the sampling."""
        from transformers import GenerationConfig

        s = self.settings
        sampling: dict[str, Any] = {"do_sample": False}
        if s.temperature > 0:
            sampling = {"do_sample": True, "temperature": s.temperature, "top_p": s.top_p, "top_k": s.top_k}
        return GenerationConfig(
            **sampling,
            max_new_tokens=s.max_new_tokens,
            eos_token_id=sorted(self._end_ids()),
            pad_token_id=self.tokenizer.pad_token_id,
            use_cache=True,
        )

    def _has_system_role(self) -> bool:
        """Some templates refuse the system role (Gemma's first ones); then it goes into the user's turn."""
        if self._system_role is None:
            from jinja2 import TemplateError

            probe = [{"role": "system", "content": "system"}, {"role": "user", "content": "user"}]
            try:
                self.tokenizer.apply_chat_template(probe, add_generation_prompt=True, tokenize=False)
                self._system_role = True
            except TemplateError:
                self._system_role = False
        return self._system_role


def load(settings: PolicySettings | None = None) -> HuggingFacePolicy:
    """The policy that the settings name, on its device, in evaluation mode.

    Raises `Fault(DEPENDENCY_MISSING)` without torch or transformers, or where the hub can't be reached;
    `WrongUse` for a model that doesn't exist, isn't a causal language model, or is gated.
    """
    settings = settings or PolicySettings()
    torch = _require("torch")
    transformers = _require("transformers")
    source, common, tokenizer = _tokenizer(transformers, settings)
    device = _device(torch, settings.device)
    dtype: Any = settings.dtype
    if dtype == "auto" and device == "cpu":
        dtype = "float32"  # few CPUs multiply bfloat16 at full speed
    extra = {"attn_implementation": settings.attn_implementation} if settings.attn_implementation else {}
    try:
        model = transformers.AutoModelForCausalLM.from_pretrained(source, dtype=dtype, **common, **extra)
    except (OSError, ValueError) as error:
        raise _explain(settings, error) from error
    return HuggingFacePolicy(settings.model, model.to(device).eval(), tokenizer, settings)


def check(settings: PolicySettings) -> str:
    """All that can be known of a policy without its weights; the device that it will be on. Raises as `load` does."""
    torch = _require("torch")
    transformers = _require("transformers")
    source, common, _ = _tokenizer(transformers, settings)
    try:
        transformers.AutoConfig.from_pretrained(source, **common)
    except (OSError, ValueError) as error:
        raise _explain(settings, error) from error
    return _device(torch, settings.device)


def _tokenizer(transformers: Any, settings: PolicySettings) -> tuple[str, dict[str, Any], Any]:
    """Where the policy lies, what must be said each time that something of it is loaded, and its tokenizer."""
    where = TINY_FOLDER if settings.model == "tiny" else _folder(settings.model)
    if settings.model == "tiny" and not (TINY_FOLDER / "model.safetensors").exists():
        raise Fault(
            FaultKind.DEPENDENCY_MISSING,
            f"the tiny model is missing from {TINY_FOLDER}",
            remedy="make tiny (python -m hayate.policies.make_tiny --out <that folder>)",
        )
    common = {"revision": settings.revision, "trust_remote_code": settings.trust_remote_code}
    common = {k: v for k, v in common.items() if v is not None}
    source = str(where or settings.model)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(source, **common)
    except (OSError, ValueError) as error:
        raise _explain(settings, error) from error
    if tokenizer.eos_token_id is None:
        raise WrongUse(
            "the tokenizer names no end token, so no reply would end",
            where=f"policy.model = {settings.model!r}",
            allowed="a model whose tokenizer has eos_token",
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "left"  # generation continues the right end
    return source, common, tokenizer


def _require(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise Fault(
            FaultKind.DEPENDENCY_MISSING,
            f"a policy needs {module}, which can't be imported ({error})",
            remedy="pip install 'hayate[train]'",
        ) from error


def _folder(model: str) -> Path | None:
    """The folder that `model` names; None if it is a name on the hub."""
    path = Path(model).expanduser()
    if path.is_dir():
        if not (path / "config.json").exists():
            raise WrongUse(
                "the folder holds no config.json",
                where=f"policy.model = {model!r}",
                allowed="a folder written by save_pretrained()",
            )
        return path
    if path.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1:
        raise WrongUse(
            "no such folder",
            where=f"policy.model = {model!r}",
            allowed="'tiny', a folder, or a name on the hub",
        )
    return None


def _device(torch: Any, wanted: str) -> str:
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise Fault(
            FaultKind.HOST_UNFIT,
            f"policy.device = {wanted!r}, but torch sees no GPU here",
            remedy='device = "auto"',
        )
    try:
        return str(torch.device(wanted))
    except RuntimeError as error:
        raise WrongUse(
            f"no device {wanted!r}", where="policy.device", allowed='"auto", "cpu", "cuda", "cuda:1"'
        ) from error


def _explain(settings: PolicySettings, error: Exception) -> Fault | WrongUse:
    """The person's mistake, or the network's?"""
    names = {type(e).__name__ for e in _causes(error)}
    at = f"policy.model = {settings.model!r}"
    if "GatedRepoError" in names:
        return WrongUse(
            "the model is gated", where=at, allowed="a model that this account may read: hf auth login"
        )
    if names & {"RepositoryNotFoundError", "RevisionNotFoundError", "HFValidationError"}:
        return WrongUse(
            "the hub has no such model or revision",
            where=at,
            allowed="'tiny', a folder, or a name on the hub",
        )
    unreachable = {
        "LocalEntryNotFoundError",
        "OfflineModeIsEnabled",
        "ConnectError",
        "ConnectionError",
        "ConnectTimeout",
    }
    if names & unreachable:
        return Fault(
            FaultKind.DEPENDENCY_MISSING,
            f"{at}: not in the local cache, and the hub can't be reached",
            remedy=f"connect, or run `hf download {settings.model}` where there is a network and give "
            'the folder; model = "tiny" needs none',
        )
    reason = " ".join(str(error).split())
    return WrongUse(f"can't be loaded: {reason}", where=at, allowed="'tiny', a folder, or a name on the hub")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _chunks(items: list[tuple[int, int]], size: int) -> Iterator[list[tuple[int, int]]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
