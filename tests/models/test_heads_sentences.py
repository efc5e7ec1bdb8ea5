"""Every value of every sentence and table of the page `multi-head`, once more in plain Python."""

import math
from random import Random
from typing import Any

import pytest

from seqviz.models.findings import number, percent
from seqviz.models.heads_experiment import (
    ANSWERS,
    MASKS,
    SIDES,
    HeadsConfig,
    HeadsRecord,
    run,
)
from seqviz.models.heads_findings import heads_findings, measured, parts
from seqviz.models.heads_questions import questions
from seqviz.models.heads_views import entropies, join_of

TEXTS = ("the cat sat on the mat and slept", "a b a c a", "x", "x y", "나는 어제 산 책을 다 읽었다")


def draw(seed: int) -> HeadsConfig:
    """A configuration of any kind."""
    random = Random(seed)
    mode, heads = random.choice(("trained", "fresh")), random.choice((1, 2, 3, 4))
    trained = random.choice((1, 2, 4))
    return HeadsConfig(
        tokens=tuple(random.choice(TEXTS).split()),
        mode=mode,
        trained=trained,
        heads=heads,
        d_model=heads * random.choice((1, 3, 8)),
        mask=random.choice(MASKS),
        pads=random.choice((0, 1, 4)),
        side=random.choice(SIDES),
        off=random.choice((None, 0, (trained if mode == "trained" else heads) - 1)),
        gain=random.choice((0.5, 2.0, 4.0)),
        seed=seed,
    )


RECORDS = [run(draw(seed)) for seed in range(120)]


def told(record: HeadsRecord) -> dict[str, dict[str, object]]:
    return {one.key: one.values for one in heads_findings(record)}


def of_kind(*keys: str) -> list[tuple[HeadsRecord, dict[str, object]]]:
    found = [(record, told(record)) for record in RECORDS]
    chosen = [(record, one[key]) for record, one in found for key in keys if key in one]
    assert len(chosen) >= 3, keys
    return chosen


def may(record: HeadsRecord, query: int, key: int) -> bool:
    return record.allowed is None or bool(record.allowed[query, key])


def asking(record: HeadsRecord) -> list[int]:
    """The tokens of the text that see something."""
    steps = range(len(record.tokens))
    return [t for t in steps if record.real[t] and any(may(record, t, j) for j in steps)]


def asked(record: HeadsRecord) -> dict[tuple[int, int], str]:
    """(token, answer) → the token that stands there in the text."""
    found, tokens = {}, record.tokens
    for t in range(len(tokens)):
        for answer in range(ANSWERS):
            there = t - answer - 1
            if there >= 0 and record.real[t] and record.real[there]:
                found[t, answer] = tokens[there]
    return found


def entropy(row: list[float]) -> float:
    return -math.fsum(weight * math.log(weight) for weight in row if weight > 0)


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def at_back(record: HeadsRecord, weights: list[list[float]], back: int) -> list[float]:
    """The weights that lie so far back, of the queries that may look there."""
    keys = range(len(record.tokens))
    rows = [t for t in asking(record) if t - back in keys and may(record, t, t - back)]
    return [weights[t][t - back] for t in rows]


def without(record: HeadsRecord, head: int) -> dict[tuple[int, int], str]:
    """Every answer that is asked for, by the output less one share."""
    free = record.free
    logits = record.model.answers(free.heads.out - free.heads.shares[head])
    best = (logits @ free.candidate_vectors.T).argmax(-1).tolist()
    return {(t, a): free.candidates[best[t][a]] for t, a in asked(record)}


def test_right_answers_and_guesses_are_counted_by_hand() -> None:
    for record, values in of_kind("answers"):
        text = {token for token, keep in zip(record.tokens, record.real, strict=True) if keep}
        said, wanted = record.run.said(), asked(record)
        hits = sum(said[t][answer] == token for (t, answer), token in wanted.items())
        assert values == {
            "right": hits,
            "asked": len(wanted),
            "share": percent(hits / len(wanted)),
            "guess": percent(1 / len(text)),
            "n": len(text),
        }


def test_a_silenced_head_is_told_with_the_answers_before_and_now() -> None:
    changes = set()
    for record, values in of_kind("off"):
        off = record.config.off
        assert off is not None
        wanted, before, now = asked(record), record.free.said(), without(record, off)
        changed = sum(now[t, a] != before[t][a] for t, a in wanted)
        assert values == {
            "head": off + 1,
            "before": sum(before[t][a] == token for (t, a), token in wanted.items()),
            "now": sum(now[place] == token for place, token in wanted.items()),
            "asked": len(wanted),
            "changed": changed,
        }
        changes.add(min(changed, 2))
    assert changes == {0, 1, 2}


def test_what_a_head_moves_is_the_mean_over_the_queries_that_are_asked() -> None:
    for record in RECORDS:
        rows = sorted({t for t, _ in asked(record)})
        for head, one in enumerate(record.ablations):
            found = record.free.heads
            sizes = [
                math.hypot(*found.shares[head, t].tolist()) / max(size, 1e-300)
                for t in rows
                for size in [math.hypot(*found.out[t].tolist())]
            ]
            assert one.moved == pytest.approx(mean(sizes), abs=1e-12)


def test_measures_are_means_over_the_text_and_the_last_is_of_the_average() -> None:
    for record in RECORDS:
        rows, maps = asking(record), record.run.heads.weights.tolist()
        if record.count > 1:
            maps.append(record.run.heads.weights.mean(0).tolist())
        found = measured(record)
        assert len(found) == len(maps)
        for one, weights in zip(found, maps, strict=True):
            keys = range(len(weights))
            far = [math.fsum(weights[t][j] * abs(t - j) for j in keys) for t in rows]
            wanted = {
                "entropy": mean([entropy(weights[t]) for t in rows]),
                "largest": mean([max(weights[t]) for t in rows]),
                "distance": mean(far),
                "on_previous": mean([weights[t][t - 1] for t in rows if t > 0]),
                "on_self": mean([weights[t][t] for t in rows]),
            }
            for name, value in wanted.items():
                assert getattr(one, name) == pytest.approx(value, abs=1e-12), name


