"""Where the tensors of a recurrent cell sit in the picture.

x counts columns, which the player stretches to its width; y is in pixels. A strip is a column of
`hidden` little cells; up to `PRINTED` units each cell prints its number, above that the strip is a
heat column of fixed height.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from seqviz.scenes.scene import Layout

PRINTED = 8
CELL = 19
HEAT = 152
TOP = 34


class Drawing:
    """Nodes and wires as they are placed, with the vertical measures they share."""

    def __init__(self, hidden: int) -> None:
        self.strip = CELL * hidden if hidden <= PRINTED else HEAT
        self.nodes: list[dict[str, Any]] = []
        self.wires: list[dict[str, Any]] = []
        self.lanes: list[dict[str, Any]] = []
        self.place: dict[str, tuple[float, float]] = {}

    def node(self, id: str, kind: str, tensor: str, x: float, y: float, **more: Any) -> None:
        self.place[id] = (x, y)
        self.nodes.append(
            {"id": id, "kind": kind, "tensor": tensor, "shift": 0, "x": x, "y": y, **more}
        )

    def strip_of(self, tensor: str, x: float, y: float, **more: Any) -> None:
        self.node(more.pop("id", tensor), "strip", tensor, x, y, **more)

    def gate(
        self, tensor: str, x: float, y: float, label: str, stages: dict[str, str], text: str
    ) -> None:
        """A gate's strip with the activation that makes it underneath."""
        self.strip_of(tensor, x, y, label=label, side="left", stages=stages)
        self.node(f"{tensor}_act", "glyph", tensor, x, y + self.strip / 2 + 30, text=text)

    def wire(
        self, start: str, end: str, role: str, when: str, *through: tuple[float, float], **more: Any
    ) -> None:
        points = [self.place[start], *through, self.place[end]]
        carried = str(more.pop("carries"))
        self.wires.append(
            {
                "from": start,
                "to": end,
                "role": role,
                "when": when,
                "view": more.pop("view", "both"),
                "arrow": more.pop("arrow", True),
                "carries": carried.removesuffix("_prev"),
                "shift": more.pop("shift", -1 if carried.endswith("_prev") else 0),
                "points": [list(p) for p in points],
            }
        )

    def layout(self, columns: float, height: float) -> Layout:
        return Layout(columns, height, tuple(self.nodes), tuple(self.wires), tuple(self.lanes))


def _stages(gate: str) -> dict[str, str]:
    """What a gate's strip shows at the sub-steps before the gate itself is there."""
    return {"x_part": f"{gate}_x", "h_part": f"{gate}_h", "sum": f"{gate}_pre"}


def _glyph(activation: str) -> str:
    return {"tanh": "tanh", "sigmoid": "σ", "relu": "ReLU", "identity": "id"}[activation]


def _bus(draw: Drawing, gates: tuple[str, ...], y: float, x_at: float) -> None:
    """The line that brings x_t and h_{t−1} to every gate."""
    draw.node("x", "token", "x", x_at, y + 44, label="x", side="right")
    for gate in gates:
        gate_x, _ = draw.place[f"{gate}_act"]
        draw.wire("x", f"{gate}_act", "given", "x_part", (x_at, y), (gate_x, y), carries="x")
        draw.wire(
            "h_prev",
            f"{gate}_act",
            "hidden",
            "h_part",
            (0.45, y - 6),
            (gate_x, y - 6),
            carries="h_prev",
        )
        draw.wire(f"{gate}_act", gate, "given", "activation", carries=gate, arrow=False)


@dataclass(frozen=True)
class Columns:
    """Where the parts of an LSTM stand, in columns; `peepholes` are where their products do."""

    f: float = 1.65
    i: float = 2.85
    sum: float = 3.5
    g: float = 4.15
    c_act: float = 5.0
    o: float = 5.75
    turn: float = 6.6
    state: float = 7.5
    all: float = 8.0
    peepholes: tuple[tuple[str, float], ...] = ()


