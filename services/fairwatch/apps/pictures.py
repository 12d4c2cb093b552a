"""Pictures that go with an alert where its receiver asks for them and the policy lets them out."""

from collections.abc import Mapping
from typing import Any

import structlog

from fairwatch.apps.media import media_store
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import RejectedError, RetryableError
from fairwatch.policy.release import pictures_that_may_leave
from fairwatch.sinks.options import Picture, Pictures
from fairwatch.stores.media import SCHEME, MediaStore

_log = structlog.get_logger(__name__)


def pictures_of(settings: Settings) -> Pictures:
    """Return a function that gives those pictures of an alert that may leave; the store is opened when first asked.

    A picture that is gone or that the store does not give now is left out: an alert does not wait for it.
    """
    opened: list[MediaStore] = []

    async def give(alert: Mapping[str, Any]) -> list[Picture]:
        found: list[Picture] = []
        for picture in pictures_that_may_leave(alert):
            if not picture["uri"].startswith(SCHEME):
                continue
            if not opened:
                opened.append(media_store(settings))
            try:
                found.append((await opened[0].get(picture["uri"]), picture.get("mime") or "image/jpeg"))
            except (RejectedError, RetryableError) as error:
                _log.warning("alert.without_picture", alert=alert["alert_id"], reason=str(error))
        return found

    return give
