"""Where a value comes from that the server computed and the player does not compute again.

An origin is what an operation `given` says about itself: `made` is a key of the player's words
(inspector.made_…), `formula` what was computed, in the notation of symbols; a list has one for each
block of rows, lists in it one for each block of columns. x′ is the slope of a gate, or of φ where x
is its value.
"""

from typing import Any, TypeAlias

Formula: TypeAlias = str | list[str] | list[list[str]]
Origin: TypeAlias = dict[str, Any]

STATES = "(h, c)"
EDGE: Origin = {"made": "edge"}
PROBE: Origin = {"made": "probe"}


def jacobian(
    kind: str, *, peepholes: bool = False, reset: str = "after", keeps: bool = True
) -> Origin:
    """J_t of a cell, as `core.jacobians` computes it; of an LSTM in the four blocks of h and c."""
    if kind == "rnn":
        return _closed("diag(φ′(a_t)) W_hh")
    if kind == "gru":
        return _closed(_gru(reset, keeps))
    kept = "f_t + c_{t−1} ⊙ f_t′ ⊙ p_f + g_t ⊙ i_t′ ⊙ p_i" if peepholes else "f_t"
    into_c = "diag(c_{t−1} ⊙ f_t′) W_hf + diag(g_t ⊙ i_t′) W_hi + diag(i_t ⊙ g_t′) W_hg"
    into_h = "diag(φ(c_t) ⊙ o_t′) W_ho + diag(∂h_t/∂c_t) ∂c_t/∂h_{t−1}"
    return _closed([[into_h, f"diag(∂h_t/∂c_t) diag({kept})"], [into_c, f"diag({kept})"]])


def within(peepholes: bool) -> Origin:
    """∂h_t/∂c_t of the same step."""
    return _closed("o_t ⊙ φ′(c_t)" + (" + φ(c_t) ⊙ o_t′ ⊙ p_o" if peepholes else ""))


def own_loss(joint: bool) -> Origin:
    """What the loss of a step says about its state: of h, and of h above c if `joint`."""
    return {"made": "loss", **({"formula": ["∂ℓ_t/∂h_t", "0"]} if joint else {})}


def unsent(formula: Formula) -> Origin:
    """Computed from matrices that are too many to send."""
    return {"made": "unsent", "formula": formula}


def single(formula: Formula) -> Origin:
    """Computed in float32."""
    return {"made": "float32", "formula": formula}


def carried(name: str, kind: str) -> Origin:
    """The gradient dh, dc or dh_direct of a loss, carried back through the steps."""
    if name == "dh_direct":
        return own_loss(joint=False)
    state = STATES if kind == "lstm" else "h"
    own, to = ("∂ℓ_t/∂h_t", "h") if name == "dh" else ("∂L/∂h_t ∂h_t/∂c_t", "c")
    later = f"∂L/∂{state}_{{t+1}} ∂{state}_{{t+1}}/∂{to}_t"
    return {"made": "gradient", "formula": f"{own} + {later}"}


def _closed(formula: Formula) -> Origin:
    return {"made": "closed", "formula": formula}


def _gru(reset: str, keeps: bool) -> str:
    keep, new, turned = ("z_t", "(1 − z_t)", "(h_{t−1} − n_t)")
    if not keeps:
        keep, new, turned = ("1 − z_t", "z_t", "(n_t − h_{t−1})")
    start = f"diag({keep}) + diag({turned} ⊙ z_t′) W_hz + diag({new} ⊙ n_t′"
    if reset == "before":
        return f"{start}) W_hn (diag(r_t) + diag(h_{{t−1}} ⊙ r_t′) W_hr)"
    through = "(W_hn h_{t−1} + b_hn)"
    return f"{start} ⊙ r_t) W_hn + diag({new} ⊙ n_t′ ⊙ {through} ⊙ r_t′) W_hr"