PLAIN = Columns()
PEEPHOLES = Columns(
    2.65, 4.55, 5.1, 5.65, 7.85, 7.85, 8.4, 9.0, 9.45, (("f", 1.3), ("i", 3.2), ("o", 6.2))
)
BESIDE = 0.82
"""How far right of its product a peephole's vector stands."""


def lstm(hidden: int, options: Any, activation: str) -> Layout:
    """c runs along the top lane, the gates stand below it, x and h_{t−1} come in at the bottom."""
    draw = Drawing(hidden)
    at = PLAIN if options.peepholes is None else PEEPHOLES
    lane = TOP + draw.strip / 2
    middle = lane + draw.strip / 2 + 46
    gates = middle + 44 + draw.strip / 2
    if at.peepholes:
        middle = lane + max(draw.strip + 30, 96)
        gates = middle + draw.strip + 30
    bus = gates + draw.strip / 2 + 66
    draw.lanes.append({"role": "cell", "y": lane, "label": "lane.cell"})
    draw.strip_of("c", 0.45, lane, id="c_prev", shift=-1, edge="c_0", label="c_prev", side="top")
    draw.strip_of("h", 0.45, gates, id="h_prev", shift=-1, edge="h_0", label="h_prev", side="top")
    draw.gate("f", at.f, gates, "f", _stages("f"), "σ")
    draw.gate("i", at.i, gates, "i", _stages("i"), "σ")
    draw.gate("g", at.g, gates, "g", _stages("g"), _glyph(activation))
    draw.gate("o", at.o, gates, "o", _stages("o"), "σ")
    draw.node("kept", "glyph", "kept", at.f, lane, text="×")
    draw.node("written", "glyph", "written", at.sum, middle, text="×")
    draw.node("c_sum", "glyph", "c", at.sum, lane, text="+")
    draw.node("c_act", "glyph", "c_act", at.c_act, (lane + middle) / 2, text=_glyph(activation))
    draw.node("h_out", "glyph", "h", at.o, middle, text="×")
    draw.strip_of("c", at.state, lane, id="c", label="c", side="top")
    draw.strip_of("h", at.state, gates, id="h", label="h", side="top")
    _bus(draw, ("f", "i", "g", "o"), bus, 0.95)
    _peepholes(draw, at, lane, middle)
    _state_wires(draw, at, lane, middle)
    _loops(draw, {"c": lane, "h": gates}, bus + 62, at.all)
    return draw.layout(at.all, bus + 76)


def _state_wires(draw: Drawing, at: Columns, lane: float, middle: float) -> None:
    """How the gates make c and h."""
    draw.wire("c_prev", "kept", "cell", "state", carries="c_prev")
    draw.wire("f", "kept", "forget", "state", carries="f")
    draw.wire("kept", "c_sum", "cell", "state", carries="kept", arrow=False)
    draw.wire("i", "written", "input", "state", (at.i, middle), carries="i")
    draw.wire("g", "written", "candidate", "state", (at.g, middle), carries="g")
    draw.wire("written", "c_sum", "candidate", "state", carries="written")
    draw.wire("c_sum", "c", "cell", "state", carries="c")
    draw.wire("c_sum", "c_act", "cell", "state", (at.c_act, lane), carries="c", arrow=False)
    bend = () if at.c_act == at.o else ((at.c_act, middle),)
    draw.wire("c_act", "h_out", "cell", "state", *bend, carries="c_act")
    draw.wire("o", "h_out", "output", "state", carries="o")
    out = (at.turn, middle), (at.turn, draw.place["h"][1])
    draw.wire("h_out", "h", "hidden", "state", *out, carries="h")


