"""Attention of every kind a page can show or a reader can bring: records and their scenes."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from seqviz.core.attention import MultiHead, WeightEdit, WhatIfHeads, attend_heads
from seqviz.core.attention_model import AttentionModel, AttentionRun, Design, build_attention_model
from seqviz.core.masks import causal, padding, without_keys
from seqviz.core.positions import POSITIONS
from seqviz.models.attention_shelf import available_attention, load_attention
from seqviz.models.heads_experiment import HeadsConfig
from seqviz.models.heads_experiment import run as heads_run
from seqviz.models.positions_experiment import PositionsConfig
from seqviz.models.positions_experiment import run as positions_run
from seqviz.scenes import Scene
from seqviz.scenes.attention import attention_scene, head_scene, run_scene
from seqviz.scenes.positions import places_scene

T, S = 5, 7
WORDS = ("the", "cat", "sat", "on", "the")
TEXT = ("나", "a", "b", "a", "나", "c", "a", "b")
LONG = (
    "the cat sat on the mat and the dog sat on the log while the cat and the dog looked at the "
    "moon over the sea of the cat and 고양이 가 의자 에 앉았다"
)
UNEVEN = torch.tensor(
    [[(3 * t + 5 * s + h) % 4 > 0 for s in range(T)] for t in range(T) for h in (0, 1)]
)
PER_HEAD = UNEVEN.view(T, 2, T).transpose(0, 1)
NOTHING = causal(T) & torch.tensor([[True], [True], [False], [True], [False]])


@dataclass(frozen=True)
class Case:
    """A module's arguments, and what it is asked."""

    heads: int = 1
    width: int = 4
    queries: int = T
    keys: int | None = None
    values: bool = False
    allowed: Tensor | None = None
    scale: float | None = None
    rotary: bool = False
    what_if: WhatIfHeads | None = None
    module: tuple[tuple[str, Any], ...] = ()
    shares: bool = False


CROSS = (("kdim", 3), ("vdim", 6))
BOTH = (("add_bias_kv", True), ("add_zero_attn", True))
EDIT = WeightEdit(2, (0.5, 0.0, 0.25, 0.25, 0.0))
CASES = {
    "self": Case(),
    "one-token": Case(queries=1),
    "one-feature": Case(width=1),
    "self-h2": Case(2, 8),
    "self-h8": Case(8, 16, shares=True),
    "no-bias": Case(2, 8, module=(("bias", False),)),
    "no-bias-h1": Case(module=(("bias", False),), shares=True),
    "cross": Case(keys=S),
    "cross-h2": Case(2, 6, keys=S, module=CROSS, values=True),
    "causal": Case(allowed=causal(T)),
    "causal-h4": Case(4, 8, allowed=causal(T)),
    "cross-bottom-right": Case(keys=S, allowed=causal(T, S, "bottom-right")),
    "padding": Case(2, 4, keys=S, allowed=padding(4, T, S)),
    "mask-per-head": Case(2, 8, allowed=PER_HEAD),
    "empty-rows": Case(allowed=NOTHING),
    "all-empty": Case(2, 4, allowed=torch.zeros(T, T, dtype=torch.bool)),
    "without-a-key": Case(2, 4, allowed=without_keys(causal(T), [1], T, T)),
    "no-scale": Case(2, 8, scale=1.0),
    "sharp": Case(allowed=causal(T), scale=40.0),
    "flat": Case(scale=0.0),
    "edited": Case(allowed=causal(T), what_if=WhatIfHeads(edit=(0, EDIT))),
    "edited-h2": Case(2, 8, what_if=WhatIfHeads(edit=(1, EDIT))),
    "silenced": Case(what_if=WhatIfHeads(frozenset({0}))),
    "silenced-h4": Case(4, 8, what_if=WhatIfHeads(frozenset({1, 3}), (2, EDIT)), shares=True),
    "rotary": Case(rotary=True, allowed=causal(T)),
    "rotary-h2": Case(2, 8, keys=S, rotary=True),
    "rotary-appended": Case(2, 8, rotary=True, module=BOTH),
    "bias-kv": Case(2, 8, module=(("add_bias_kv", True),)),
    "zero-attn": Case(module=(("add_zero_attn", True),), allowed=NOTHING),
    "appended": Case(2, 4, keys=S, module=BOTH),
    "h8-T64": Case(8, 64, queries=64, allowed=causal(64)),
}  # fmt: skip
PLACES = {"word": "sheet.x", "place": "sheet.x", "answer": "sheet.p"}
CALLED = [f"{back} back" for back in range(1, 5)]
DESIGNS = {
    "plain": Design(),
    "follow": Design(size=4, width=8, previous=True),
    "sinusoidal": Design(size=6, width=8, positions="sinusoidal", causal=False),
    "learned": Design(size=8, width=8, positions="learned", heads=2),
    "rotary": Design(size=8, width=8, positions="rotary", heads=2, causal=False),
    "back": Design(size=4, width=8, positions="sinusoidal", heads=4, answers=4, bias=False),
    "rotary-follow": Design(size=2, width=4, previous=True, positions="rotary"),
}


