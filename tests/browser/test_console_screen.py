"""The screen does not deceive: it redraws under load, says what has stopped and shares one stream among tabs."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from fairwatch.console.on_call import Nobody
from fairwatch.domain.clock import ManualClock, SystemClock
from fairwatch.stores.health import Health
from tests.console.test_waiting_api import AT, ENTRIES, Hub
from tests.support.browser_page import Page, needs_browser, start_browser
from tests.support.console_sample import fill_candidates
from tests.support.console_world import ConsoleWorld, console_world
from tests.support.incidents import Place
from tests.support.records import trigger

pytestmark = needs_browser
CALLED = {
    "schedules": [{"name": "guards", "people": "ann", "until": "2026-01-03T00:00 UTC"}],
    "policies": [{"policy": "night", "after": "0:02:00", "whom": "ann-phone"}],
}


class Called(Nobody):
    """Whom this test says to be called."""

    def __call__(self, _moment: int) -> dict[str, Any]:
        return CALLED

    def whom(self, _policy: str, _step: int, _moment: int) -> list[dict[str, str]]:
        siren = {"person": "", "receiver": "siren", "way": "mqtt"}
        return [{"person": "ann", "receiver": "ann-mail", "way": "email"}, siren]


GATES = {"from": "gate-1", "to": "gate-2", "min": "60s", "max": "10m"}
CHOOSE = """
const [note, into] = ["incident-note", "incident-into"].map((id) => document.getElementById(id));
note.value = "one visit"; note.dispatchEvent(new Event("input"));
into.selectedIndex = 1; into.dispatchEvent(new Event("change"));
"""  # in one step: the page may be drawn anew between two
WHY = """
const why = document.getElementById("site-reason");
why.value = "delivery"; why.dispatchEvent(new Event("input"));
"""
PLATE = {"rule": "plates", "event_type": "watchlist.plate", "entry_id": "e", "site_name": "Harbour Station"}


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    driver = start_browser(tmp_path_factory.mktemp("chrome"))
    yield driver
    driver.quit()


@pytest.fixture
def browser(chrome: WebDriver) -> WebDriver:
    """A browser with one empty tab that nobody is signed in with; to start one takes seconds."""
    first, *others = chrome.window_handles
    for tab in others:
        chrome.switch_to.window(tab)
        chrome.close()
    chrome.switch_to.window(first)
    chrome.get("about:blank")
    chrome.execute_cdp_cmd("Network.clearBrowserCookies", {})
    chrome.get_log("browser")  # what the last test's page said when its server ended
    return chrome


@pytest.fixture
async def world(valkey: str, tmp_path: Path) -> AsyncIterator[ConsoleWorld]:
    async with console_world(valkey, tmp_path, clock=SystemClock(), calls=Called()) as running:
        yield running


async def alive(world: ConsoleWorld, valkey: str) -> None:
    """Let `project` say for ever that it lives."""
    health = Health(valkey)
    try:
        while True:
            await health.heartbeat("project", "p-1", {"ready": True, "at": world.clock.now()})
            await asyncio.sleep(0.5)
    finally:
        await health.close()


def press(page: Page, keys: str) -> None:
    page.driver.switch_to.active_element.send_keys(keys)


async def test_list_redraws_each_second_while_fifty_changes_a_second_come_in(
    world: ConsoleWorld, browser: WebDriver
) -> None:
    page = Page(browser, world.url)
    await asyncio.to_thread(page.sign_in, "olga")
    await asyncio.to_thread(page.wait, "#link-state", "Live")
    ended = asyncio.Event()

    async def flood() -> None:
        for n in range(10_000):
            await world.fold("alerts", trigger(n=0, revision=n, title=f"Change {n}", at=world.clock.now()))
            if ended.is_set():
                return
            await asyncio.sleep(0.02)

    flooding = asyncio.create_task(flood())
    script = "return document.querySelector('.row-title')?.innerText || ''"
    seen: set[str] = set()
    for _ in range(12):
        await asyncio.sleep(0.25)
        seen.add(await asyncio.to_thread(browser.execute_script, script))
    ended.set()
    await flooding
    assert len(seen - {""}) > 1, f"three seconds showed {seen}"


async def test_page_says_within_seconds_that_project_has_stopped_and_that_it_is_back(
    world: ConsoleWorld, valkey: str, browser: WebDriver
) -> None:
    page = Page(browser, world.url)
    lives = asyncio.create_task(alive(world, valkey))
    await asyncio.to_thread(page.sign_in, "ben")
    await asyncio.sleep(2)
    assert "project is silent" not in await asyncio.to_thread(lambda: browser.find_element(By.ID, "banner").text)
    lives.cancel()
    await asyncio.wait([lives])
    began = time.monotonic()
    await asyncio.to_thread(page.wait, "#banner", "project is silent")
    assert time.monotonic() - began < 6
    lives = asyncio.create_task(alive(world, valkey))
    gone = "return !document.getElementById('banner').innerText.includes('project is silent')"
    async with asyncio.timeout(6):
        while not await asyncio.to_thread(browser.execute_script, gone):
            pass
    lives.cancel()
    await asyncio.wait([lives])


async def test_page_says_within_seconds_that_the_console_hangs(world: ConsoleWorld, browser: WebDriver) -> None:
    page = Page(browser, world.url)
    await asyncio.to_thread(page.sign_in, "olga")
    slow = {"offline": False, "latency": 60_000, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", slow)
    began = time.monotonic()
    try:
        await asyncio.to_thread(page.wait, "#banner", "The console does not answer")
        assert time.monotonic() - began < 6
    finally:
        browser.execute_cdp_cmd("Network.emulateNetworkConditions", {**slow, "latency": 0})


async def test_seven_tabs_of_one_browser_all_stay_live(world: ConsoleWorld, browser: WebDriver) -> None:
    page = Page(browser, world.url)
    await asyncio.to_thread(page.sign_in, "olga")

    def open_tabs() -> list[str]:
        for _ in range(6):
            browser.switch_to.new_window("tab")
            browser.get(page.url)
            page.wait("#main h1", "Alerts")
        return list(browser.window_handles)

    tabs = await asyncio.to_thread(open_tabs)
    await world.fold("alerts", trigger(at=world.clock.now(), title="Seen in every tab"))

    def look() -> None:
        for tab in tabs:
            browser.switch_to.window(tab)
            page.wait(".row-title", "Seen in every tab")
            page.wait("#link-state", "Live")

    await asyncio.to_thread(look)
    await asyncio.to_thread(browser.close)  # whichever holds the stream, another takes it over
    await world.fold("alerts", trigger("next", n=1, at=world.clock.now(), title="After one is closed"))

    def look_again() -> None:
        for tab in tabs[:-1]:
            browser.switch_to.window(tab)
            page.wait(".row-title", "After one is closed")

    await asyncio.to_thread(look_again)


async def test_alert_is_answered_with_keys(world: ConsoleWorld, browser: WebDriver) -> None:
    alert = trigger(at=world.clock.now(), title="Fence cut")
    await world.fold("alerts", alert)
    page = Page(browser, world.url)

    def answer() -> None:
        page.sign_in("olga")
        page.click(".row")
        page.wait("[data-deed=ACKNOWLEDGE]:not([disabled])", "Acknowledge")
        press(page, "a")
        page.wait("[data-deed=COMMENT]:not([disabled])", "Comment")
        press(page, "n")
        press(page, "The guard is on the way, and claims nothing.")
        page.click("[data-outcome]")
        page.wait("[data-deed=CLOSE]:not([disabled])", "Close")
        press(page, "h")
        page.wait("#deed-to", "Ann Bauer")
        page.click("[data-outcome]")
        page.wait("[data-deed=CLOSE]:not([disabled])", "Close")
        press(page, "x")
        page.click("[data-outcome=FALSE]")
        page.wait("[data-deed=CLOSE]:not([disabled])", "Close")

    await asyncio.to_thread(answer)
    deeds = world.publisher.records("alert-actions")
    assert [(deed["action"], deed["actor"], deed["outcome"]) for deed in deeds] == [
        ("ACKNOWLEDGE", "olga", "NONE"),
        ("COMMENT", "olga", "NONE"),
        ("HAND_OVER", "olga", "NONE"),
        ("CLOSE", "olga", "FALSE"),
    ]
    assert deeds[2]["to"] == "ann"
    assert deeds[1]["note"] == "The guard is on the way, and claims nothing."


async def test_alert_shows_what_raised_it_and_what_of_it_goes_on(world: ConsoleWorld, browser: WebDriver) -> None:
    def cause(n: int, state: str) -> dict[str, Any]:
        return {"cause_id": f"c{n}", "kind": "CONDITION", "state": state, "device_id": f"gate-{n}",
                "event_type": "tamper.covered", "started_at": AT, "updated_at": AT}  # fmt: skip

    named = [cause(0, "FIRING"), cause(1, "ENDED"), cause(2, "STALE")]
    more = {"causes": named, "firing": 150, "changes": 7, "escalation_step": 2, "parameters": {"answer_lapsed": "ann"}}
    await world.fold("alerts", trigger(at=world.clock.now(), title="Fence cut", **more))
    page = Page(browser, world.url)

    def look() -> None:
        page.sign_in("olga")
        page.click(".row")
        for text in ("What raised it, 150 of it going on", "Not heard of any more", "gate-2", "The newest 1 of 150",
                     "Show all", "On and off", "7 times", "Answered no more by"):  # fmt: skip
            page.wait(".pane", text)
        page.click("#on-call summary")
        for text in ("guards: ann, until 2026-01-03T00:00 UTC", "night, after 0:02:00: ann-phone"):
            page.wait("#on-call", text)

    await asyncio.to_thread(look)


async def test_alert_says_who_is_called_next_and_when(world: ConsoleWorld, browser: WebDriver) -> None:
    now = world.clock.now()
    comes = {"policy": "night", "state": "DUE", "step": 2, "due_at": now + 250_000_000}
    await world.fold("alerts", trigger(at=now, title="Fence cut", escalation=comes))
    page = Page(browser, world.url)

    def look() -> None:
        page.sign_in("olga")
        page.click(".row")
        page.wait("#next-call strong", "Ann Bauer, e-mail; siren, MQTT")
        page.wait("#next-call .countdown", "in 4 min")

    await asyncio.to_thread(look)


async def test_alert_is_snoozed_after_a_preview_and_not_before(world: ConsoleWorld, browser: WebDriver) -> None:
    alert = trigger(at=world.clock.now(), title="Fence cut", site_id="harbour")
    await world.fold("alerts", alert)
    world.told.append(alert)
    page = Page(browser, world.url)

    def snooze() -> None:
        page.sign_in("olga")
        page.click(".row")
        page.wait("[data-deed=SNOOZE]", "Snooze")
        press(page, "s")
        page.wait("#silence-form label", "Which alerts?")
        assert not browser.find_element(By.ID, "silence-add").is_enabled(), "nothing is silenced without a preview"
        browser.find_element(By.ID, "silence-reason").send_keys("A guard is there.")
        page.click("#silence-preview")
        page.wait("#silence-found", "Fence cut")
        page.click("#silence-add:not([disabled])")
        page.wait(".silences", "A guard is there.")
        page.click("[data-deed^='end']")
        page.wait(".silences", "Ended")

    await asyncio.to_thread(snooze)
    made, ended = world.publisher.records("silences")
    assert made["matchers"] == [f'alert_id="{alert["alert_id"]}"', 'site_id="harbour"']
    assert (ended["silence_id"], ended["expired_by"]) == (made["silence_id"], "olga")
    assert page.complaints() == []


async def test_double_enter_decides_nothing(world: ConsoleWorld, browser: WebDriver) -> None:
    await fill_candidates(world, world.clock.now())
    page = Page(browser, world.url)

    def hurry() -> bool:
        page.sign_in("ann")
        page.click("[data-view=review]")
        page.click(".rows li .row")
        page.wait(".pane h2", "same person")
        assert page.pictures() == 2
        page.click("[data-decision=MATCH]")
        page.wait(".confirmation", "needed")
        press(page, Keys.ENTER)
        press(page, Keys.ENTER)
        return browser.find_element(By.ID, "send-decision").is_enabled()

    assert not await asyncio.to_thread(hurry), "without a reason nothing can be sent"
    assert world.publisher.records("verifications") == []


def looks(page: Page) -> None:
    """Sign in as an operator, look at an incident, split it and merge it; then disarm a site."""
    page.sign_in("olga")
    page.wait("[data-view=incidents]", "Incidents")
    page.click("[data-view=incidents]")
    page.wait(".row-title", "Access")
    page.click(".row:has(.pill.bad)")
    page.wait("#timeline", "Too fast: 20 s")
    page.wait("#timeline", "access.denied")
    page.keep("incident")
    page.click("#timeline a[href='#/alerts/alert-2']")
    page.click("#alert-incidents a")
    page.wait("#timeline", "access.denied")
    page.click("[data-deed^='split ']")
    page.click("[data-deed=split]")
    page.wait("#incident-told", "The split is taken.")
    page.driver.execute_script(CHOOSE)
    page.wait("[data-deed=merge]:not([disabled])")
    page.click("[data-deed=merge]")
    page.wait("#incident-told", "The merge is taken.")
    page.click("[data-view=sites]")
    page.click("[data-deed='site harbour']")
    page.wait("#site-reason")
    page.driver.execute_script(WHY)
    page.click("#site-send")
    page.wait(".silences li .muted", "Disarmed by Olga Lind")


async def test_an_operator_sees_what_happened_and_says_what_belongs_together(
    world: ConsoleWorld, browser: WebDriver
) -> None:
    place = Place(transits=[GATES])
    await place.sees(1, at=0, device="gate-1", **PLATE)
    await place.sees(2, at=20, device="gate-2", **PLATE)
    for number, at in ((3, 70), (4, 900)):
        await place.sees(number, at=at, device="door-1", event_type="access.denied", rule="doors")
    await world.fold("alerts", trigger("plates|gate-2", alert_id="alert-2", revision=0))
    await world.fold("incidents", *place.incidents.values())
    await asyncio.to_thread(looks, Page(browser, world.url))
    deeds = world.publisher.records("incident-actions")
    assert [(deed["action"], deed["alerts"], deed["note"]) for deed in deeds] == [
        ("SPLIT", ["alert-1"], ""), ("MERGE", [], "one visit"),
    ]  # fmt: skip
    [change] = world.publisher.records("site-armings")[-1]["changes"]
    assert (change["armed"], change["by"], change["reason"]) == (False, "olga", "delivery")
    assert Page(browser, world.url).complaints() == []


def agrees(page: Page) -> None:
    """Sign in as an approver, look at the list that waits, and agree to it."""
    page.sign_in("otto")
    page.wait("#badge-waiting", "1")
    page.click("[data-view=waiting]")
    page.wait(".row-title", "3 entries under auth-1")
    page.click(".rows .row")
    page.wait(".pane h2", "Watchlist entries")
    page.click("#waiting-look")
    page.wait("#waiting-entries", "ABC2")
    page.keep("waiting")
    page.click("[data-decision=APPROVE]:not([disabled])")
    page.wait(".empty-title", "Nothing waits")


async def test_an_approver_sees_a_list_that_waits_and_agrees_to_it(
    valkey: str, tmp_path: Path, browser: WebDriver
) -> None:
    hub = Hub(tmp_path)
    hub.asks(*ENTRIES)
    async with console_world(valkey, tmp_path, clock=ManualClock(AT + 100), waiting=hub.desk) as world:
        world.publisher.followed["watchlist-entries"] = hub.topics["watchlist-entries"]
        await asyncio.to_thread(agrees, Page(browser, world.url))
        assert [record["approved_by"] for record in world.publisher.records("watchlist-entries")] == ["otto"] * 3
        assert Page(browser, world.url).complaints() == []
