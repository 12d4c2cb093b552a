"""Incidents in a real browser: what happened in order, what was too fast, and two of them made one."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from fairwatch.domain.clock import SystemClock
from tests.support.browser_page import Page, needs_browser, start_browser
from tests.support.console_world import console_world
from tests.support.incidents import Place

pytestmark = needs_browser
GATES = {"from": "gate-1", "to": "gate-2", "min": "60s", "max": "10m"}
CHOOSE = """
const [note, into] = ["incident-note", "incident-into"].map((id) => document.getElementById(id));
note.value = "one visit"; note.dispatchEvent(new Event("input"));
into.selectedIndex = 1; into.dispatchEvent(new Event("change"));
"""  # in one step: the page may be drawn anew between two
PLATE = {"rule": "plates", "event_type": "watchlist.plate", "entry_id": "e", "site_name": "Harbour Station"}


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[WebDriver]:
    driver = start_browser(tmp_path)
    yield driver
    driver.quit()


def looks(page: Page) -> None:
    """Sign in as an operator, look at an incident, split it and merge it."""
    page.sign_in("olga")
    page.wait("[data-view=incidents]", "Incidents")
    page.click("[data-view=incidents]")
    page.wait(".row-title", "Access")
    page.click(".row:has(.pill.bad)")
    page.wait("#timeline", "Too fast: 20 s")
    page.wait("#timeline", "access.denied")
    page.keep("incident")
    page.click("[data-deed^='split ']")
    page.click("[data-deed=split]")
    page.wait("#incident-told", "The split is taken.")
    page.driver.execute_script(CHOOSE)
    page.wait("[data-deed=merge]:not([disabled])")
    page.click("[data-deed=merge]")
    page.wait("#incident-told", "The merge is taken.")


async def test_an_operator_sees_what_happened_and_says_what_belongs_together(
    valkey: str, tmp_path: Path, browser: WebDriver
) -> None:
    place = Place(transits=[GATES])
    await place.sees(1, at=0, device="gate-1", **PLATE)
    await place.sees(2, at=20, device="gate-2", **PLATE)
    for number, at in ((3, 70), (4, 900)):
        await place.sees(number, at=at, device="door-1", event_type="access.denied", rule="doors")
    async with console_world(valkey, tmp_path, clock=SystemClock()) as world:
        await world.fold("incidents", *place.incidents.values())
        await asyncio.to_thread(looks, Page(browser, world.url))
        deeds = world.publisher.records("incident-actions")
        assert [(deed["action"], deed["alerts"], deed["note"]) for deed in deeds] == [
            ("SPLIT", ["alert-1"], ""), ("MERGE", [], "one visit"),
        ]  # fmt: skip
        assert Page(browser, world.url).complaints() == []
