"""Known ways to get a cell, its layers or its parameters wrong; `tests.mutants` writes them."""

Change = tuple[str, str]

RNN_H = "h_h = linear(h_prev, weight_hh, bias_hh)"
LSTM_H = "h_part = linear(h_prev, weight_hh, bias_hh)"
GRU_H = "linear(h_prev, weight_hh, bias_hh)"
LSTM_PRE = "i_pre, f_pre, g_pre, o_pre = (x_part"
LSTM_X = "i_x, f_x, g_x, o_x = x_part"
LSTM_HS = "i_h, f_h, g_h, o_h = h_part"

CELL_MUTANTS: list[tuple[str, str, *tuple[Change, ...]]] = [
    # a part is missing
    ("rnn: R = 0", "rnn", (RNN_H, "h_h = linear(0 * h_prev, weight_hh, bias_hh)")),
    ("lstm: R = 0", "lstm", (LSTM_H, "h_part = linear(0 * h_prev, weight_hh, bias_hh)")),
    ("gru: R = 0", "gru", (GRU_H, "linear(0 * h_prev, weight_hh, bias_hh)")),
    ("rnn: recurrent bias dropped", "rnn", (RNN_H, "h_h = linear(h_prev, weight_hh)")),
    ("lstm: recurrent bias dropped", "lstm", (LSTM_H, "h_part = linear(h_prev, weight_hh)")),
    ("gru: recurrent bias dropped", "gru", (GRU_H, "linear(h_prev, weight_hh)")),
    (
        "gru: recurrent bias of n dropped, reset before",
        "gru",
        ("linear(h_reset, W_hn, b_hn)", "linear(h_reset, W_hn)"),
    ),
    (
        "gru: recurrent biases of r and z dropped, reset before",
        "gru",
        (
            "linear(h_prev, W_hr, b_hr), linear(h_prev, W_hz, b_hz)",
            "linear(h_prev, W_hr), linear(h_prev, W_hz)",
        ),
    ),
    (
        "all: input bias dropped in a run",
        "unroll",
        ("linear(xs, cell.weight_ih, cell.bias_ih)", "linear(xs, cell.weight_ih)"),
    ),
    (
        "rnn: input bias dropped in a step",
        "rnn",
        ("linear(x, cell.weight_ih, cell.bias_ih)", "linear(x, cell.weight_ih)"),
    ),
    (
        "all: h_0 ignored",
        "unroll",
        (
            "state: State = (h0,) if c0 is None else (h0, c0)",
            "state: State = (0 * h0,) if c0 is None else (0 * h0, c0)",
        ),
    ),
    (
        "lstm: c_0 ignored",
        "unroll",
        (
            "state: State = (h0,) if c0 is None else (h0, c0)",
            "state: State = (h0,) if c0 is None else (h0, 0 * c0)",
        ),
    ),
    # gates in the wrong order
    ("lstm: gates i o f g", "lstm", (LSTM_PRE, "i_pre, o_pre, f_pre, g_pre = (x_part")),
    ("lstm: gates f i g o", "lstm", (LSTM_PRE, "f_pre, i_pre, g_pre, o_pre = (x_part")),
    ("lstm: gates i f o g", "lstm", (LSTM_PRE, "i_pre, f_pre, o_pre, g_pre = (x_part")),
    ("lstm: x parts shown in another order", "lstm", (LSTM_X, "f_x, i_x, g_x, o_x = x_part")),
    ("lstm: h parts shown in another order", "lstm", (LSTM_HS, "i_h, f_h, o_h, g_h = h_part")),
    (
        "lstm: i and f shown as each other",
        "lstm",
        ("*(i_x, i_h, i_c, i_pre, i_free, i)", "*(i_x, i_h, i_c, i_pre, i_free, f)"),
        ("*(f_x, f_h, f_c, f_pre, f_free, f)", "*(f_x, f_h, f_c, f_pre, f_free, i)"),
    ),
    (
        "gru: gates z r n",
        "gru",
        ("r_h, z_h, n_h = linear", "z_h, r_h, n_h = linear"),
        (
            "    r_x, z_x, n_x = x_part.chunk(3, -1)\n    r_pre",
            "    z_x, r_x, n_x = x_part.chunk(3, -1)\n    r_pre",
        ),
    ),
    (
        "gru: recurrent gates z r n, reset before",
        "gru",
        ("W_hr, W_hz, W_hn = weight_hh", "W_hz, W_hr, W_hn = weight_hh"),
    ),
    (
        "gru: r and z shown as each other",
        "gru",
        ("*(r_x, r_h, r_pre, r_free, r)", "*(r_x, r_h, r_pre, r_free, z)"),
        ("*(z_x, z_h, z_pre, z_free, z)", "*(z_x, z_h, z_pre, z_free, r)"),
    ),
    # gates themselves
    (
        "lstm: pre-activation used as the gate",
        "lstm",
        ('hold("i", torch.sigmoid(i_pre), t)', 'hold("i", i_pre, t)'),
    ),
    (
        "lstm: σ twice",
        "lstm",
        ('hold("f", torch.sigmoid(f_pre), t)', 'hold("f", torch.sigmoid(torch.sigmoid(f_pre)), t)'),
    ),
    (
        "gru: pre-activation shown as the gate",
        "gru",
        ("*(z_x, z_h, z_pre, z_free, z)", "*(z_x, z_h, z_pre, z_free, z_pre)"),
    ),
    ("lstm: candidate through σ", "lstm", ("g = phi(g_pre)", "g = torch.sigmoid(g_pre)")),
    ("lstm: candidate always tanh", "lstm", ("g = phi(g_pre)", "g = torch.tanh(g_pre)")),
    ("lstm: no tanh(c)", "lstm", ("c_act = phi(c)", "c_act = c")),
    ("lstm: tanh of the old c", "lstm", ("c_act = phi(c)", "c_act = phi(c_prev)")),
    ("lstm: nothing forgotten", "lstm", ("kept = f * c_prev", "kept = c_prev")),
    ("lstm: coupled gates", "lstm", ("written = i * g", "written = (1 - f) * g")),
    ("rnn: no activation", "rnn", ("h = phi(h_pre)", "h = h_pre")),
    (
        "rnn: the cell's own nonlinearity ignored",
        "unroll",
        ('(cell.nonlinearity if isinstance(cell, nn.RNNCell) else "tanh")', '"tanh"'),
    ),
    # peepholes
    (
        "lstm: peepholes f i",
        "lstm",
        (
            "peepholes.p_i * c_prev, peepholes.p_f * c_prev",
            "peepholes.p_f * c_prev, peepholes.p_i * c_prev",
        ),
    ),
    (
        "lstm: peepholes i o f",
        "lstm",
        ("peepholes.p_i * c_prev, peepholes.p_f", "peepholes.p_i * c_prev, peepholes.p_o"),
        ("peepholes.p_o * c\n", "peepholes.p_f * c\n"),
    ),
    ("lstm: o sees the old c", "lstm", ("peepholes.p_o * c\n", "peepholes.p_o * c_prev\n")),
    ("lstm: o's peephole ignored", "lstm", ("o_pre = o_pre + o_c", "o_pre = o_pre + 0 * o_c")),
    (
        "lstm: i's and f's peepholes ignored",
        "lstm",
        (
            "i_pre, f_pre = i_pre + i_c, f_pre + f_c",
            "i_pre, f_pre = i_pre + 0 * i_c, f_pre + 0 * f_c",
        ),
    ),
    (
        "lstm: peepholes ignored in a run",
        "unroll",
        ("peepholes=options.peepholes)", "peepholes=None)"),
    ),
    # reset and update
    ("gru: always reset after", "unroll", ("reset=options.reset,", 'reset="after",')),
    ("gru: always reset before", "unroll", ("reset=options.reset,", 'reset="before",')),
    ("gru: no reset", "gru", ("n_gated = r * n_h", "n_gated = n_h")),
    ("gru: no reset, reset before", "gru", ("h_reset = r * h_prev", "h_reset = h_prev")),
    (
        "gru: recurrent bias of n outside the reset",
        "gru",
        (
            "n_pre = n_x + n_gated",
            "n_pre = n_x + n_gated + (0 if bias_hh is None else (1 - r) * bias_hh.chunk(3)[2])",
        ),
    ),
    (
        "gru: z and 1 − z",
        "gru",
        ("(z, z_rest) if update", "(z_rest, z) if update"),
        ("else (z_rest, z)", "else (z, z_rest)"),
    ),
    (
        "gru: z always keeps",
        "unroll",
        ("update=options.update,", 'update="keeps",'),
    ),
    ("gru: z_rest is z", "gru", ("z_rest = 1 - z", "z_rest = z")),
    ("gru: z shown as 1 − z", "gru", ("z_pre, z_free, z),", "z_pre, z_free, 1 - z),")),
    # direction
    (
        "all: no reversal",
        "unroll",
        ("reversed(timed) if reverse else timed", "timed"),
        ("        states.reverse()\n        values.reverse()", "        pass"),
    ),
    (
        "all: reversed run not put back in order",
        "unroll",
        ("        states.reverse()\n        values.reverse()", "        pass"),
    ),
    ("layers: second direction forward", "layers", ("reverse=d == 1", "reverse=False")),
    ("layers: weights of the forward direction in both", "layers", ('"_reverse"', '""')),
    (
        "layers: every layer with the weights of layer 0",
        "layers",
        ("_l{layer}{suffix}", "_l0{suffix}"),
    ),
    ("layers: backward reads the padding first", "layers", ("x[:length]", "x")),
    (
        "layers: backward before forward",
        "layers",
        ("[trace.h for trace in directions]", "[trace.h for trace in directions[::-1]]"),
    ),
    ("layers: states of the first sequence for all", "layers", ("state[:, b]", "state[:, 0]")),
    (
        "layers: h_0 of layer 0 everywhere",
        "layers",
        (
            "starts = iter(zip(states[0], c0s, strict=True))",
            "starts = iter([(states[0][0], c0s[0])] * len(c0s))",
        ),
    ),
    (
        "layers: nonlinearity ignored",
        "layers",
        (
            'getattr(module, "nonlinearity", "tanh")',
            '"tanh"',
        ),
    ),
    # what if
    (
        "what if: wipe leaves c",
        "lstm",
        (
            "what_if.enter(state[0]), what_if.enter(state[1])",
            "what_if.enter(state[0]), state[1]",
        ),
    ),
    (
        "what if: forced at every step",
        "what_if",
        (
            "if self.step is not None and self.step != t:",
            "if False:",
        ),
    ),
    ("what if: forced for every unit", "what_if", ("if self.unit is None:", "if True:")),
    (
        "what if: forced value shown as free",
        "what_if",
        (
            "return free, self.force.apply(free, t)",
            "return (self.force.apply(free, t),) * 2",
        ),
    ),
    (
        "what if: a gate forced below 0",
        "what_if",
        ("not 0 <= self.value <= 1", "not self.value <= 1"),
    ),
    (
        "what if: two gates forced at once",
        "what_if",
        ('self.gate not in "iforz" or len(self.gate) != 1', 'self.gate not in "iforz"'),
    ),
    # parameters
    (
        "init: forget bias in both biases",
        "parameters",
        (
            "bias_hh[hidden_size : 2 * hidden_size] = 0",
            "bias_hh[hidden_size : 2 * hidden_size] = forget_bias",
        ),
    ),
    (
        "init: forget bias on i",
        "parameters",
        (
            "bias_ih[hidden_size : 2 * hidden_size] = forget_bias",
            "bias_ih[:hidden_size] = forget_bias",
        ),
    ),
    ("init: gain on W_ih", "parameters", ("weight_hh.mul_(gain)", "weight_ih.mul_(gain)")),
    (
        "init: all gates as one block",
        "parameters",
        (
            "for block in weight_hh.split(hidden_size):",
            "for block in (weight_hh,):",
        ),
    ),
    (
        "init: the global generator",
        "parameters",
        (
            ".uniform_(-bound, bound, generator=generator)",
            ".uniform_(-bound, bound)",
        ),
    ),
    ("count: one bias", "parameters", ("hidden_size + biases)", "hidden_size + 1)")),
    ("trace: the model's own cell kept", "unroll", ("cell=copy_cell(cell)", "cell=cell")),
    ("activations: sigmoid' = σ", "activations", ("return gate * (1 - gate)", "return gate")),
]
