"""The page in a real browser: sign in, see an alert, decide on a candidate with two pictures."""

import asyncio
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from fairwatch.console.audit_log import AuditDesk, Wanted
from fairwatch.domain.clock import SystemClock
from tests.console.test_audit_api import LOG
from tests.support.audit_log import look
from tests.support.browser_page import Page, needs_browser, start_browser
from tests.support.console_sample import beat, fill
from tests.support.console_world import console_world
from tests.support.records import trigger

pytestmark = needs_browser


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[WebDriver]:
    driver = start_browser(tmp_path, os.environ.get("FAIRWATCH_SCREENSHOT_SCHEME", "light"))
    yield driver
    driver.quit()


def before(page: Page) -> None:
    """Sign in, look around and decide."""
    page.driver.set_window_size(1360, 860)
    page.sign_in("ann")
    page.wait(".row-title", "Stolen car, reference 4471")
    page.wait("#link-state", "Live")
    page.keep("alerts")
    page.click(".row:has(.extreme)")
    page.wait(".pane h2", "Stolen car")
    page.keep("alert")
    page.driver.get(page.url + "/#/pipeline")
    page.wait(".light.silent", "Silent")
    page.keep("pipeline")
    page.click("[data-view=review]")
    page.click(".rows li:has(.pill.warn) .row")
    page.wait(".pane h2", "Is this the same person?")
    assert page.pictures() == 2
    page.keep("review")
    page.click("[data-decision=MATCH]")
    page.wait(".confirmation", "cannot be changed")
    page.write("reason", "ear and hairline")
    page.click("#send-decision")
    page.wait(".card-title", "Waiting for a second person")
    page.keep("waiting")
    page.driver.get(page.url + "/#/review")
    page.click(".row:has([title=Plate])")
    page.wait(".plate-note", "differs, marked")
    page.keep("plate")
    page.click("[data-view=alerts]")
    page.wait("h1", "Alerts")


def checks(page: Page) -> None:
    """Sign in as an auditor and look where an alert comes from."""
    page.sign_in("audra")
    page.click(".row:has(.extreme)")
    page.click("#lineage-ask")
    page.wait("#lineage", "court")
    page.keep("lineage")
    page.click("[data-view=audit]")
    page.wait("h1", "Audit log")
    page.write("audit-actor", "dora")
    page.click("#audit-ask")
    page.wait("#audit-state", "Not anchored here")
    page.wait("#audit-records", "export.refused")
    page.keep("audit")


async def reads(wanted: Wanted) -> Mapping[str, Any]:
    return look(LOG, wanted, [], ())


async def explains(_: str) -> dict[str, Any]:
    facts = {"authority": "court", "score": 0.97, "receivers": ["control-room"]}
    return {"chain": [{"step": "authorisation", "status": "found", "why": "as it is now", "facts": [facts]}]}


async def test_person_signs_in_sees_an_alert_and_confirms(valkey: str, tmp_path: Path, browser: WebDriver) -> None:
    async with console_world(valkey, tmp_path, clock=SystemClock(), lineage=explains, audit=AuditDesk(reads)) as world:
        await fill(world)
        await beat(valkey)
        page = Page(browser, world.url)
        await asyncio.to_thread(before, page)
        (given,) = world.publisher.records("verifications")
        assert (given["reviewer"], given["decision"], given["reason"]) == ("ann", "MATCH", "ear and hairline")
        assert world.publisher.actions().count("media.viewed") >= 2
        await world.fold("alerts", trigger("new", at=world.clock.now(), title="Fence cut", severity="SEVERE"))
        await asyncio.to_thread(page.wait, ".row-title", "Fence cut")  # by itself
        assert await asyncio.to_thread(page.complaints) == []
        await asyncio.to_thread(page.click, "#sign-out")
        await asyncio.to_thread(page.wait, "#sign-in-why", "signed out")
        await asyncio.to_thread(page.keep, "sign-in")
        await asyncio.to_thread(checks, page)
        assert world.publisher.actions()[-2:] == ["alert.explained", "audit.viewed"]
