"""Break the core on purpose and see which test notices: `python -m tests.mutants [words]`.

Each mutant is a known way to get a cell or attention wrong and still draw plausible pictures. It is
written into a copy of the source by replacing text, and the core's tests run there until the
first fails. A mutant that no test notices survives, and the exit code is 1. Words given on the
command line choose the mutants whose name has them all.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.mutants_attention import ATTENTION_MUTANTS, ATTENTION_TESTS
from tests.mutants_gradients import GRADIENT_MUTANTS

ROOT = Path(__file__).resolve().parent.parent
TESTS = [
    *("golden", "parity", "measured_gates", "gradients", "laws"),
    *("records", "unroll", "what_if", "layers", "parameters"),
    *("norms", "chains", "spectra", "clipping", "cliff", "truncation"),
    *("jacobians", "gradient_map", "loss_map", "probe", "latching"),
]


@dataclass(frozen=True)
class Mutant:
    """In `file`, every `old` (found exactly once) becomes its `new`; one of `tests` must notice."""

    name: str
    file: str
    changes: tuple[tuple[str, str], ...]
    tests: tuple[str, ...]


def mutant(name: str, file: str, *changes: tuple[str, str], tests: Sequence[str] = TESTS) -> Mutant:
    return Mutant(name, f"seqviz/core/{file}.py", changes, tuple(tests))


RNN_H = "h_h = linear(h_prev, weight_hh, bias_hh)"
LSTM_H = "h_part = linear(h_prev, weight_hh, bias_hh)"
GRU_H = "linear(h_prev, weight_hh, bias_hh)"
LSTM_PRE = "i_pre, f_pre, g_pre, o_pre = (x_part"
LSTM_X = "i_x, f_x, g_x, o_x = x_part"
LSTM_HS = "i_h, f_h, g_h, o_h = h_part"

MUTANTS = [
    # a part is missing
    mutant("rnn: R = 0", "rnn", (RNN_H, "h_h = linear(0 * h_prev, weight_hh, bias_hh)")),
    mutant("lstm: R = 0", "lstm", (LSTM_H, "h_part = linear(0 * h_prev, weight_hh, bias_hh)")),
    mutant("gru: R = 0", "gru", (GRU_H, "linear(0 * h_prev, weight_hh, bias_hh)")),
    mutant("rnn: recurrent bias dropped", "rnn", (RNN_H, "h_h = linear(h_prev, weight_hh)")),
    mutant("lstm: recurrent bias dropped", "lstm", (LSTM_H, "h_part = linear(h_prev, weight_hh)")),
    mutant("gru: recurrent bias dropped", "gru", (GRU_H, "linear(h_prev, weight_hh)")),
    mutant(
        "gru: recurrent bias of n dropped, reset before",
        "gru",
        ("linear(h_reset, W_hn, b_hn)", "linear(h_reset, W_hn)"),
    ),
    mutant(
        "gru: recurrent biases of r and z dropped, reset before",
        "gru",
        (
            "linear(h_prev, W_hr, b_hr), linear(h_prev, W_hz, b_hz)",
            "linear(h_prev, W_hr), linear(h_prev, W_hz)",
        ),
    ),
    mutant(
        "all: input bias dropped in a run",
        "unroll",
        ("linear(xs, cell.weight_ih, cell.bias_ih)", "linear(xs, cell.weight_ih)"),
    ),
    mutant(
        "rnn: input bias dropped in a step",
        "rnn",
        ("linear(x, cell.weight_ih, cell.bias_ih)", "linear(x, cell.weight_ih)"),
    ),
    mutant(
        "all: h_0 ignored",
        "unroll",
        (
            "state: State = (h0,) if c0 is None else (h0, c0)",
            "state: State = (0 * h0,) if c0 is None else (0 * h0, c0)",
        ),
    ),
    mutant(
        "lstm: c_0 ignored",
        "unroll",
        (
            "state: State = (h0,) if c0 is None else (h0, c0)",
            "state: State = (h0,) if c0 is None else (h0, 0 * c0)",
        ),
    ),
    # gates in the wrong order
    mutant("lstm: gates i o f g", "lstm", (LSTM_PRE, "i_pre, o_pre, f_pre, g_pre = (x_part")),
    mutant("lstm: gates f i g o", "lstm", (LSTM_PRE, "f_pre, i_pre, g_pre, o_pre = (x_part")),
    mutant("lstm: gates i f o g", "lstm", (LSTM_PRE, "i_pre, f_pre, o_pre, g_pre = (x_part")),
    mutant("lstm: x parts shown in another order", "lstm", (LSTM_X, "f_x, i_x, g_x, o_x = x_part")),
    mutant(
        "lstm: h parts shown in another order", "lstm", (LSTM_HS, "i_h, f_h, o_h, g_h = h_part")
    ),
    mutant(
        "lstm: i and f shown as each other",
        "lstm",
        ("*(i_x, i_h, i_c, i_pre, i_free, i)", "*(i_x, i_h, i_c, i_pre, i_free, f)"),
        ("*(f_x, f_h, f_c, f_pre, f_free, f)", "*(f_x, f_h, f_c, f_pre, f_free, i)"),
    ),
    mutant(
        "gru: gates z r n",
        "gru",
        ("r_h, z_h, n_h = linear", "z_h, r_h, n_h = linear"),
        (
            "    r_x, z_x, n_x = x_part.chunk(3, -1)\n    r_pre",
            "    z_x, r_x, n_x = x_part.chunk(3, -1)\n    r_pre",
        ),
    ),
    mutant(
        "gru: recurrent gates z r n, reset before",
        "gru",
        ("W_hr, W_hz, W_hn = weight_hh", "W_hz, W_hr, W_hn = weight_hh"),
    ),
    mutant(
        "gru: r and z shown as each other",
        "gru",
        ("*(r_x, r_h, r_pre, r_free, r)", "*(r_x, r_h, r_pre, r_free, z)"),
        ("*(z_x, z_h, z_pre, z_free, z)", "*(z_x, z_h, z_pre, z_free, r)"),
    ),
    # gates themselves
    mutant(
        "lstm: pre-activation used as the gate",
        "lstm",
        ('hold("i", torch.sigmoid(i_pre), t)', 'hold("i", i_pre, t)'),
    ),
    mutant(
        "lstm: σ twice",
        "lstm",
        ('hold("f", torch.sigmoid(f_pre), t)', 'hold("f", torch.sigmoid(torch.sigmoid(f_pre)), t)'),
    ),
    mutant(
        "gru: pre-activation shown as the gate",
        "gru",
        ("*(z_x, z_h, z_pre, z_free, z)", "*(z_x, z_h, z_pre, z_free, z_pre)"),
    ),
    mutant("lstm: candidate through σ", "lstm", ("g = phi(g_pre)", "g = torch.sigmoid(g_pre)")),
    mutant("lstm: candidate always tanh", "lstm", ("g = phi(g_pre)", "g = torch.tanh(g_pre)")),
    mutant("lstm: no tanh(c)", "lstm", ("c_act = phi(c)", "c_act = c")),
    mutant("lstm: tanh of the old c", "lstm", ("c_act = phi(c)", "c_act = phi(c_prev)")),
    mutant("lstm: nothing forgotten", "lstm", ("kept = f * c_prev", "kept = c_prev")),
    mutant("lstm: coupled gates", "lstm", ("written = i * g", "written = (1 - f) * g")),
    mutant("rnn: no activation", "rnn", ("h = phi(h_pre)", "h = h_pre")),
    mutant(
        "rnn: the cell's own nonlinearity ignored",
        "unroll",
        ('(cell.nonlinearity if isinstance(cell, nn.RNNCell) else "tanh")', '"tanh"'),
    ),
    # peepholes
    mutant(
        "lstm: peepholes f i",
        "lstm",
        (
            "peepholes.p_i * c_prev, peepholes.p_f * c_prev",
            "peepholes.p_f * c_prev, peepholes.p_i * c_prev",
        ),
    ),
    mutant(
        "lstm: peepholes i o f",
        "lstm",
        ("peepholes.p_i * c_prev, peepholes.p_f", "peepholes.p_i * c_prev, peepholes.p_o"),
        ("peepholes.p_o * c\n", "peepholes.p_f * c\n"),
    ),
    mutant("lstm: o sees the old c", "lstm", ("peepholes.p_o * c\n", "peepholes.p_o * c_prev\n")),
    mutant(
        "lstm: o's peephole ignored", "lstm", ("o_pre = o_pre + o_c", "o_pre = o_pre + 0 * o_c")
    ),
    mutant(
        "lstm: i's and f's peepholes ignored",
        "lstm",
        (
            "i_pre, f_pre = i_pre + i_c, f_pre + f_c",
            "i_pre, f_pre = i_pre + 0 * i_c, f_pre + 0 * f_c",
        ),
    ),
    mutant(
        "lstm: peepholes ignored in a run",
        "unroll",
        ("peepholes=options.peepholes)", "peepholes=None)"),
    ),
    # reset and update
    mutant("gru: always reset after", "unroll", ("reset=options.reset,", 'reset="after",')),
    mutant("gru: always reset before", "unroll", ("reset=options.reset,", 'reset="before",')),
    mutant("gru: no reset", "gru", ("n_gated = r * n_h", "n_gated = n_h")),
    mutant("gru: no reset, reset before", "gru", ("h_reset = r * h_prev", "h_reset = h_prev")),
    mutant(
        "gru: recurrent bias of n outside the reset",
        "gru",
        (
            "n_pre = n_x + n_gated",
            "n_pre = n_x + n_gated + (0 if bias_hh is None else (1 - r) * bias_hh.chunk(3)[2])",
        ),
    ),
    mutant(
        "gru: z and 1 − z",
        "gru",
        ("(z, z_rest) if update", "(z_rest, z) if update"),
        ("else (z_rest, z)", "else (z, z_rest)"),
    ),
    mutant(
        "gru: z always keeps",
        "unroll",
        ("update=options.update,", 'update="keeps",'),
    ),
    mutant("gru: z_rest is z", "gru", ("z_rest = 1 - z", "z_rest = z")),
    mutant("gru: z shown as 1 − z", "gru", ("z_pre, z_free, z),", "z_pre, z_free, 1 - z),")),
    # direction
    mutant(
        "all: no reversal",
        "unroll",
        ("reversed(timed) if reverse else timed", "timed"),
        ("        states.reverse()\n        values.reverse()", "        pass"),
    ),
    mutant(
        "all: reversed run not put back in order",
        "unroll",
        ("        states.reverse()\n        values.reverse()", "        pass"),
    ),
    mutant("layers: second direction forward", "layers", ("reverse=d == 1", "reverse=False")),
    mutant("layers: weights of the forward direction in both", "layers", ('"_reverse"', '""')),
    mutant(
        "layers: every layer with the weights of layer 0",
        "layers",
        ("_l{layer}{suffix}", "_l0{suffix}"),
    ),
    mutant("layers: backward reads the padding first", "layers", ("x[:length]", "x")),
    mutant(
        "layers: backward before forward",
        "layers",
        ("[trace.h for trace in directions]", "[trace.h for trace in directions[::-1]]"),
    ),
    mutant(
        "layers: states of the first sequence for all", "layers", ("state[:, b]", "state[:, 0]")
    ),
    mutant(
        "layers: h_0 of layer 0 everywhere",
        "layers",
        (
            "starts = iter(zip(states[0], c0s, strict=True))",
            "starts = iter([(states[0][0], c0s[0])] * len(c0s))",
        ),
    ),
    mutant(
        "layers: nonlinearity ignored",
        "layers",
        (
            'getattr(module, "nonlinearity", "tanh")',
            '"tanh"',
        ),
    ),
    # what if
    mutant(
        "what if: wipe leaves c",
        "lstm",
        (
            "what_if.enter(state[0]), what_if.enter(state[1])",
            "what_if.enter(state[0]), state[1]",
        ),
    ),
    mutant(
        "what if: forced at every step",
        "what_if",
        (
            "if self.step is not None and self.step != t:",
            "if False:",
        ),
    ),
    mutant("what if: forced for every unit", "what_if", ("if self.unit is None:", "if True:")),
    mutant(
        "what if: forced value shown as free",
        "what_if",
        (
            "return free, self.force.apply(free, t)",
            "return (self.force.apply(free, t),) * 2",
        ),
    ),
    # parameters
    mutant(
        "init: forget bias in both biases",
        "parameters",
        (
            "bias_hh[hidden_size : 2 * hidden_size] = 0",
            "bias_hh[hidden_size : 2 * hidden_size] = forget_bias",
        ),
    ),
    mutant(
        "init: forget bias on i",
        "parameters",
        (
            "bias_ih[hidden_size : 2 * hidden_size] = forget_bias",
            "bias_ih[:hidden_size] = forget_bias",
        ),
    ),
    mutant("init: gain on W_ih", "parameters", ("weight_hh.mul_(gain)", "weight_ih.mul_(gain)")),
    mutant(
        "init: all gates as one block",
        "parameters",
        (
            "for block in weight_hh.split(hidden_size):",
            "for block in (weight_hh,):",
        ),
    ),
    mutant(
        "init: the global generator",
        "parameters",
        (
            ".uniform_(-bound, bound, generator=generator)",
            ".uniform_(-bound, bound)",
        ),
    ),
    mutant("count: one bias", "parameters", ("hidden_size + biases)", "hidden_size + 1)")),
    mutant("trace: the model's own cell kept", "unroll", ("cell=copy_cell(cell)", "cell=cell")),
    mutant("activations: sigmoid' = σ", "activations", ("return gate * (1 - gate)", "return gate")),
]

MUTANTS += [mutant(name, file, *changes) for name, file, *changes in GRADIENT_MUTANTS]
MUTANTS += [
    mutant(name, file, *changes, tests=ATTENTION_TESTS)
    for name, file, *changes in ATTENTION_MUTANTS
]


def workspace(folder: Path, original: Path) -> Path:
    """A copy of what the core's own tests need."""
    for part in ("seqviz/core", "tests/core", "tests/golden"):
        shutil.copytree(
            original / part, folder / part, ignore=shutil.ignore_patterns("__pycache__")
        )
    (folder / "seqviz" / "__init__.py").touch()
    shutil.copy(original / "pyproject.toml", folder)
    (folder / "conftest.py").write_text(
        "import torch\n\nimport seqviz\n\ntorch.set_num_threads(1)\n"
        f"assert seqviz.__file__.startswith({str(folder)!r}), seqviz.__file__\n",
        encoding="utf-8",
    )
    return folder


