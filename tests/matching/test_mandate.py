"""What may be searched for at a place follows the lists as they stand, however often it was asked before."""

from typing import Any

import pytest

from fairwatch.domain.history import REMEMBERED
from fairwatch.matching.mandate import Mandate
from tests.support.records import AT, sighting
from tests.support.watchlist import HOUR, authorisation, entry, lists


class Asked:
    """A mandate that has been asked, so that it has its answer by heart; then its lists change."""

    def __init__(self, **fields: Any) -> None:
        self.lists = lists(authorisations=[authorisation(**fields)])
        entries, authorisations, sites = (self.lists[n] for n in ("watchlist-entries", "authorisations", "sites"))
        self.mandate = Mandate(entries, authorisations, sites, "REALTIME")

    def admits(self) -> list[str]:
        self.mandate.refresh()
        place = self.mandate.place(sighting())  # type: ignore[arg-type]  # a valid record
        listed = [entry_id for entry_id, _ in self.lists["watchlist-entries"].items()]
        admitted = [entry_id for entry_id in listed if self.mandate.admit(entry_id, place, at=AT, now=AT)]
        assert self.mandate.admission("PLATE", place, at=AT, now=AT).size == len(admitted)
        assert self.mandate.admits("PLATE", place, at=AT, now=AT) == bool(admitted)
        return admitted

    def changes(self, **fields: Any) -> None:
        self.lists["authorisations"].put("auth-1", authorisation(**fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"site_ids": ["elsewhere"]},
        {"site_ids": []},
        {"kinds": ["FACE"]},
        {"modes": ["RETROSPECTIVE"]},
        {"state": "REVOKED"},
        {"valid_until": AT},
        {"valid_from": AT + HOUR},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_an_authorisation_that_no_longer_reaches_here_admits_nothing_and_again_when_it_does(
    fields: dict[str, Any],
) -> None:
    asked = Asked()
    assert asked.admits() == ["entry-1"]
    asked.changes(**fields)
    assert asked.admits() == []
    asked.changes()
    assert asked.admits() == ["entry-1"]


def test_an_authorisation_that_comes_to_reach_here_admits_its_entries() -> None:
    asked = Asked(site_ids=["elsewhere"])
    assert asked.admits() == []
    asked.changes(site_ids=["elsewhere"], device_ids=["cam-1"])
    assert asked.admits() == ["entry-1"]


def test_a_site_that_moves_out_of_the_area_is_no_longer_reached() -> None:
    asked = Asked(site_ids=[], areas=["east"])
    assert asked.admits() == ["entry-1"]
    asked.lists["sites"].put("harbour", {"site_id": "harbour", "areas": ["west"]})
    assert asked.admits() == []


def test_an_authorisation_that_is_gone_admits_nothing() -> None:
    asked = Asked()
    assert asked.admits() == ["entry-1"]
    asked.lists["authorisations"].remove("auth-1")
    assert asked.admits() == []


def test_an_entry_that_changes_hands_goes_by_its_new_authorisation() -> None:
    asked = Asked()
    assert asked.admits() == ["entry-1"]
    asked.lists["authorisations"].put("auth-2", authorisation("auth-2", site_ids=["elsewhere"]))
    asked.lists["watchlist-entries"].put("entry-1", entry(authorisation_id="auth-2"))
    assert asked.admits() == []


def test_an_entry_under_a_key_that_is_not_its_own_is_not_listed() -> None:
    asked = Asked()
    asked.lists["watchlist-entries"].put("entry-2", entry("entry-9"))
    assert asked.admits() == ["entry-1"]
    asked.lists["watchlist-entries"].put("entry-1", entry("entry-9"))
    assert asked.admits() == []


def test_more_changes_than_are_remembered_are_all_taken_up() -> None:
    asked = Asked()
    assert asked.admits() == ["entry-1"]
    for _ in range(REMEMBERED + 1):
        asked.lists["watchlist-entries"].put("entry-2", entry("entry-2"))
    asked.lists["watchlist-entries"].remove("entry-1")
    assert asked.admits() == ["entry-2"]
