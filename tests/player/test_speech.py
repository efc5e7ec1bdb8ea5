"""The sentence spoken for a step is made of the reader's templates and the scene's numbers."""

from typing import Any

import numpy as np

from seqviz.scenes import Scene
from tests.player.conftest import Engine
from tests.player.test_explain import hello
from tests.scene_catalogue import catalogue, scene_of, sweeps

WORDS = {
    "speech.step": "Step {t} of {T}: input {x}.",
    "speech.lstm": "Unit {unit} keeps {f_percent} %: {c_before} to {c}; h {h}.",
    "speech.prediction": "Next: {prediction} ({probability} %), should be {target}.",
    "speech.unknown": "Never seen {x}.",
}


def sentence(
    engine: Engine, scene: Scene, words: dict[str, str] | None = None, **state: Any
) -> str:
    code = "(e, [scene, state, words]) => e.sentence(e.openScene(scene), state, words)"
    full = {"t": 0, "unit": 0, **state}
    return engine(code, [scene.to_json(), full, WORDS if words is None else words])


def printed(x: float) -> str:
    return f"{np.float32(x):.2f}".replace("-", "−")


def test_the_sentence_of_a_step(engine: Engine) -> None:
    scene = hello()
    f, c, h, p = (scene[name].values for name in ("f", "c", "h", "p"))
    best = int(p[1].argmax())
    assert sentence(engine, scene, t=1, unit=1) == (
        f"Step 2 of 4: input e. Unit 2 keeps {100 * f[1, 1]:.0f} %: "
        f"{printed(c[0, 1])} to {printed(c[1, 1])}; h {printed(h[1, 1])}. "
        f"Next: {'helo'[best]} ({100 * p[1, best]:.0f} %), should be l."
    )


def test_before_the_first_step_stands_the_initial_state(engine: Engine) -> None:
    words = {"speech.step": "{c_before}"}
    scene = scene_of("lstm")
    said = sentence(engine, scene, words)
    assert said.startswith(printed(float(scene["c_0"].values[0])))


def test_a_wiped_state_is_zero_before_the_step(engine: Engine) -> None:
    scene = catalogue()["lstm-wiped"]
    assert abs(float(scene["c"].values[1, 0])) > 0.01
    words = {"speech.step": "{c_before} {h_before}"}
    assert sentence(engine, scene, words, t=2).startswith("0.00 0.00")
    assert sentence(engine, scene, words).startswith("0.00 0.00")


def test_a_share_kept_is_that_of_the_convention(engine: Engine) -> None:
    words = {"speech.step": "{keep_percent} %"}
    for name in ("gru-tanh", "gru-z-writes"):
        scene = catalogue()[name]
        z = float(scene["z"].values[1, 2])
        kept = z if name == "gru-tanh" else 1 - z
        assert sentence(engine, scene, words, t=1, unit=2).startswith(f"{100 * kept:.0f} %")


def test_without_words_the_keys_are_shown(engine: Engine) -> None:
    assert sentence(engine, hello(), {}) == "speech.step speech.prediction"


def test_a_token_is_only_ever_text(engine: Engine) -> None:
    words = {"speech.step": "{x}|{t}"}
    scene = hello().to_json()
    scene["sequence"]["inputs"] = ["{t}<img onerror=alert(1)>", "e", "l", "l"]
    code = "(e, [scene, words]) => e.sentence(e.openScene(scene), { t: 0, unit: 0 }, words)"
    assert engine(code, [scene, words]).startswith("{t}<img onerror=alert(1)>|1")


def test_an_unknown_token_and_an_invisible_one(engine: Engine) -> None:
    scene = hello().to_json()
    scene["sequence"] |= {"inputs": [" ", "\n", "?", "l"], "unknown": [2]}
    code = """(e, [scene, words]) => [0, 1, 2].map((t) =>
      e.sentence(e.openScene(scene), { t, unit: 0 }, words))"""
    space, line, unknown = engine(code, [scene, WORDS])
    assert space.startswith("Step 1 of 4: input ␣. Unit")
    assert line.startswith("Step 2 of 4: input ↵. Unit")
    assert unknown.startswith("Step 3 of 4: input ?. Never seen ?.")


def test_while_what_comes_is_hidden_the_reader_is_asked_for_it(engine: Engine) -> None:
    words = {"speech.step": "Step {t}.", "speech.ask": "Will unit {unit} grow?"}
    scene = scene_of("rnn", steps=3)
    asked = [sentence(engine, scene, words, t=t, unit=1, future="hidden") for t in range(3)]
    assert ["Will unit 2 grow?" in said for said in asked] == [True, True, False]
    assert "grow" not in sentence(engine, scene, words, t=0, unit=1, future="faint")
    back = next(iter(sweeps().values()))
    asked = [sentence(engine, back, words, t=t, future="hidden") for t in (0, back.steps - 1)]
    assert ["grow" in said for said in asked] == [False, True]
