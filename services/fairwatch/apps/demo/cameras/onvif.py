"""An ONVIF camera that notifies by WS-BaseNotification."""

from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp

NOTIFY = """<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope"
 xmlns:wsa5="http://www.w3.org/2005/08/addressing" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2"
 xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:tns1="http://www.onvif.org/ver10/topics">
<SOAP-ENV:Header><wsa5:Action>http://docs.oasis-open.org/wsn/bw-2/NotificationConsumer/Notify</wsa5:Action></SOAP-ENV:Header>
<SOAP-ENV:Body><wsnt:Notify><wsnt:NotificationMessage>
<wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">{topic}</wsnt:Topic>
<wsnt:Message><tt:Message UtcTime="{time}"{operation}>
<tt:Source>{source}</tt:Source><tt:Data>{data}</tt:Data>
</tt:Message></wsnt:Message></wsnt:NotificationMessage></wsnt:Notify></SOAP-ENV:Body></SOAP-ENV:Envelope>"""


def items(values: dict[str, str]) -> str:
    """Return SimpleItem elements."""
    return "".join(f'<tt:SimpleItem Name="{name}" Value="{value}"/>' for name, value in values.items())


@dataclass(frozen=True, slots=True)
class OnvifCamera:
    """One camera; `url` is the consumer reference that it was subscribed with."""

    session: aiohttp.ClientSession
    url: str
    auth: dict[str, str]

    async def line_crossed(self, object_id: int, rule: str) -> int:
        """Send the momentary LineDetector/Crossed event; return the HTTP status."""
        source = {"VideoSourceConfigurationToken": "vs0", "VideoAnalyticsConfigurationToken": "va0", "Rule": rule}
        return await self.notify("tns1:RuleEngine/LineDetector/Crossed", source, {"ObjectId": str(object_id)})

    async def motion(self, active: bool) -> int:
        """Send the CellMotionDetector property."""
        source = {"VideoSourceConfigurationToken": "vs0", "VideoAnalyticsConfigurationToken": "va0", "Rule": "motion"}
        topic = "tns1:RuleEngine/CellMotionDetector/Motion"
        return await self.notify(topic, source, {"IsMotion": str(active).lower()}, ' PropertyOperation="Changed"')

    async def notify(self, topic: str, source: dict[str, str], data: dict[str, str], operation: str = "") -> int:
        """Send one notification."""
        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        body = NOTIFY.format(topic=topic, time=time, operation=operation, source=items(source), data=items(data))
        headers = {"Content-Type": "application/soap+xml; charset=utf-8", **self.auth}
        async with self.session.post(self.url, data=body.encode(), headers=headers) as response:
            await response.read()
            return response.status