def run_tests(folder: Path, tests: Sequence[str]) -> tuple[int, str]:
    """0 all pass, 1 and the test that failed, or 2 and what was printed: the tests did not run."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=no"]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, *(f"tests/core/test_{name}.py" for name in tests)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    failed = re.search(r"^FAILED tests/core/(.*?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if failed:
        return 1, failed[1]
    return (done.returncode and 2), done.stdout[-1500:] + done.stderr[-1500:]


def verdict(mutant: Mutant, original: Path) -> tuple[bool, str]:
    """Whether a test noticed, and one line to say so."""
    with tempfile.TemporaryDirectory() as name:
        folder = workspace(Path(name).resolve(), original)
        path = folder / mutant.file
        source = path.read_text(encoding="utf-8")
        for old, new in mutant.changes:
            if source.count(old) != 1:
                found = f"{source.count(old)} times in {mutant.file}"
                return False, f"NOT APPLIED  {mutant.name}: {old!r} {found}"
            source = source.replace(old, new)
        path.write_text(source, encoding="utf-8")
        code, detail = run_tests(folder, mutant.tests)
    if code == 1:
        return True, f"killed       {mutant.name}: {detail}"
    return False, f"{'SURVIVED' if code == 0 else 'DID NOT RUN':12} {mutant.name}: {detail}"


def main(words: list[str]) -> int:
    chosen = [m for m in MUTANTS if all(word in m.name for word in words)]
    survivors = 0
    with tempfile.TemporaryDirectory() as name:
        original = workspace(Path(name).resolve(), ROOT)
        needed = list(dict.fromkeys(test for m in chosen for test in m.tests))
        code, detail = run_tests(original, needed)
        if code != 0:
            print(f"The tests fail without any mutant: {detail}")
            return 1
        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
            for killed, line in pool.map(verdict, chosen, [original] * len(chosen)):
                survivors += not killed
                print(line, flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants killed")
    return int(survivors > 0 or not chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
