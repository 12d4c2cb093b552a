"""Puts the console together: routes, who may call them, and the page."""

from pathlib import Path

from aiohttp import web

from fairwatch.console import (
    alerts,
    audit_log,
    candidates,
    causes,
    deeds,
    incidents,
    lineage,
    links,
    live,
    on_call,
    pictures,
    pipeline,
    sign_in,
    silences,
    sites,
    waiting,
    watch,
)
from fairwatch.console.desk import DESK, Desk
from fairwatch.console.desks import Desks
from fairwatch.console.guard import RULES, Handler, Rule, doorkeeper, errors, secure_headers
from fairwatch.domain.errors import RetryableError

STATIC = Path(__file__).parent / "static"
MAX_BODY = 16 * 1024

OPEN = Rule(open=True)
ROUTES: tuple[tuple[str, str, Handler, Rule], ...] = (
    ("POST", "/api/session", sign_in.sign_in, OPEN),
    ("DELETE", "/api/session", sign_in.sign_out, Rule()),
    ("GET", "/api/me", sign_in.me, Rule(touch=True)),
    ("GET", "/api/alerts", alerts.list_alerts, Rule(action="alert.view")),
    ("GET", "/api/alerts/{id}", alerts.get_alert, Rule(action="alert.view")),
    ("GET", "/api/alerts/{id}/causes", causes.list_causes, Rule(action="alert.view", touch=True)),
    ("GET", "/api/alerts/{id}/lineage", lineage.explain_alert, Rule(action="alert.explain", touch=True)),
    ("POST", "/api/alerts/{id}/actions", deeds.act, Rule(action="alert.act", touch=True)),
    ("GET", "/api/incidents", incidents.list_incidents, Rule(action="alert.view")),
    ("GET", "/api/incidents/{id}", incidents.get_incident, Rule(action="alert.view")),
    ("POST", "/api/incidents/{id}/actions", incidents.act, Rule(action="alert.act", touch=True)),
    ("GET", "/api/people", deeds.people_who_act, Rule(action="alert.act")),
    ("GET", "/api/oncall", on_call.who_is_called, Rule(action="alert.act")),
    ("GET", "/api/silences", silences.list_silences, Rule(action="silence.view")),
    ("POST", "/api/silences", silences.add_silence, Rule(action="alert.silence", touch=True)),
    ("POST", "/api/silences/preview", silences.preview_silence, Rule(action="alert.silence", touch=True)),
    ("POST", "/api/silences/{id}/approve", silences.approve_silence, Rule(action="alert.silence", touch=True)),
    ("POST", "/api/silences/{id}/expire", silences.expire_silence, Rule(action="alert.silence", touch=True)),
    ("GET", "/api/waiting", waiting.list_waiting, Rule(action="waiting.view")),
    ("GET", "/api/waiting/{kind}/{id}", waiting.get_waiting, Rule(action="waiting.view", touch=True)),
    ("GET", "/api/waiting/{kind}/{id}/media/{sha256}", waiting.get_picture, Rule(action="waiting.view", touch=True)),
    ("POST", "/api/waiting/{kind}/{id}", waiting.decide, Rule(action="waiting.view", touch=True)),
    ("GET", "/api/sites", sites.list_sites, Rule(action="site.view")),
    ("POST", "/api/sites/{id}/arm", sites.arm_site, Rule(action="site.arm", touch=True)),
    ("POST", "/api/sites/{id}/disarm", sites.disarm_site, Rule(action="site.disarm", touch=True)),
    ("GET", "/api/audit", audit_log.list_audit, Rule(action="audit.view", touch=True)),
    ("GET", "/act/{token}", links.show, OPEN),
    ("POST", "/act/{token}", links.use, OPEN),
    ("GET", "/api/candidates", candidates.list_candidates, Rule(action="candidate.view")),
    ("GET", "/api/candidates/{id}", candidates.get_candidate, Rule(action="candidate.view")),
    ("POST", "/api/candidates/{id}/verifications", candidates.verify, Rule(action="candidate.verify", touch=True)),
    ("GET", "/api/media/{sha256}", pictures.get_picture, Rule()),
    ("GET", "/api/pulse", watch.pulse, OPEN),
    ("GET", "/api/health", pipeline.get_health, Rule(action="health.view")),
    ("GET", "/api/stream", live.stream, Rule()),
)


def application(desk: Desk, updates: live.Live, watching: watch.Watch, desks: Desks) -> web.Application:
    """Return the application; who is not named in ROUTES or among the page's files is not let in."""
    app = web.Application(middlewares=[errors, doorkeeper], client_max_size=MAX_BODY)
    app[DESK], app[live.LIVE], app[watch.WATCH] = desk, updates, watching
    desks.open_in(app)
    rules: dict[Handler, Rule] = {}
    for method, path, handler, rule in ROUTES:
        app.router.add_route(method, path, handler)
        rules[handler] = rule
    for path, handler in (("/live", _live), ("/ready", _ready), ("/", _page), ("/static/{name:.+}", _file)):
        app.router.add_get(path, handler)
        rules[handler] = OPEN
    app[RULES] = rules
    app.on_response_prepare.append(secure_headers)
    return app


async def _live(_: web.Request) -> web.Response:
    return web.Response(text="live\n")


async def _ready(request: web.Request) -> web.Response:
    if await is_ready(request.app[DESK]):
        return web.Response(text="ready\n")
    return web.Response(text="not ready\n", status=503)


async def is_ready(desk: Desk) -> bool:
    """Tell whether the read model answers."""
    try:
        await desk.read_model.epoch()
    except RetryableError:
        return False
    return True


async def _page(_: web.Request) -> web.FileResponse:
    return _served(STATIC / "index.html")


async def _file(request: web.Request) -> web.FileResponse:
    path = FILES.get(request.match_info["name"])
    if path is None:
        raise web.HTTPNotFound
    return _served(path)


def _served(path: Path) -> web.FileResponse:
    return web.FileResponse(path, headers={"Cache-Control": "no-cache"})


FILES = {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*.*") if path.is_file()}
