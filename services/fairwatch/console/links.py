"""The page behind a signed link: looking at it does nothing, its button does what the link allows."""

from html import escape

from aiohttp import web

from fairwatch.console.desk import DESK
from fairwatch.console.signing import answered_by_link
from fairwatch.policy.deeds import LINK, SENTENCES, make, objection
from fairwatch.policy.links import Link, read_link
from fairwatch.stores.read_model import Subject

GONE = "This link is not valid, or not any more. Sign in to the console instead."
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<title>Fairwatch</title><link rel="stylesheet" href="/static/console.css"></head>
<body><section class="sign-in"><div class="card"><h1>{title}</h1><p>{text}</p>{form}</div></section></body></html>
"""
FORM = '<form method="post"><button class="primary">Acknowledge</button></form>'


async def show(request: web.Request) -> web.Response:
    """Show what the link is about; programs that look at links for people change nothing."""
    link, alert = await _meant(request)
    if link is None or alert is None:
        return _page("Not valid", GONE, status=404)
    record = alert.parts["alert"]
    where = record.get("site_name") or record.get("site_id") or ""
    text = f"{where}: you say, as {link.receiver}, that somebody has seen it and looks after it."
    return _page(record["title"], text.removeprefix(": "), FORM)


async def use(request: web.Request) -> web.Response:
    """Do what the link allows."""
    link, alert = await _meant(request)
    if link is None or alert is None:
        return _page("Not valid", GONE, status=404)
    desk, record = request.app[DESK], alert.parts["alert"]
    actor = f"receiver:{link.receiver}"
    site = [record["site_id"]] if record.get("site_id") else []
    identity = f"{actor} {link.action} {link.expires_at}"
    deed = make(record, link.action, actor, LINK, desk.clock.now(), sites=site, via=LINK, identity=identity)
    against = objection(record, deed)
    if against is not None:
        return _page(record["title"], SENTENCES[against], status=409)
    await desk.publisher.publish("alert-actions", deed["group"], answered_by_link(desk, deed))
    return _page(record["title"], "Acknowledged. Everybody who was told of it hears so.")


async def _meant(request: web.Request) -> tuple[Link | None, Subject | None]:
    desk = request.app[DESK]
    link = read_link(request.match_info["token"], desk.config.link_key)
    if link is None or link.expires_at <= desk.clock.now():
        return None, None
    return link, await desk.read_model.get("alert", link.alert_id)


def _page(title: str, text: str, form: str = "", status: int = 200) -> web.Response:
    body = PAGE.format(title=escape(title), text=escape(text), form=form)
    return web.Response(text=body, content_type="text/html", status=status)
