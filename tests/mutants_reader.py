"""Known ways to get wrong what the reader sets and points at: links, knobs, cursor, explanations.

A file, what changes in it, and for each group the tests that must notice.
"""

Change = tuple[str, str]
Written = tuple[str, str, *tuple[Change, ...]]

LINKS = "seqviz/ui/links.py"
SESSION = "seqviz/ui/session.py"
KNOBS = "seqviz/ui/controls.py"
INPUTS = "seqviz/models/inputs.py"
DERIVE = "seqviz/player/derive.js"

OF_LINKS: list[Written] = [
    (
        "links: names that begin like a tracker's",
        LINKS,
        ("TRACKING.fullmatch(key)", "TRACKING.match(key)"),
    ),
    ("links: no head of one", LINKS, ("max(1, heads)", "heads")),
]

OF_KNOBS: list[Written] = [
    (
        "knobs: repeated, and nothing else said",
        SESSION,
        ("(repeated, *reading.notices)", "(repeated,)"),
    ),
    (
        "knobs: another page's session",
        SESSION,
        ("isinstance(session, Session) and session.page == page", "isinstance(session, Session)"),
    ),
    ("knobs: two of one name", SESSION, ("if len(self.declared) != len(declared):", "if False:")),
    ("knobs: strange ones set", SESSION, ("        if strange:\n", "        if False:\n")),
    (
        "knobs: overruled whatever was wrong",
        SESSION,
        ("n.kind not in BEYOND or n.about", "n.about"),
    ),
    (
        "knobs: the highest named for the lowest",
        KNOBS,
        ("self.high if number > self.high else self.low", "self.high"),
    ),
]

OF_INPUTS: list[Written] = [
    (
        "inputs: a lag asked at its end only",
        INPUTS,
        (
            "answers = (tokens[0],) * len(tokens)",
            "answers = ((None,) * (len(tokens) - 1) + (tokens[0],))",
        ),
    ),
    ("inputs: a step late", INPUTS, ("float(t >= at)", "float(t > at)")),
]

OF_EXPLANATIONS: list[Written] = [
    (
        "explain: through a sum that others read",
        DERIVE,
        ("model.readersOf(operand.tensor) === 1", "model.readersOf(operand.tensor) >= 1"),
    ),
]

READER_MUTANTS: list[tuple[tuple[str, ...], list[Written]]] = [
    (("tests/ui/test_links.py", "tests/player/test_address.py"), OF_LINKS),
    (("tests/ui/test_controls.py", "tests/ui/test_session.py", "tests/ui/test_frame.py"), OF_KNOBS),
    (("tests/models/test_inputs.py",), OF_INPUTS),
    (("tests/player/test_sources.py", "tests/player/test_explain.py"), OF_EXPLANATIONS),
]