def test_a_head_looks_where_its_weight_is_largest_on_average() -> None:
    ways = set()
    for record, values in of_kind("looks"):
        items: tuple[dict[str, Any], ...] = values["items"]  # type: ignore[assignment]
        steps, count = len(record.tokens), len(asking(record))
        for item, weights in zip(items, record.run.heads.weights.tolist(), strict=True):
            found = {b: at_back(record, weights, b) for b in range(1 - steps, steps)}
            known = {b: mean(one) for b, one in found.items() if 3 * len(one) >= count and one}
            assert known[item["back"]] == pytest.approx(max(known.values()), abs=1e-12)
            assert item["share"] == percent(known[item["back"]])
            ways.add((item["back"] > 0) - (item["back"] < 0))
    assert ways == {-1, 0, 1}


def test_the_average_is_told_at_the_favourite_of_the_sharpest_head() -> None:
    for record, values in of_kind("average", "average_alike"):
        maps = record.run.heads.weights
        head, back = values["head"], values["back"]
        own = [percent(mean(at_back(record, one, back))) for one in maps.tolist()]  # type: ignore[arg-type]
        assert values["share"] == own[head - 1]  # type: ignore[operator]
        assert values["averaged"] == percent(mean(at_back(record, maps.mean(0).tolist(), back)))  # type: ignore[arg-type]
        *heads, _ = measured(record)
        assert max(one.on_back for one in heads) == heads[head - 1].on_back  # type: ignore[operator]
        rows = asking(record)
        assert values["mean"] == number(mean([entropy(maps.mean(0)[t].tolist()) for t in rows]))
        single = [entropy(one[t].tolist()) for one in maps for t in rows]
        assert float(str(values["single"])) == pytest.approx(mean(single), rel=5e-3)


def test_norms_and_their_total_are_of_the_last_token_of_the_text() -> None:
    for record, values in of_kind("sum", "sum_one"):
        last = max(t for t in range(len(record.tokens)) if record.real[t])
        shares = record.run.heads.shares[:, last].tolist()
        norms = [math.hypot(*share) for share in shares]
        bias = record.model.attention.out_proj.bias.tolist()
        out = [math.fsum(column) for column in zip(*shares, bias, strict=True)]
        assert values["token"] == record.tokens[last]
        assert values["norms"] == ", ".join(map(number, norms))
        assert values["bias"] == number(math.hypot(*bias))
        assert values["total"] == number(sum(norms) + math.hypot(*bias))
        assert values["out"] == number(math.hypot(*out))
        along = [
            math.fsum(a * b for a, b in zip(one, out, strict=True)) / math.hypot(*out) ** 2
            for one in (*shares, bias)
        ]
        assert parts(record).along == pytest.approx(along, abs=1e-12)
        assert sum(parts(record).along) == pytest.approx(1)


def test_what_the_mask_blocks_is_counted_and_rows_are_named_from_one() -> None:
    for record, values in of_kind("masked"):
        steps = range(len(record.tokens))
        shut = [(t, j) for t in steps for j in steps if not may(record, t, j)]
        assert values == {"n": len(shut), "pairs": len(steps) ** 2}
    for record, values in of_kind("empty"):
        steps = range(len(record.tokens))
        blind = [t + 1 for t in steps if not any(may(record, t, j) for j in steps)]
        assert values == {"n": len(blind), "rows": ", ".join(map(str, blind))}


def test_padding_is_told_by_the_mask_and_the_side_it_stands_at() -> None:
    for record in RECORDS:
        found, config = told(record), record.config
        if "blocked_all" in found or not config.pads:
            assert not [key for key in found if key.startswith("padding")]
            continue
        first = [j for j in range(len(record.tokens)) if not record.real[j]]
        seen = any(may(record, t, j) for t in asking(record) for j in first)
        hidden = config.mask in ("padding", "both")
        key = "padding_seen" if seen else "padding_hidden" if hidden else "padding_later"
        assert key in found
        own = run(HeadsConfig(**{**vars(config), "pads": 0}))
        rows = record.real.nonzero().flatten()
        gap = (record.run.heads.out[rows] - own.run.heads.out).abs().max()
        assert found[key] == {"pads": config.pads, "change": number(float(gap))} or gap < 1e-12


def test_the_tables_hold_the_last_queries_and_cut_what_was_multiplied() -> None:
    record = run(HeadsConfig(tokens=tuple("abcdefghijklmnop")))
    assert entropies(record).rows == tuple(range(4, 16))
    weights = record.run.heads.weights[:, 4]
    own = [entropy(row) for row in weights.tolist()]
    assert entropies(record).heads[0].tolist() == pytest.approx(own)
    for one in RECORDS[:30]:
        assert join_of(one).split_error < 1e-12


def test_the_query_that_is_asked_about_is_named_by_its_own_place() -> None:
    found = 0
    for record in RECORDS:
        for question in questions(record):
            if question.name == "allowed":
                place = int(str(question.values["t"])) - 1
                assert record.real[place]
                assert question.values["token"] == record.tokens[place]
                keys = sum(may(record, place, j) for j in range(len(record.tokens)))
                assert question.options[question.right][1] == {"n": keys}
                assert question.told == {"n": keys, "T": len(record.tokens)}
                found += 1
    assert found
