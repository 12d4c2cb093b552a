"""The search is exact, compares only what is admitted, and never across template spaces."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairwatch.matching.admission import Admission
from fairwatch.matching.codes import Codes, decode
from fairwatch.matching.faces import Template
from fairwatch.matching.gallery import PROBES, Gallery
from fairwatch.matching.gallery_rows import Piece, Rows
from fairwatch.matching.readied import Readied
from fairwatch.matching.settling import WORTH, Settling
from fairwatch.matching.shard import Shard

SPACE = "test-v1"
ALL = Admission.under(["a0", "a1", "a2"])


def template(values: np.ndarray, space: str = SPACE) -> Template:
    return Template(np.asarray(values, np.float32), space, 1.0)


def gallery(rows: np.ndarray, pictures: int = 1, **sizes: int) -> Gallery:
    """Enrol rows as pictures of entries that rest on three authorisations in turn."""
    made = Gallery(SPACE, rows.shape[1], **sizes)
    for n, row in enumerate(rows):
        made.put(f"e{n // pictures}", f"p{n}", template(row), f"a{n // pictures % 3}")
    settle(made)
    return made


def settle(made: Gallery) -> None:
    work = made.settling()
    if work is not None:
        work.make()
        made.settled(work)


def brute_force(rows: np.ndarray, probe: np.ndarray, limit: float, pictures: int, without: set[str]) -> list[tuple]:
    """Compare everything under the first two authorisations, one row after the other, in double precision."""
    nearest: dict[str, tuple[float, str]] = {}
    for n, row in enumerate(rows):
        entry = f"e{n // pictures}"
        if n // pictures % 3 < 2 and entry not in without:
            measured = float(np.linalg.norm(row.astype(np.float64) - probe)), f"p{n}"
            nearest[entry] = min(nearest.get(entry, measured), measured)
    order = sorted((distance, entry, picture) for entry, (distance, picture) in nearest.items())
    after = [*(distance for distance, _, _ in order[1:]), None]
    return [(e, p, d, after[rank]) for rank, (d, e, p) in enumerate(order) if d < limit]


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.integers(1, 90),
    limit=st.floats(0.1, 3.0),
    dimensions=st.sampled_from([2, 4, 16, 33]),
    fresh=st.sampled_from([0, 40, 1000]),
)
def test_it_finds_exactly_what_comparing_everything_finds(
    seed: int, size: int, limit: float, dimensions: int, fresh: int
) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(size, dimensions)).astype(np.float32) * np.float32(0.7)
    probe = rows[rng.integers(size)] + rng.normal(size=dimensions).astype(np.float32) * np.float32(rng.random())
    without = {f"e{n}" for n in rng.integers(size, size=3)}
    found = gallery(rows, 2, fresh=fresh, shard=64).search(
        template(probe), Admission.under(["a0", "a1", "elsewhere"], without), limit
    )
    wanted = brute_force(rows, probe, limit, 2, without)
    assert [(hit.entry_id, hit.picture) for hit in found] == [(e, p) for e, p, _, _ in wanted]
    assert [hit.distance for hit in found] == pytest.approx([d for _, _, d, _ in wanted])
    assert [hit.runner_up for hit in found] == pytest.approx([r for _, _, _, r in wanted])


@pytest.mark.parametrize("clusters", [0, 12], ids=["random", "clustered"])
@pytest.mark.parametrize("dimensions", [128, 512])
def test_coded_rows_lose_nobody_at_the_sizes_of_real_models(dimensions: int, clusters: int) -> None:
    rng = np.random.default_rng(dimensions + clusters)
    rows = rng.normal(size=(6000, dimensions)).astype(np.float32)
    if clusters:  # faces that are alike, as those of one family or one camera
        rows = (
            rows * np.float32(0.2)
            + rng.normal(size=(clusters, dimensions)).astype(np.float32)[rng.integers(clusters, size=len(rows))]
        )
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    made = gallery(rows, fresh=0, shard=4096)
    probes = rows[:12] + rng.normal(size=(12, dimensions)).astype(np.float32) * np.float32(0.03)
    found = made.search_all([template(probe) for probe in probes], ALL, 0.9)
    double = rows.astype(np.float64)
    distances = [np.linalg.norm(double - probe, axis=1) for probe in probes]
    assert sum(map(len, found)) > 0
    for hits, exact in zip(found, distances, strict=True):
        assert {hit.entry_id for hit in hits} == {f"e{n}" for n in np.flatnonzero(exact < 0.9)}


@pytest.mark.parametrize("fresh", [0, 100])
def test_many_probes_together_find_what_each_finds_alone(fresh: int) -> None:
    rng = np.random.default_rng(fresh)
    rows = rng.normal(size=(900, 64)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    made = gallery(rows[:850], 2, fresh=fresh, shard=200)
    for n, row in enumerate(rows[850:]):
        made.put(f"late{n}", f"p{n}", template(row), "a0")
    probes = rng.normal(size=(2 * PROBES + 5, 64)) / 8
    probes[::3] = rows[rng.integers(len(rows), size=len(probes[::3]))] + probes[::3] * 0.3
    some = [template(probe) for probe in probes]
    alone = [made.search(probe, ALL, 0.8) for probe in some]
    assert made.search_all(some, ALL, 0.8) == alone
    assert 0 < sum(map(bool, alone)) < len(some), "some are near a row, others are not"


def bounds_of(shard: Shard, probes: np.ndarray) -> np.ndarray:
    """Return the bounds of all rows, after looking whether `places` leaves the same rows."""
    reach = shard.reach(Readied.of(probes), np.ones(len(shard.rows), bool))
    bounds = np.stack([reach.bounds(number) for number in range(len(probes))])
    for number, row in enumerate(bounds):
        for needed in np.quantile(row, [0, 0.5, 0.99, 1]):
            left = set(reach.places(number, needed).tolist())
            assert set(np.flatnonzero(row > needed + 1e-6)) <= left <= set(np.flatnonzero(row >= needed - 1e-6))
    return bounds


def test_few_rows_are_left_to_be_measured_one_by_one() -> None:
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(8192, 512)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    shard = Shard(rows)
    assert shard.coded
    bounds = bounds_of(shard, rows[:16])
    exact = rows[:16].astype(np.float64) @ rows.T.astype(np.float64) - 0.5
    assert (bounds >= exact).all(), "a bound is never below the truth"
    floor = (1 - 1.1**2) / 2  # alike by 0.4 of 1
    assert (bounds >= floor).sum(1).mean() < 4


def test_a_shard_whose_codes_are_still_read_gets_them_back(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(7).normal(size=(64, 32)).astype(np.float32)

    def unpacked(lent: Any, codes: Codes, *_: int) -> Any:
        class Unpacked:  # as onnxruntime where the processor has no product of four bits
            def run(self, _: None, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
                there = replace(codes, packed=lent.values["codes"].numpy(), scales=lent.values["scales"].numpy())
                return [(feeds["probes"] @ decode(there, np.arange(64)).T).astype(np.float32)]

        return Unpacked()

    monkeypatch.setattr("fairwatch.matching.shard._session", unpacked)
    shard = Shard(rows)
    assert shard.coded
    exact = rows[:3].astype(np.float64) @ rows.T - (rows.astype(np.float64) ** 2).sum(1) / 2
    assert (bounds_of(shard, rows[:3]) >= exact).all()


def test_a_processor_that_multiplies_wrongly_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(6).normal(size=(64, 32)).astype(np.float32)

    class Wrong:
        def run(self, _: None, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
            return [np.zeros((len(feeds["probes"]), len(rows)), np.float32)]

    monkeypatch.setattr("fairwatch.matching.shard._session", lambda *_: Wrong())
    shard = Shard(rows)
    assert not shard.coded
    exact = rows[:3].astype(np.float64) @ rows.T - (rows.astype(np.float64) ** 2).sum(1) / 2
    assert (bounds_of(shard, rows[:3]) >= exact).all()


@pytest.mark.parametrize("fresh", [0, 100])
def test_the_nearest_picture_speaks_for_its_entry_and_the_runner_up_is_another(fresh: int) -> None:
    rows = np.array([[0.0, 0.3], [0.0, 0.1], [0.0, 2.0], [0.0, 3.0]])
    (hit,) = gallery(rows, 2, fresh=fresh).search(template(np.zeros(2)), ALL, 0.5)
    assert (hit.entry_id, hit.picture) == ("e0", "p1")
    assert hit.distance == pytest.approx(0.1)
    assert hit.runner_up == pytest.approx(2.0)


@pytest.mark.parametrize("fresh", [0, 100])
def test_who_is_not_admitted_is_not_compared(fresh: int) -> None:
    made = gallery(np.zeros((2, 2)), fresh=fresh)
    probe = template(np.zeros(2))
    assert [h.entry_id for h in made.search(probe, Admission.under(["a1"]), 1.0)] == ["e1"]
    assert [h.entry_id for h in made.search(probe, Admission.under(["a0", "a1"], ["e0"]), 1.0)] == ["e1"]
    assert made.search(probe, Admission(), 1.0) == []
    assert made.enrolled(Admission.under(["a1"]))
    assert not made.enrolled(Admission.under(["a2"]))


def test_spaces_are_never_compared() -> None:
    made = gallery(np.zeros((1, 2)))
    with pytest.raises(ValueError, match="space"):
        made.search(template(np.zeros(2), "other-v1"), ALL, 1.0)
    with pytest.raises(ValueError, match="space"):
        made.put("e9", "p9", template(np.zeros(2), "other-v1"))


@pytest.mark.parametrize("fresh", [0, 100])
def test_what_is_removed_is_gone(fresh: int) -> None:
    made = gallery(np.zeros((2, 2)), fresh=fresh)
    made.remove("e0", "p0")
    made.remove("e0", "p0")
    assert len(made) == 1
    assert [h.entry_id for h in made.search(template(np.zeros(2)), ALL, 1.0)] == ["e1"]


def test_a_shard_forgets_what_was_removed_as_soon_as_it_is_made_anew() -> None:
    made = gallery(np.zeros((4, 2)), fresh=0)
    assert made.settling() is None
    made.remove("e0", "p0")
    settle(made)
    assert len(made) == 3
    assert made.settling() is None


def test_rows_that_come_and_go_while_a_shard_is_made_are_as_they_should_be() -> None:
    made = gallery(np.zeros((6, 2)), fresh=100)
    made._most_fresh = 0  # so that these few are worth a shard
    work = made.settling()
    assert work is not None
    made.remove("e1", "p1")
    made.put("e2", "p2", template(np.ones(2) * 9), "a2")
    made.put("late", "p", template(np.zeros(2)), "a0")
    work.make()
    made.settled(work)
    found = made.search(template(np.zeros(2)), ALL, 1.0)
    assert sorted(hit.entry_id for hit in found) == ["e0", "e3", "e4", "e5", "late"]
    assert [hit.entry_id for hit in made.search(template(np.ones(2) * 9), ALL, 1.0)] == ["e2"]


@pytest.mark.parametrize(("alone", "shards"), [(False, [WORTH, WORTH]), (True, [2 * WORTH])])
def test_rows_that_are_worth_two_threads_become_two_shards_or_one_with_two(alone: bool, shards: list[int]) -> None:
    count = 2 * WORTH
    names = [str(n) for n in range(count)]
    rows = Rows(Piece(np.ones((count, 2), np.float32), names, names, np.zeros(count, np.int32)))
    work = Settling([rows], shard=count, alone=alone)
    work.make()
    rows.remove(names[-1], names[-1])
    made = work.outcome()
    assert [len(each) for each in made] == shards
    assert sum(each.living for each in made) == count - 1
