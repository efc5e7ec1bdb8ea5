"""What `import seqviz` promises: names, traces of any module, files, notebook display."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import seqviz
from seqviz.text import LANGUAGES, words
from tests.core.references import FUSED, KINDS, D, H, T, close, numbers, random_cell

LENGTHS = [T, 2, 5, 1]
SHAPES = [(1, False), (3, False), (1, True), (2, True)]
LINEAR: Any = nn.Linear(2, 2)
FIELDS = {"rnn": "x h_pre h", "lstm": "i f g o c h i_pre kept", "gru": "r z n h n_h kept"}


def module_of(kind: str, layers: int = 1, bidirectional: bool = False, **options: Any) -> Any:
    options = {"dtype": torch.float64} | options
    module = FUSED[kind](D, H, layers, bidirectional=bidirectional, **options)
    for index, parameter in enumerate(module.parameters()):
        parameter.data.copy_(0.5 * numbers(700 + index, *parameter.shape))
    return module


def traced(kind: str = "lstm", layers: int = 1, bidirectional: bool = False, **options: Any) -> Any:
    module = module_of(kind, layers, bidirectional, **options)
    return seqviz.trace(module, numbers(4, T, D).to(next(module.parameters()).dtype))


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_the_public_names() -> None:
    public = ["Gradients", "MultiHead", "ShownScene", "StackTrace", "Trace", "attend", "trace"]
    homes = {"MultiHead": "attending", "ShownScene": "showing", "attend": "attending"}
    assert seqviz.__all__ == public
    assert set(public) < set(dir(seqviz))
    for name in public:
        assert getattr(seqviz, name).__module__ == f"seqviz.{homes.get(name, 'api')}"
        assert getattr(seqviz, name).__doc__
    assert re.fullmatch(r"\d+\.\d+\.\d+", seqviz.__version__)
    with pytest.raises(AttributeError, match="module 'seqviz' has no attribute 'colour'"):
        _ = seqviz.colour


def test_public_methods_are_the_same_on_both_traces() -> None:
    for kind in (seqviz.Trace, seqviz.StackTrace):
        for name in ("gradients", "scene", "figure", "to_html", "to_npz"):
            assert getattr(kind, name).__doc__


def test_a_trace_needs_neither_streamlit_nor_plotly() -> None:
    shown = (
        "import seqviz, torch\n"
        "trace = seqviz.trace(torch.nn.LSTM(2, 3), torch.randn(4, 2))\n"
        "trace.gradients(); trace.scene()._repr_mimebundle_()\n"
        "seqviz.attend(torch.nn.MultiheadAttention(4, 2), torch.randn(3, 4)).scene()"
    )
    assert loaded_by(shown) & {"streamlit", "plotly", "pandas"} == set()


@pytest.mark.parametrize("kind", KINDS)
def test_one_layer_in_one_direction_has_its_fields(kind: str) -> None:
    trace = traced(kind)
    assert isinstance(trace, seqviz.Trace)
    assert len(trace) == T
    for name in FIELDS[kind].split():
        values = getattr(trace, name)
        assert len(values) == T
        assert not values.requires_grad
        assert torch.equal(getattr(trace[3], name), values[3])
    assert set(FIELDS[kind].split()) < set(dir(trace))


@pytest.mark.parametrize(("layers", "bidirectional"), SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_h_is_the_modules_output(kind: str, layers: int, bidirectional: bool) -> None:
    module, xs = module_of(kind, layers, bidirectional), numbers(4, T, D)
    trace = seqviz.trace(module, xs)
    assert isinstance(trace, seqviz.StackTrace if layers > 1 or bidirectional else seqviz.Trace)
    close(trace.h, module(xs)[0])


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize(("layers", "bidirectional"), SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_padded_batch_gives_a_trace_a_sequence(
    kind: str, layers: int, bidirectional: bool, batch_first: bool
) -> None:
    module = module_of(kind, layers, bidirectional, batch_first=batch_first)
    xs = numbers(4, 4, T, D) if batch_first else numbers(4, T, 4, D)
    packed = pack_padded_sequence(xs, torch.tensor(LENGTHS), batch_first, enforce_sorted=False)
    output, _ = pad_packed_sequence(module(packed)[0], batch_first=True)
    traces = seqviz.trace(module, xs, lengths=LENGTHS)
    assert [len(trace) for trace in traces] == LENGTHS
    for trace, wanted, length in zip(traces, output, LENGTHS, strict=True):
        close(trace.h, wanted[:length])
        assert len(trace.gradients().h_norm) == length


def test_initial_states_and_cells_are_taken_as_the_module_takes_them() -> None:
    cell, xs, h0, c0 = random_cell("lstm"), numbers(4, T, D), numbers(5, H), numbers(6, H)
    h, c = h0, c0
    trace = seqviz.trace(cell, xs, (h0, c0))
    for t in range(T):
        h, c = cell(xs[t], (h, c))
        close(trace.h[t], h)
        close(trace.c[t], c)


def test_a_trace_stays_when_the_module_learns() -> None:
    module = module_of("gru", 2)
    trace = seqviz.trace(module, numbers(4, T, D))
    before = trace.gradients().dh.clone()
    for parameter in module.parameters():
        parameter.data.mul_(2)
    assert torch.equal(trace.gradients().dh, before)


@pytest.mark.parametrize("kind", KINDS)
def test_layers_of_a_stack_are_traces(kind: str) -> None:
    trace = traced(kind, 2, True)
    for layer in trace.layers:
        for one in (layer.forward, layer.backward):
            assert isinstance(one, seqviz.Trace)
            assert one.h.shape == (T, H)
    name = FIELDS[kind].split()[1]
    with pytest.raises(AttributeError, match=rf"look at trace.layers\[0\].forward.{name}"):
        getattr(trace, name)


@pytest.mark.parametrize("loss", ["last", "all", numbers(9, T, H)])
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_autograds_through_pytorchs_own_cells(kind: str, loss: Any) -> None:
    cell, xs = random_cell(kind), numbers(4, T, D)
    state: Any = (torch.zeros(H).double(),) * 2 if kind == "lstm" else torch.zeros(H).double()
    hs = []
    for x in xs:
        state = cell(x, state)
        hs.append(state[0] if kind == "lstm" else state)
    h = torch.stack(hs)
    value = h[-1].sum() if loss == "last" else (h if loss == "all" else loss * h).sum()
    wanted = torch.stack(torch.autograd.grad(value, hs, allow_unused=True, materialize_grads=True))
    found = seqviz.trace(cell, xs).gradients(loss)
    assert isinstance(found, seqviz.Gradients)
    close(found.dh, wanted)
    close(found.h_norm, wanted.norm(dim=1))
    assert found.reference == (T - 1 if loss == "last" else None)
    assert (found.c_norm is None) == (kind != "lstm")


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_a_stack_go_through_the_layers_above(kind: str) -> None:
    module, xs = module_of(kind, 2), numbers(4, T, D)
    parts = []
    for layer, width in enumerate((D, H)):
        alone: Any = FUSED[kind](width, H, dtype=torch.float64)
        for name, _ in alone.named_parameters():
            getattr(alone, name).data.copy_(getattr(module, name.replace("l0", f"l{layer}")))
        parts.append(alone)
    low = parts[0](xs)[0]
    (wanted,) = torch.autograd.grad(parts[1](low)[0].sum(), low)
    trace = seqviz.trace(module, xs)
    found = trace.gradients("all")
    close(found.dh_direct, wanted)
    assert (found.dh - wanted).abs().max() > 1e-2
    close(trace.gradients("all", layer=1).dh, trace.layers[1].forward.gradients("all").dh)


def test_a_backward_direction_is_measured_from_time_0() -> None:
    trace = traced("gru", 1, True)
    assert trace.gradients(direction="backward").reference == 0
    assert trace.gradients(direction="forward").reference == T - 1
    assert trace.gradients("all", direction="backward").reference is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_scene_holds_the_traces_own_values(kind: str) -> None:
    trace = traced(kind)
    shown = trace.scene(tokens="abcdefghi")
    assert isinstance(shown, seqviz.ShownScene)
    scene = shown.scene
    assert scene.sequence.inputs == tuple("abcdefghi")
    for name in scene.panels:
        np.testing.assert_array_equal(scene[name].values, getattr(trace, name).numpy())
    np.testing.assert_array_equal(scene["dh"].values, trace.gradients().dh.numpy())
    assert scene.gradient is not None
    assert scene.gradient["loss"] == "last"
    assert scene.title == kind.upper()


@pytest.mark.parametrize("kind", KINDS)
def test_a_float32_module_plays_in_float64(kind: str) -> None:
    trace = traced(kind, dtype=torch.float32)
    assert trace.h.dtype == torch.float32
    scene = trace.scene(loss="all").scene
    for name in scene.panels:
        np.testing.assert_allclose(scene[name].values, getattr(trace, name), atol=1e-5)
    assert scene.gradient is not None
    assert scene.gradient["loss"] == "all"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_backward_direction_plays_in_the_order_in_which_it_reads(dtype: torch.dtype) -> None:
    trace = traced("lstm", 2, True, dtype=dtype)
    one = trace.layers[1].backward
    scene = trace.scene("abcdefghi", layer=1, direction="backward").scene
    assert scene.sequence.inputs == tuple("ihgfedcba")
    assert scene.title == "LSTM layers[1].backward"
    np.testing.assert_allclose(scene["h"].values, one.h.flip(0), atol=1e-5)
    found = trace.gradients(layer=1, direction="backward")
    np.testing.assert_array_equal(scene["dh"].values, found.dh.flip(0))
    np.testing.assert_array_equal(scene["dc"].values, found.dc.flip(0))
    assert one.scene().scene.sequence.inputs == tuple("987654321")


def test_tokens_may_be_any_words_and_a_text_is_taken_by_characters() -> None:
    trace = seqviz.trace(module_of("rnn"), numbers(4, 3, D))
    assert trace.scene(["the", 7, None]).scene.sequence.inputs == ("the", "7", "None")
    assert trace.scene("한글👩‍👧").scene.sequence.inputs == ("한", "글", "👩‍👧")
    assert trace.scene().scene.sequence.inputs == ("1", "2", "3")
    assert trace.scene(title="mine <b>").scene.title == "mine <b>"


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_npz_holds_everything_as_it_is(kind: str, layers: int, tmp_path: Path) -> None:
    trace = traced(kind, layers, dtype=torch.float32)
    written = trace.to_npz(tmp_path / "run")
    assert written == tmp_path / "run"
    with np.load(written, allow_pickle=False) as file:
        arrays = dict(file)
    np.testing.assert_array_equal(arrays["h"], trace.h)
    one = trace if layers == 1 else trace.layers[1].forward
    start = "" if layers == 1 else "layers.1.forward."
    for name in FIELDS[kind].split():
        assert arrays[start + name].dtype == np.float32
        np.testing.assert_array_equal(arrays[start + name], getattr(one, name))
    for name, parameter in one.cell.named_parameters():
        np.testing.assert_array_equal(arrays[start + name], parameter.detach())
    np.testing.assert_array_equal(arrays[f"{start}h0"], one.h0)
    assert (f"{start}c0" in arrays) == (kind == "lstm")


def test_npz_of_both_directions(tmp_path: Path) -> None:
    trace = traced("gru", 1, True)
    with np.load(trace.to_npz(tmp_path / "both.npz")) as file:
        np.testing.assert_array_equal(file["layers.0.backward.z"], trace.layers[0].backward.z)
        np.testing.assert_array_equal(file["h"], trace.h)


@pytest.mark.parametrize("language", LANGUAGES)
def test_html_is_one_file_in_the_readers_language(language: str, tmp_path: Path) -> None:
    trace = traced("lstm", 2)
    written = trace.to_html(
        str(tmp_path / "stack.html"), language, tokens="abcdefghi", layer=1, title="My <model>"
    )
    text = written.read_text("utf-8")
    assert f'<html lang="{language}">' in text
    assert "<title>My &lt;model&gt;</title>" in text


def test_a_notebook_gets_a_frame_a_still_picture_and_a_line() -> None:
    shown = traced().scene()
    bundle = shown._repr_mimebundle_(include=None, exclude=None)
    assert sorted(bundle) == ["image/svg+xml", "text/html", "text/plain"]
    assert bundle["text/html"].startswith('<iframe sandbox="allow-scripts"')
    assert ET.fromstring(bundle["image/svg+xml"]).tag == "{http://www.w3.org/2000/svg}svg"
    assert bundle["text/plain"] == "<ShownScene 'LSTM': 9 steps>"


@pytest.mark.parametrize(
    ("loss", "asks"),
    [("last", "the last state"), ("all", "all the states"), (torch.ones(T, H), "the loss")],
)
def test_the_strip_asks_about_the_loss_that_was_given(loss: Any, asks: str) -> None:
    gradient = traced().scene(loss=loss).scene.gradient
    assert asks in words("player", "en")[f"gradient.title_state_{gradient['loss']}"]


def test_a_trace_says_what_it_is_in_one_line() -> None:
    assert repr(traced()) == "<Trace of lstm: 9 steps, input 3, hidden 5>"
    stack = traced("gru", 2, True)
    assert repr(stack) == "<StackTrace of gru: 9 steps, 2 layers, both directions>"
    backward = stack.layers[0].backward
    assert repr(backward) == "<Trace of gru: 9 steps, from the end, input 3, hidden 5>"


def test_figures_are_drawn_from_the_trace_and_its_gradients() -> None:
    trace = traced("lstm", 2)
    figure = trace.figure(layer=1)
    assert figure.layout.title.text == "LSTM layers[1].forward"
    np.testing.assert_array_equal(figure.data[0].z.T, trace.layers[1].forward.f.float())
    assert [heat.name for heat in traced("gru").figure().data] == ["z", "r", "n", "h"]
    last, every = trace.gradients().figure(), trace.gradients("all").figure()
    assert last.layout.yaxis.title.text == "size against the last step"
    assert every.layout.yaxis.title.text == "size against the largest"
    np.testing.assert_array_equal(last.data[0].customdata, trace.gradients().h_norm)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (
            lambda: seqviz.trace(LINEAR, numbers(1, 3, 2)),
            r"expected nn.RNN, .* got Linear",
        ),
        (
            lambda: seqviz.trace(nn.LSTM(D, H, device="meta"), numbers(4, T, D)),
            "expected module and xs on the CPU, got meta",
        ),
        (
            lambda: seqviz.trace(nn.GRU(D, H), torch.ones(T, D, dtype=torch.int64)),
            "expected module and xs of float32 or float64, got torch.int64",
        ),
        (
            lambda: seqviz.trace(nn.GRU(D, H, dtype=torch.bfloat16), numbers(4, T, D).bfloat16()),
            "expected module and xs of float32 or float64, got torch.bfloat16",
        ),
        (lambda: seqviz.trace(nn.LSTM(D, H, proj_size=2), numbers(4, T, D).float()), "proj_size=2"),
        (lambda: traced().scene("abc"), "expected 9 tokens, one for each step, got 3"),
        (lambda: traced().scene(language="fr"), "expected one of en, ko, got 'fr'"),
        (lambda: traced().figure("fr"), "expected one of en, ko, got 'fr'"),
        (lambda: traced("rnn", 2).scene(layer=2), "expected a layer from 0 to 1, got layer=2"),
        (
            lambda: traced("rnn", 2).figure(direction="backward"),
            "expected direction \"forward\", got direction='backward'",
        ),
        (lambda: traced("rnn", 2).gradients("best"), 'expected loss "last", "all", .*got \'best\''),
        (lambda: traced().gradients(torch.ones(2, 2)), r"of shape \(9, 5\), got \(2, 2\)"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(act: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        act()


def test_a_module_with_a_forward_of_its_own_is_not_taken_for_pytorchs() -> None:
    class Louder(torch.nn.LSTM):
        def forward(self, input: Any, hx: Any = None) -> Any:
            return super().forward(2 * input, hx)

    class Named(torch.nn.LSTM):
        pass

    with pytest.raises(ValueError, match="expected LSTM's own forward, got the one of Louder"):
        seqviz.trace(Louder(3, 4), torch.randn(5, 3))
    assert seqviz.trace(Named(3, 4), torch.randn(5, 3)).h.shape == (5, 4)


def test_a_sequence_without_steps_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"got \(0, 3\); each axis needs at least 1"):
        seqviz.trace(torch.nn.GRU(3, 4), torch.randn(0, 3))
