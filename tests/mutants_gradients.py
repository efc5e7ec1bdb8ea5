"""Known ways to get gradients through time wrong; `tests.mutants` writes them and counts."""

Change = tuple[str, str]

GRADIENT_MUTANTS: list[tuple[str, str, *tuple[Change, ...]]] = [
    # one loss, every state
    (
        "gradients: direct instead of total",
        "gradients",
        (
            "dh_direct, dh = found[0], torch.stack(found[1 : 1 + steps])",
            "dh_direct, dh = found[0], found[0]",
        ),
    ),
    (
        "gradients: total instead of direct",
        "gradients",
        (
            "dh_direct, dh = found[0], torch.stack(found[1 : 1 + steps])",
            "dh_direct = dh = torch.stack(found[1 : 1 + steps])",
        ),
    ),
    (
        "gradients: last means the end of the input",
        "gradients",
        ("h[0 if trace.reverse else -1]", "h[-1]"),
    ),
    ("gradients: all is the mean", "gradients", ("return h.sum()", "return h.mean()")),
    (
        "gradients: ∂L/∂c from h",
        "gradients",
        (
            "dc = torch.stack(found[1 + steps : 1 + 2 * steps])",
            "dc = torch.stack(found[1 : 1 + steps])",
        ),
    ),
    ("gradients: c_norm of h", "gradients", ("else norm(dc)", "else norm(dh)")),
    (
        "gradients: peepholes, reset and what-if forgotten",
        "gradients",
        (
            "c0, trace.options,",
            "c0, type(trace.options)(trace.options.activation),",
        ),
    ),
    (
        "gradients: c_t → h_t counted twice in the joint state",
        "gradients",
        ("found.dc - found.dh * cell_to_hidden(trace)", "found.dc"),
    ),
    (
        "gradients: the last loss is at the end of the input",
        "gradients",
        ("min(seen) if trace.reverse else max(seen)", "max(seen)"),
    ),
    (
        "gradients: ∂L/∂h_0 from c_0",
        "gradients",
        ("dh0=found[-len(nodes.start)]", "dh0=found[-1]"),
    ),
    # step Jacobians and their products
    (
        "jacobians: columns scaled, not rows",
        "jacobians",
        ("vectors[..., None] * weight", "vectors[..., None, :] * weight"),
    ),
    ("jacobians: c reaches h unscaled", "jacobians", ("copy_(within * kept)", "copy_(within)")),
    (
        "jacobians: o's peephole left out",
        "jacobians",
        ('gate_slope(trace, "o") * trace.options.peepholes.p_o', "0"),
    ),
    (
        "jacobians: the reset gate held still",
        "jacobians",
        (' + _scaled(found["r"], u_r)\n    formed', "\n    formed"),
    ),
    (
        "jacobians: z the other way round",
        "jacobians",
        ("(h_prev - n) * turn", "(n - h_prev) * turn"),
    ),
    (
        "norms: squares that underflow",
        "norms",
        ("return bool(((plain > small) & (plain < 1 / small)).all())", "return True"),
    ),
    (
        "chains: singular values whatever they cost",
        "chains",
        ("spectral and cost <= SPECTRAL_BUDGET", "spectral"),
    ),
    ("chains: backwards runs taken for forward ones", "chains", ("if trace.reverse:", "if False:")),
    ("chains: the scale forgotten", "chains", ("scale[far] += largest[far].log()", "pass")),
    (
        "chains: ∂c/∂c without c → h of the same step",
        "chains",
        (" + rows[:, hidden:, :hidden] * through[k]", ""),
    ),
    (
        "chains: one factor too many in the bound",
        "chains",
        ("each[1:].flip(0).cumsum(0).flip(0), each.new_zeros(1)", "each.flip(0).cumsum(0).flip(0)"),
    ),
    ("chains: γ = 1", "chains", ("find_activation(name).steepest * largest", "largest")),
    ("chains: ∏ f from step k on", "chains", (".double().log()[1:]", ".double().log()[:-1]")),
    (
        "chains: what z writes is kept",
        "chains",
        ('trace.options.update == "keeps" else trace.z_rest', "True else trace.z_rest"),
    ),
    (
        "spectra: ρ is the smallest",
        "spectra",
        ("eigenvalues.abs().argsort(descending=True", "eigenvalues.abs().argsort(descending=False"),
    ),
    ("spectra: Q not turned", "spectra", ("torch.linalg.qr(step @ q)", "torch.linalg.qr(step)")),
    ("spectra: nothing skipped", "spectra", ("if t >= skip:", "if True:")),
    # clipping, the cliff, truncation
    ("clipping: no epsilon", "clipping", ("EPSILON = 1e-6", "EPSILON = 0.0")),
    ("clipping: small gradients blown up", "clipping", (".clamp(max=1.0)", "")),
    (
        "clipping: the norm after",
        "clipping",
        ("return Clipped(after, *norms,", "return Clipped(after, norms[1], norms[1],"),
    ),
    ("cliff: w's own part left out", "cliff", ("s + slope * dw", "s * 0 + slope * dw")),
    ("cliff: an even grid", "cliff", ("if not low < center < high:", "if True:")),
    ("cliff: never clipped", "cliff", ("if clip is not None:", "if False:")),
    ("truncation: blocks one step late", "truncation", ("(k + 1) % block == 0", "k % block == 0")),
    ("truncation: h not detached", "truncation", ("record.h[-1].detach()", "record.h[-1]")),
    ("truncation: c not detached", "truncation", ("c[-1].detach()", "c[-1]")),
    ("truncation: the state reset", "truncation", ("record.h[-1].detach()", "model.h0")),
    # the (t, k) map
    (
        "gradient map: a factor early",
        "gradient_map",
        ("rows @ jacobians[k + 1]", "rows @ jacobians[k]"),
    ),
    (
        "gradient map: every block is kept",
        "gradient_map",
        ("return place[:, None] == place[None, :]", "return place[:, None] >= place[None, :]"),
    ),
    (
        "gradient map: the input of n, reset before",
        "gradient_map",
        ('reset == "before":\n        hidden', 'reset == "never":\n        hidden'),
    ),
    ("loss map: the scale forgotten", "loss_map", ("scale += divisor.log()", "pass")),
    ("loss map: what a block shrank by forgotten", "loss_map", (".add_(within.shrunk[b])", "")),
    ("loss map: columns as they are, in float32", "loss_map", (" / largest[:, None, None]", "")),
    (
        "loss map: c reaches h unscaled",
        "loss_map",
        ("cell.addcmul_(own, within[:, None])", "cell.add_(own)"),
    ),
    ("loss map: c held still", "loss_map", (" + rows[..., :hidden] * through[at][:, None]", "")),
    (
        "loss map: far factors in one block",
        "loss_map",
        ("if powers * BLOCK <= _POWERS else", "if True else"),
    ),
    (
        "loss map: a block's losses stay in it",
        "loss_map",
        ("handed[here] = within.entered[b]", "handed[here] = 0"),
    ),
    (
        "loss map: the end of the block again",
        "loss_map",
        (
            "torch.mm(rows[later], within.reach[b], out=handed[later])",
            "handed[later] = rows[later]",
        ),
    ),
    # the probe
    (
        "probe: fitted on what it is tested on",
        "probe",
        ("_fit(clean[:, :half], labels[:half], classes)", "_fit(clean, labels, classes)"),
    ),
    (
        "probe: no covariance",
        "probe",
        ("torch.linalg.solve(covariance + ridge, means.mT)", "means.mT"),
    ),
    (
        "probe: no prior offset",
        "probe",
        (
            "-0.5 * (means.mT * weight).sum(dim=1, keepdim=True)",
            "0 * (means.mT * weight).sum(dim=1, keepdim=True)",
        ),
    ),
]