def attention_of(case: Case, seed: int = 0) -> nn.MultiheadAttention:
    """The module with every parameter random and large enough to matter, biases too."""
    generator = torch.Generator().manual_seed(seed)
    module = nn.MultiheadAttention(
        case.width, case.heads, dtype=torch.float64, **dict(case.module)
    ).eval()
    for parameter in module.parameters():
        drawn = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        parameter.data.copy_(0.7 * drawn)
    return module


def inputs_of(case: Case, seed: int = 7) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """query, key and value, the last two None where the module looks at the query itself."""
    generator = torch.Generator().manual_seed(seed)
    sizes = dict(case.module)
    key = sizes.get("kdim", case.width)
    value = sizes.get("vdim", case.width)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    query = drawn(case.queries, case.width)
    if case.keys is None:
        return query, None, None
    return query, drawn(case.keys, key), drawn(case.keys, value) if case.values else None


def record_of(case: Case, module: nn.MultiheadAttention) -> MultiHead:
    query, key, value = inputs_of(case)
    return attend_heads(
        *(module, query, key, value),
        allowed=case.allowed,
        scale=case.scale,
        rotary=case.rotary,
        what_if=case.what_if,
    ).detach()


@cache
def records() -> dict[str, tuple[nn.MultiheadAttention, MultiHead]]:
    """Module and record of every case."""
    found = {}
    for name, case in CASES.items():
        module = attention_of(case)
        found[name] = module, record_of(case, module)
    return found


@cache
def runs() -> dict[str, tuple[AttentionModel, AttentionRun]]:
    """Model and run of every design, of the text TEXT."""
    models = {
        name: build_attention_model(design, gain=2.0, seed=3) for name, design in DESIGNS.items()
    }
    for model in models.values():
        if model.design.bias:
            for bias in (model.attention.in_proj_bias, model.attention.out_proj.bias):
                bias.data.copy_(torch.linspace(-0.4, 0.5, len(bias), dtype=torch.float64))
    return {name: (model, model.run(TEXT)) for name, model in models.items()}


def scene_of(name: str) -> Scene:
    """The scene of a case; where something is changed, with the run before the change."""
    case = CASES[name]
    module, found = records()[name]
    queries = (WORDS * 13)[: case.queries]
    keys = None if case.keys is None else tuple(f"k{s}" for s in range(case.keys))
    before = None if case.what_if is None else record_of(replace(case, what_if=None), module)
    return attention_scene(
        found, module, queries, keys, before=before, shares=case.shares, title=name
    )


@cache
def scenes() -> dict[str, Scene]:
    """Every scene by name: of modules, of whole models, of places, of one head by itself."""
    found = {name: scene_of(name) for name in CASES}
    for name, (model, run) in runs().items():
        found[f"run-{name}"] = run_scene(run, model, title=name)
    for name in available_attention():
        trained = load_attention(name)
        text = (LONG.split() * 2)[: trained.design.longest]
        found[f"trained-{name}"] = run_scene(trained.run(text), trained, title=name)
    changed, run = runs()["back"]
    edited = changed.run(TEXT, what_if=WhatIfHeads(frozenset({2})))
    found["run-silenced"] = run_scene(edited, changed, before=run, shares=True)
    padded = heads_run(HeadsConfig(tuple(TEXT), mask="both", pads=2, side="left"))
    found["run-padded"] = run_scene(padded.run, padded.model, called=CALLED, title="padded")
    for kind in POSITIONS:
        for mode in ("trained", "fresh"):
            placed = positions_run(PositionsConfig(positions=kind, mode=mode, order="shuffled"))
            scene = places_scene(placed.run, placed.model, PLACES, None, title=kind)
            found[f"places-{kind}-{mode}"] = scene
    _, one = records()["cross-bottom-right"]
    keys = tuple(f"k{s}" for s in range(S))
    found["head"] = head_scene(one.heads[0], WORDS, keys, title="head")
    return found