def _peepholes(draw: Drawing, at: Columns, lane: float, y: float) -> None:
    """How c reaches i, f and o, each by a vector p: the old c for i and f, the new one for o.

    The old c turns off before it meets f, and passes under that meeting on its way to i.
    """
    for gate, x in at.peepholes:
        role = {"f": "forget", "i": "input", "o": "output"}[gate]
        draw.strip_of(f"p_{gate}", x + BESIDE, y, label=f"p_{gate}", side="top")
        draw.node(f"{gate}_c", "glyph", f"{gate}_c", x, y, text="×")
        first = at.peepholes[0][1]
        by = {
            "f": ((x, lane),),
            "i": ((first, lane), (first, lane + 30), (x, lane + 30)),
            "o": ((x, lane),),
        }[gate]
        start, carried = ("c_sum", "c") if gate == "o" else ("c_prev", "c_prev")
        draw.wire(start, f"{gate}_c", "cell", "sum", *by, carries=carried)
        draw.wire(f"p_{gate}", f"{gate}_c", "weight", "sum", carries=f"p_{gate}")
        into = draw.place[f"{gate}_act"][1]
        draw.wire(f"{gate}_c", f"{gate}_act", role, "sum", (x, into), carries=f"{gate}_c")


def gru(hidden: int, options: Any, activation: str) -> Layout:
    """One state on the top lane: z keeps a share of it, 1−z lets the candidate n in."""
    draw = Drawing(hidden)
    lane = TOP + draw.strip / 2
    upper = lane + draw.strip / 2 + 34
    lower = upper + 44
    gates = lower + 40 + draw.strip / 2
    bus = gates + draw.strip / 2 + 66
    draw.lanes.append({"role": "hidden", "y": lane, "label": "lane.hidden"})
    draw.strip_of("h", 0.45, lane, id="h_prev", shift=-1, edge="h_0", label="h_prev", side="top")
    draw.gate("z", 1.75, gates, "z", _stages("z"), "σ")
    draw.gate("r", 3.0, gates, "r", _stages("r"), "σ")
    after = options.reset == "after"
    draw.strip_of("n_h", 4.3, gates, label="n_h", side="left")
    draw.gate("n", 6.0, gates, "n", {"x_part": "n_x", "sum": "n_pre"}, _glyph(activation))
    draw.node("kept", "glyph", "kept", 1.75, lane, text="×")
    keeps = options.update == "keeps"
    draw.node("z_rest", "glyph", "z_rest", 2.6 if keeps else 1.75, upper, text="1−")
    draw.node("written", "glyph", "written", 6.0, upper, text="×")
    draw.node("h_sum", "glyph", "h", 6.0, lane, text="+")
    draw.strip_of("h", 7.5, lane, id="h", label="h", side="top")
    reset = "n_gated" if after else "h_reset"
    draw.node(reset, "glyph", reset, 4.3 if after else 3.0, lower, text="×")
    draw.node("x", "token", "x", 0.95, bus + 44, label="x", side="right")
    for gate in ("z", "r", "n"):
        gate_x, _ = draw.place[f"{gate}_act"]
        draw.wire("x", f"{gate}_act", "given", "x_part", (0.95, bus), (gate_x, bus), carries="x")
        draw.wire(f"{gate}_act", gate, "given", "activation", carries=gate, arrow=False)
    _reset_wires(draw, after, bus)
    _update_wires(draw, keeps, upper)
    draw.wire("n", "written", "candidate", "state", carries="n")
    draw.wire("written", "h_sum", "candidate", "state", carries="written")
    draw.wire("kept", "h_sum", "hidden", "state", carries="kept")
    draw.wire("h_sum", "h", "hidden", "state", carries="h")
    _loops(draw, {"h": lane}, bus + 62)
    return draw.layout(8, bus + 76)


def _reset_wires(draw: Drawing, after: bool, bus: float) -> None:
    """How h_{t−1} reaches the gates and, cut by r after or before its product, the candidate."""
    gates, lower = draw.place["n_h"][1], draw.place["n_gated" if after else "h_reset"][1]
    lane = draw.place["h_prev"][1]
    fed = ("z_act", "r_act", "n_h") if after else ("z_act", "r_act")
    for end in fed:
        draw.wire(
            "h_prev",
            end,
            "hidden",
            "h_part",
            (0.45, bus - 6),
            (draw.place[end][0], bus - 6),
            carries="h_prev",
        )
    if after:
        draw.wire("r", "n_gated", "input", "sum", (3.0, lower), carries="r")
        draw.wire("n_h", "n_gated", "hidden", "sum", carries="n_h")
        draw.wire(
            "n_gated", "n_act", "candidate", "sum", (5.2, lower), (5.2, bus - 36), carries="n_gated"
        )
    else:
        draw.wire("r", "h_reset", "input", "h_part", carries="r")
        draw.wire(
            "h_prev", "h_reset", "hidden", "h_part", (1.05, lane), (1.05, lower), carries="h_prev"
        )
        draw.wire("h_reset", "n_h", "hidden", "h_part", (4.3, lower), carries="h_reset")
        draw.wire("n_h", "n_act", "candidate", "sum", (5.2, gates), (5.2, bus - 36), carries="n_h")


