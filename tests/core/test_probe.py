"""The probe reads what is there, and guesses where nothing is."""

import math

import pytest
import torch
from torch import Tensor

from seqviz.core.probe import probe

CLASSES = 4
LABELS = torch.arange(CLASSES).repeat(64)


def noise(steps: int, features: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    shape = (steps, len(LABELS), features)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def copied(steps: int, seed: int = 0) -> Tensor:
    """The states of a cell that keeps the first token in four units and noise in three others."""
    kept = torch.nn.functional.one_hot(LABELS, CLASSES).double()
    return torch.cat([kept.expand(steps, -1, -1), noise(steps, 3, seed)], dim=-1)


def line(tested: int, errors: float = 5) -> float:
    """What guessing stays below, but for `errors` standard errors."""
    chance = 1 / CLASSES
    return chance + errors * math.sqrt(chance * (1 - chance) / tested)


def test_a_cell_that_copies_is_read_without_error_at_every_step() -> None:
    found = probe(copied(6), LABELS, CLASSES)
    assert found.accuracy.tolist() == [1.0] * 6
    assert (found.chance, found.fitted, found.tested) == (0.25, 128, 128)


def test_a_faint_copy_under_no_noise_is_read_too() -> None:
    states = copied(3)
    states[..., :CLASSES] *= 1e-3
    assert probe(states, LABELS, CLASSES).accuracy.tolist() == [1.0] * 3


def test_more_classes_than_units_can_be_told_apart() -> None:
    angle = LABELS.double() * 2 * math.pi / CLASSES
    circle = torch.stack([angle.cos(), angle.sin()], dim=-1)[None]
    assert probe(circle, LABELS, CLASSES).accuracy.tolist() == [1.0]
    on_a_line = LABELS.double()[None, :, None]
    assert probe(on_a_line, LABELS, CLASSES).accuracy.tolist() == [1.0]


def test_shuffled_labels_are_guessed() -> None:
    generator = torch.Generator().manual_seed(3)
    halves = [part[torch.randperm(len(part), generator=generator)] for part in LABELS.chunk(2)]
    found = probe(copied(40), torch.cat(halves), CLASSES)
    assert float(found.accuracy.max()) < line(found.tested)


def test_noise_is_guessed() -> None:
    found = probe(noise(40, 5), LABELS, CLASSES)
    assert float(found.accuracy.max()) < line(found.tested)
    assert float(found.accuracy.mean()) == pytest.approx(0.25, abs=0.03)


def test_states_that_never_move_are_guessed_exactly_at_chance() -> None:
    still = torch.full((2, len(LABELS), 3), 0.7, dtype=torch.float64)
    assert probe(still, LABELS, CLASSES).accuracy.tolist() == [0.25, 0.25]


def test_what_it_learns_on_one_half_it_is_not_asked_about() -> None:
    """Many units and few sequences: the half it was fitted on would be read perfectly."""
    few = LABELS[:64]
    states = noise(1, 24)[:, :64]
    found = probe(states, few, CLASSES)
    again = probe(torch.cat([states[:, :32], states[:, :32]], dim=1), few, CLASSES)
    assert float(again.accuracy[0]) > 0.9
    assert float(found.accuracy[0]) < 0.6


def test_an_invertible_linear_map_of_the_state_changes_nothing() -> None:
    states = copied(4) + 0.8 * noise(4, 7, seed=1)
    turn = torch.randn(7, 7, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    first = probe(states, LABELS, CLASSES).accuracy
    second = probe(states @ turn + 3.0, LABELS, CLASSES).accuracy
    assert 0.3 < float(first.min()) < float(first.max()) < 1.0
    assert torch.equal(first, second)


def test_each_step_is_read_on_its_own() -> None:
    states = torch.cat([copied(1), noise(1, 7), copied(1, seed=2)])
    together = probe(states, LABELS, CLASSES).accuracy
    alone = [float(probe(states[t : t + 1], LABELS, CLASSES).accuracy) for t in range(3)]
    assert together.tolist() == alone


def test_the_discriminant_is_fishers() -> None:
    """Against the same rule written with one class and one sequence at a time."""
    states = copied(1) + 0.5 * noise(1, 7, seed=4)
    half = len(LABELS) // 2
    fitted, tested = states[0, :half], states[0, half:]
    means = torch.stack([fitted[LABELS[:half] == k].mean(dim=0) for k in range(CLASSES)])
    covariance = torch.zeros(7, 7, dtype=torch.float64)
    for state, label in zip(fitted, LABELS[:half], strict=True):
        covariance += torch.outer(state - means[label], state - means[label]) / half
    inverse = torch.linalg.inv(covariance)
    answers = [
        max(
            range(CLASSES),
            key=lambda k: float(x @ inverse @ means[k] - means[k] @ inverse @ means[k] / 2),
        )
        for x in tested
    ]
    right = sum(a == b for a, b in zip(answers, LABELS[half:].tolist(), strict=True)) / half
    assert float(probe(states, LABELS, CLASSES).accuracy) == right


def test_a_step_that_is_not_finite_has_no_accuracy_and_harms_no_other() -> None:
    states = copied(3)
    states[1, 5, 0] = math.inf
    found = probe(states, LABELS, CLASSES).accuracy
    assert found[[0, 2]].tolist() == [1.0, 1.0]
    assert math.isnan(float(found[1]))


def test_sizes_and_balance_are_refused_in_words() -> None:
    with pytest.raises(ValueError, match=r"expected states of shape \(time, 256, features\)"):
        probe(noise(2, 3)[:, :5], LABELS, CLASSES)
    with pytest.raises(ValueError, match=r"expected each of 4 classes equally often in each half"):
        probe(noise(2, 3), LABELS.sort().values, CLASSES)


def test_knowledge_is_read_at_any_scale() -> None:
    states = copied(2) + 0.5 * noise(2, 7, seed=6)
    expected = probe(states, LABELS, CLASSES).accuracy
    for scale in (1e-150, 1e-9, 1e9, 1e140):
        assert torch.equal(probe(states * scale, LABELS, CLASSES).accuracy, expected), scale
