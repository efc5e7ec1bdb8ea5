"""The short program that prints the gradient norms of the page, for the configuration on screen.

Where PyTorch has the variant, the program is PyTorch's own cell in a loop with `retain_grad`;
otherwise it is seqviz's step with the options spelled out.
"""

from seqviz.core.norms import norm
from seqviz.models.backprop_experiment import BackpropConfig, BackpropRecord
from seqviz.models.experiment import SIGNALS

LINES = 20


def program(record: BackpropRecord) -> str:
    """Runnable Python that prints ‖∂L/∂h_t‖ of every n-th step."""
    options = _options(record.config)
    lines = ["import torch", *_imports(record, options), "", *_model(record), *_inputs(record), ""]
    lines += _loop(record) if options is None else _unrolled(record, options)
    every = stride(len(record))
    lines += [f"for t in range(0, len(xs), {every}):", '    print(t + 1, f"{norms[t]:.4e}")']
    return "\n".join(lines) + "\n"


def output(record: BackpropRecord) -> str:
    """What the program prints, from the record."""
    norms = norm(record.curves.every.dh).tolist()
    every = stride(len(record))
    return "".join(f"{t + 1} {norms[t]:.4e}\n" for t in range(0, len(record), every))


def plain(record: BackpropRecord) -> bool:
    """Whether PyTorch's own cell computes this record."""
    return _options(record.config) is None


def stride(steps: int) -> int:
    """Every which step is printed."""
    return -(-steps // LINES)


def _options(config: BackpropConfig) -> str | None:
    """The Options(...) to write out, None where PyTorch's cell needs none."""
    said = []
    if config.activation != "tanh":
        said.append(f"activation={config.activation!r}")
    if config.peepholes and config.cell == "lstm":
        said.append("peepholes=model.options.peepholes")
    if config.reset != "after" and config.cell == "gru":
        said.append(f"reset={config.reset!r}")
    if not said and config.dtype == "float64":
        return None
    return f"Options({', '.join(said)})"


def _answers(record: BackpropRecord) -> bool:
    model = record.model
    targets = record.task.targets
    return (
        model.readout is not None
        and targets is not None
        and any(target in model.classes for target in targets)
    )


def _imports(record: BackpropRecord, options: str | None) -> list[str]:
    names = ["from seqviz.core.model import build_model", "from seqviz.core.norms import norm"]
    if options is not None:
        names.append("from seqviz.core.gradients import gradients")
        names.append("from seqviz.core.unroll import Options, unroll")
    if _answers(record):
        names.append("from torch.nn.functional import cross_entropy")
    return sorted(names)


def _model(record: BackpropRecord) -> list[str]:
    config, task = record.config, record.task
    chosen = {
        "peepholes": (config.peepholes and config.cell == "lstm") or None,
        "init": config.init if config.init != "default" else None,
        "gain": config.gain if config.gain != 1.0 else None,
        "forget_bias": config.forget_bias if config.cell == "lstm" else None,
        "input_size": 1 if config.source in SIGNALS else None,
        "seed": config.seed,
    }
    extra = "".join(f", {name}={value!r}" for name, value in chosen.items() if value is not None)
    size = f"{list(task.vocabulary)!r}, {list(task.classes)!r}, {config.hidden}"
    lines = [f"model = build_model({config.cell!r}, {size}{extra})"]
    return lines if config.dtype == "float64" else [*lines, "model = model.float()"]


def _inputs(record: BackpropRecord) -> list[str]:
    task = record.task
    if task.values is not None:
        lines = [f"xs = torch.tensor({list(task.values)!r}, dtype=torch.float64)[:, None]"]
    else:
        lines = [f"xs = model.encode({list(task.inputs)!r})"]
    if record.config.dtype == "float32":
        lines.append("xs = xs.float()")
    return lines


def _loss(record: BackpropRecord) -> list[str]:
    """Lines that define loss(h) for the states h (T, H): a sum, never a mean."""
    last = record.config.loss == "last"
    if not _answers(record):
        return ["def loss(h):", f"    return {'h[-1].sum()' if last else 'h.sum()'}", "", ""]
    return [
        f"targets = model.encode_targets({list(record.task.targets or ())!r})",
        f"asked = (targets >= 0).nonzero().flatten(){'[-1:]' if last else ''}",
        "",
        "",
        "def loss(h):",
        "    return cross_entropy(model.logits(h[asked]), targets[asked], reduction='sum')",
        "",
        "",
    ]


def _loop(record: BackpropRecord) -> list[str]:
    lstm = record.trace.kind == "lstm"
    start = "h, c = model.h0, model.c0" if lstm else "h = model.h0"
    step = "h, c = model.cell(x, (h, c))" if lstm else "h = model.cell(x, h)"
    return [
        *_loss(record),
        start,
        "hs = []",
        "for x in xs:",
        f"    {step}",
        "    h.retain_grad()",
        "    hs.append(h)",
        "loss(torch.stack(hs)).backward()",
        "norms = norm(torch.stack([h.grad for h in hs]))",
    ]


def _unrolled(record: BackpropRecord, options: str) -> list[str]:
    return [
        *_loss(record),
        f"trace = unroll(model.cell, xs, model.h0, model.c0, {options})",
        "norms = gradients(trace, loss).h_norm",
    ]