def _update_wires(draw: Drawing, keeps: bool, upper: float) -> None:
    """How z shares h_{t−1} and n out, in the convention in which it keeps or the one it writes."""
    draw.wire("h_prev", "kept", "hidden", "state", carries="h_prev")
    if keeps:
        draw.wire("z", "kept", "forget", "state", carries="z")
        draw.wire("z", "z_rest", "forget", "state", (1.75, upper), carries="z", arrow=False)
        draw.wire("z_rest", "written", "forget", "state", carries="z_rest")
    else:
        branch = (1.75, upper + 22), (5.3, upper + 22), (5.3, upper)
        draw.wire("z", "z_rest", "forget", "state", carries="z", arrow=False)
        draw.wire("z_rest", "kept", "forget", "state", carries="z_rest")
        draw.wire("z", "written", "forget", "state", *branch, carries="z")


def rnn(hidden: int, options: Any, activation: str) -> Layout:
    """Two products, their sum, one activation: the whole cell."""
    draw = Drawing(hidden)
    lane = TOP + draw.strip / 2
    below = lane + draw.strip + 64
    draw.lanes.append({"role": "hidden", "y": lane, "label": "lane.hidden"})
    draw.strip_of("h", 0.45, lane, id="h_prev", shift=-1, edge="h_0", label="h_prev", side="top")
    draw.strip_of("h_h", 2.2, lane, label="h_h", side="top")
    draw.node("x", "token", "x", 0.45, below, label="x", side="bottom")
    draw.strip_of("h_x", 2.2, below, label="h_x", side="top")
    draw.node("sum", "glyph", "h_pre", 3.6, lane, text="+")
    draw.strip_of("h_pre", 4.7, lane, label="h_pre", side="top")
    draw.node("act", "glyph", "h", 6.0, lane, text=_glyph(activation))
    draw.strip_of("h", 7.5, lane, id="h", label="h", side="top")
    draw.wire("h_prev", "h_h", "hidden", "h_part", carries="h_prev")
    draw.wire("x", "h_x", "given", "x_part", carries="x")
    draw.wire("h_h", "sum", "hidden", "sum", carries="h_h")
    draw.wire("h_x", "sum", "given", "sum", (3.6, below), carries="h_x")
    draw.wire("sum", "h_pre", "hidden", "sum", carries="h_pre", arrow=False)
    draw.wire("h_pre", "act", "hidden", "activation", carries="h_pre", arrow=False)
    draw.wire("act", "h", "hidden", "activation", carries="h")
    _loops(draw, {"h": lane}, below + draw.strip / 2 + 26)
    return draw.layout(8, below + draw.strip / 2 + 40)


def _loops(draw: Drawing, states: dict[str, float], bottom: float, columns: float = 8) -> None:
    """The rolled view: the state leaves at the right and comes back in at the left."""
    for place, state in enumerate(states):
        out, back = columns - 0.14 - 0.08 * place, 0.14 + 0.08 * place
        y = bottom - 7 * place
        role = "cell" if state == "c" else "hidden"
        down = (out, draw.place[state][1]), (out, y)
        up = (back, y), (back, draw.place[f"{state}_prev"][1])
        draw.wire(state, f"{state}_prev", role, "state", *down, *up, view="rolled", carries=state)


LAYOUTS: dict[str, Callable[[int, Any, str], Layout]] = {"rnn": rnn, "lstm": lstm, "gru": gru}
