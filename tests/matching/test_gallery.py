"""The search is exact, compares only what is admitted, and never across template spaces."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairwatch.matching.faces import Template
from fairwatch.matching.gallery import Gallery

SPACE = "test-v1"


def template(values: np.ndarray, space: str = SPACE) -> Template:
    return Template(np.asarray(values, np.float32), space, 1.0)


def gallery(rows: np.ndarray, pictures: int = 1) -> Gallery:
    made = Gallery(SPACE, rows.shape[1])
    for n, row in enumerate(rows):
        made.put(f"e{n // pictures}", f"p{n}", template(row))
    return made


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.floats(0.1, 3.0))
def test_it_finds_exactly_what_comparing_everything_finds(seed: int, size: int, limit: float) -> None:
    rng = np.random.default_rng(seed)
    rows, probe = rng.normal(size=(size, 4)).astype(np.float32), rng.normal(size=4).astype(np.float32)
    admitted = {f"e{n}" for n in range(size) if n % 3}
    hits = gallery(rows).search(template(probe), admitted, limit)
    exact = np.linalg.norm(rows.astype(float) - probe, axis=1)
    wanted = sorted((d, f"e{n}") for n, d in enumerate(exact) if f"e{n}" in admitted and d < limit)
    assert [hit.entry_id for hit in hits] == [entry_id for _, entry_id in wanted]
    assert [hit.distance for hit in hits] == pytest.approx([d for d, _ in wanted])


def test_the_nearest_picture_speaks_for_its_entry_and_the_runner_up_is_another() -> None:
    rows = np.array([[0.0, 0.3], [0.0, 0.1], [0.0, 2.0], [0.0, 3.0]])
    (hit,) = gallery(rows, pictures=2).search(template(np.zeros(2)), {"e0", "e1"}, 0.5)
    assert (hit.entry_id, hit.picture) == ("e0", "p1")
    assert hit.distance == pytest.approx(0.1)
    assert hit.runner_up == pytest.approx(2.0)


def test_who_is_not_admitted_is_not_compared() -> None:
    made = gallery(np.zeros((2, 2)))
    assert [h.entry_id for h in made.search(template(np.zeros(2)), {"e1"}, 1.0)] == ["e1"]
    assert made.search(template(np.zeros(2)), set(), 1.0) == []


def test_spaces_are_never_compared() -> None:
    made = gallery(np.zeros((1, 2)))
    with pytest.raises(ValueError, match="space"):
        made.search(template(np.zeros(2), "other-v1"), {"e0"}, 1.0)
    with pytest.raises(ValueError, match="space"):
        made.put("e9", "p9", template(np.zeros(2), "other-v1"))


def test_what_is_removed_is_gone() -> None:
    made = gallery(np.zeros((2, 2)))
    made.remove("e0", "p0")
    made.remove("e0", "p0")
    assert len(made) == 1
    assert made.enrolled(["e0", "e1"]) == {"e1"}
    assert [h.entry_id for h in made.search(template(np.zeros(2)), {"e0", "e1"}, 1.0)] == ["e1"]
