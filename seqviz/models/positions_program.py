"""The short program that prints what the page shows: every word's change, and the encoding.

PyTorch's own attention computes it, except with rotary positions, which PyTorch has not.
"""

from seqviz.models.positions_experiment import FRESH, PositionsRecord
from seqviz.models.positions_views import SEARCHED, Dots, Encoding

ENCODING = '''\
def encoding(length, d):
    """PE(p, 2i) = sin(p w), PE(p, 2i+1) = cos(p w), w = 10000^(-2i/d)"""
    p = torch.arange(length, dtype=torch.float64)[:, None]
    w = 10000.0 ** (-torch.arange(0, d, 2, dtype=torch.float64) / d)
    return torch.stack(((p * w).sin(), (p * w).cos()), dim=-1).flatten(1)[:, :d]
'''
ATTEND = """\
def output(words):
    x = {x}
    out, _ = model.attention(x, x, x{mask}, need_weights=False)
    return out
"""
RUN = """\
def output(words):
    return model.run(words, causal={causal}).heads.out
"""
INPUTS = {
    "none": "model.inputs(words).embedded",
    "sinusoidal": "model.inputs(words).embedded + encoding(len(words), {d})",
    "learned": "model.inputs(words).embedded + model.table[: len(words)]",
}
MASK = """\
    mask = torch.ones(len(words), len(words), dtype=torch.bool).triu(1)  # True = blocked
"""
CHANGES = """\
words = {words!r}
order = {order!r}  # which word stands at each place now
with torch.no_grad():
    before = output(words)
    after = output([words[place] for place in order])
for place, word in enumerate(words):
    change = (after[order.index(place)] - before[place]).norm()
    print(f"{{word}} {{change:.6f}}")
"""
FIGURES = """\
pe = encoding({searched}, {d})
dots = pe @ pe[0]
rise = next(k for k in range(1, len(dots)) if dots[k] - dots[k - 1] > 1e-9)
longest = 2 * math.pi * 10000 ** ({last} / {d})
print(f"longest wave {{longest:.2f}}")
print("dot product", *(f"{{value:.4f}}" for value in dots[:{shown}].tolist()))
print("rises first at", rise)
"""
SHOWN = 5


def plain(record: PositionsRecord) -> bool:
    """Whether PyTorch's own attention computes this record."""
    return record.config.positions != "rotary"


def program(record: PositionsRecord, d: int) -> str:
    """Runnable Python that prints every word's change and the figures of the encoding of d."""
    parts = ["\n".join(_imports(record)) + "\n", _model(record), ENCODING, _output(record)]
    parts.append(CHANGES.format(words=list(record.tokens), order=list(record.order)))
    parts.append(FIGURES.format(searched=SEARCHED, d=d, last=(d - 1) // 2 * 2, shown=SHOWN))
    return "\n".join(parts)


def output(record: PositionsRecord, encoding: Encoding, dots: Dots) -> str:
    """What the program prints, from the record and the views."""
    lines = [
        f"{token} {change:.6f}"
        for token, change in zip(record.tokens, record.change.tolist(), strict=True)
    ]
    first = " ".join(f"{value:.4f}" for value in dots.near[:SHOWN])
    lines.append(f"longest wave {float(encoding.wavelengths[-1]):.2f}")
    return "\n".join([*lines, f"dot product {first}", f"rises first at {dots.rise}"]) + "\n"


def _imports(record: PositionsRecord) -> list[str]:
    lines = ["import math", "", "import torch", ""]
    if record.config.mode == "trained":
        return [*lines, "from seqviz.models.attention_shelf import load_attention"]
    return [*lines, "from seqviz.core.attention_model import Design, build_attention_model"]


def _model(record: PositionsRecord) -> str:
    config = record.config
    if config.mode == "trained":
        return f'model = load_attention("order-{config.positions}")\n'
    design = (
        f'Design(size={FRESH.size}, width={FRESH.width}, positions="{config.positions}", '
        f"causal=False)"
    )
    return f"model = build_attention_model({design}, seed={config.seed})\n"


def _output(record: PositionsRecord) -> str:
    config = record.config
    if not plain(record):
        return RUN.format(causal=config.causal)
    x = INPUTS[config.positions].format(d=record.model.design.width)
    text = ATTEND.format(x=x, mask=", attn_mask=mask" if config.causal else "")
    head, rest = text.split("\n", 1)
    return f"{head}\n{MASK}{rest}" if config.causal else text
