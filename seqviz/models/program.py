"""The short program that prints what the page shows, for the configuration on screen.

Where PyTorch has the variant, the program is PyTorch's own cell in a loop, which is also the
test's oracle; otherwise it is seqviz's step with the options spelled out.
"""

from seqviz.models.experiment import (
    SIGNALS,
    TAUGHT_STEPS,
    CellConfig,
    CellRecord,
    shipped,
    task_of,
    teachable,
)

LISTED = 60


def program(record: CellRecord) -> str:
    """Runnable Python that prints token, hidden state and answer of every step."""
    config = record.config
    options = _options(record)
    lines = ["import torch", *_imports(config, record, options), ""]
    lines += [*_model(config, record), *_inputs(config, record), ""]
    lines += _changes(config, record)
    lines += _loop(record) if options is None else _unrolled(record, options)
    return "\n".join(lines) + "\n"


def plain(record: CellRecord) -> bool:
    """Whether PyTorch's own cell computes this record."""
    return _options(record) is None


def _options(record: CellRecord) -> str | None:
    """The Options(...) to write out, None where PyTorch's cell needs none."""
    options = record.trace.options
    said = []
    if (options.activation or "tanh") != "tanh":
        said.append(f"activation={options.activation!r}")
    if options.peepholes is not None:
        said.append("peepholes=model.peepholes")
    if options.reset != "after":
        said.append(f"reset={options.reset!r}")
    if options.update != "keeps":
        said.append(f"update={options.update!r}")
    if options.what_if is not None:
        said.append(f"what_if={options.what_if!r}")
    return f"Options({', '.join(said)})" if said else None


def _imports(config: CellConfig, record: CellRecord, options: str | None) -> list[str]:
    names = ["from seqviz.core.model import build_model"]
    if record.mode == "trained":
        names = ["from seqviz.models import load"]
    if record.taught is not None:
        names.append("from seqviz.core.training import train")
    if config.h0 == "random" and record.mode == "trained":
        names.append("from seqviz.core.parameters import initial_state")
    if options is not None:
        names.append("from seqviz.core.unroll import Options, unroll")
    if options is not None and "update" in options:
        names.append("from seqviz.core.gru import negate_update")
    if options is not None and "WhatIf" in options:
        kinds = "Force, WhatIf" if "Force" in options else "WhatIf"
        names.append(f"from seqviz.core.what_if import {kinds}")
    return sorted(names)


def _model(config: CellConfig, record: CellRecord) -> list[str]:
    if record.mode == "trained":
        return [f"model = load({shipped(config)!r})"]
    task, model = record.task, record.model
    size = f"{list(task.vocabulary)!r}, {list(task.classes)!r}, {config.hidden}"
    chosen = {
        "activation": config.activation if config.activation != "tanh" else None,
        "peepholes": model.options.peepholes is not None or None,
        "reset": model.options.reset if model.options.reset != "after" else None,
        "init": config.init if config.init != "default" else None,
        "forget_bias": config.forget_bias if config.cell == "lstm" else None,
        "h0": config.h0 if config.h0 != "zero" else None,
        "input_size": 1 if config.source in SIGNALS else None,
        "seed": config.seed,
    }
    extra = "".join(f", {name}={value!r}" for name, value in chosen.items() if value is not None)
    return [f"model = build_model({config.cell!r}, {size}{extra})"]


def _inputs(config: CellConfig, record: CellRecord) -> list[str]:
    task = record.task if record.taught is None else task_of(config)
    if task.values is not None:
        return [f"xs = torch.tensor({list(task.values)!r}, dtype=torch.float64)[:, None]"]
    return [f"tokens = {list(task.inputs)!r}", "xs = model.encode(tokens)"]


def _changes(config: CellConfig, record: CellRecord) -> list[str]:
    lines = []
    if record.taught is not None and teachable(config):
        lines += [
            f"targets = model.encode_targets({list(record.task.targets or ())!r})",
            f"for checkpoint in train(model, xs, targets, steps={TAUGHT_STEPS}):",
            "    pass",
        ]
    if record.taught is not None and record.unedited is not None:
        lines += [f"tokens = {list(record.task.inputs)!r}", "xs = model.encode(tokens)"]
    if config.gain != 1.0:
        lines.append(f"model.cell.weight_hh.data *= {config.gain!r}")
    if record.trace.options.update != "keeps":
        lines.append("negate_update(model.cell)")
    if config.h0 == "random" and record.mode == "trained":
        size = record.model.cell.hidden_size
        lines.append(f"h, c = initial_state({config.cell!r}, {size}, 'random', {config.seed})")
    elif config.cell == "lstm":
        lines.append("h, c = model.h0, model.c0")
    else:
        lines.append("h, c = model.h0, None")
    return lines


def _loop(record: CellRecord) -> list[str]:
    step = "h, c = model.cell(x, (h, c))" if record.trace.kind == "lstm" else "h = model.cell(x, h)"
    lines = ["hs = []", "with torch.no_grad():", "    for x in xs:", f"        {step}"]
    return [*lines, "        hs.append(h)", "h = torch.stack(hs)", *_print(record)]


def _unrolled(record: CellRecord, options: str) -> list[str]:
    return [f"h = unroll(model.cell, xs, h, c, {options}).h", *_print(record)]


def _print(record: CellRecord) -> list[str]:
    reads = "xs[:, 0].tolist()" if record.task.values is not None else "tokens"
    if record.model.readout is None:
        return [
            f"for token, state in zip({reads}, h):",
            '    print(token, *(f"{value:.4f}" for value in state.tolist()))',
        ]
    return [
        "with torch.no_grad():",
        "    p = model.logits(h).softmax(dim=-1)",
        f"for token, state, chances in zip({reads}, h, p):",
        "    answer = model.classes[chances.argmax()]",
        '    numbers = " ".join(f"{value:.4f}" for value in state.tolist())',
        '    print(f"{token}  {numbers}  {answer} {chances.max():.4f}")',
    ]


def output(record: CellRecord) -> str:
    """What the program prints, from the record."""
    lines = []
    tokens = record.task.values or record.task.inputs
    for t, (token, state) in enumerate(zip(tokens, record.trace.h.tolist(), strict=True)):
        numbers = [f"{value:.4f}" for value in state]
        if record.probabilities is None:
            lines.append(" ".join([str(token), *numbers]))
        else:
            p, place = record.probabilities[t].max(dim=-1)
            answer = record.task.classes[int(place)]
            lines.append(f"{token}  {' '.join(numbers)}  {answer} {p:.4f}")
    return "\n".join(lines) + "\n"
