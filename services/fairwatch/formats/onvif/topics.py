"""What ONVIF topics mean, the standard's own and those that makers invented."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from fairwatch.formats.language.converters import Converter, converter

# Event type and words: the first rule of which any word occurs in the plain topic, in lower case, counts.
_RULES: Final = (
    ("tamper.covered", "videocover", "cameracover", "videomasking", "shelter"),
    ("zone.entered", "regionentrance", "objectsentering", "enterregion"),
    ("zone.left", "regionexit", "objectsleaving", "exitregion", "fielddetector/outside", "objectsoutside"),
    ("gathering", "crowd", "gathering"),
    ("person.fall", "falldetect", "falldown", "fallen"),
    ("person.fight", "fightdetect", "fighting", "violentmotion"),
    ("person.run", "runningdetect", "personrun", "fastmoving"),
    ("vehicle.parked", "parkingdetect", "illegalparking"),
    ("line.crossed", "linedetector", "linecross", "tripwire", "crossed", "crossline"),
    ("loitering", "loiteringdetector", "loiteringguard", "loitering"),
    ("count.occupancy", "occupancycounter", "occupancy", "queue"),
    ("count.flow", "countaggregation", "counter", "peoplecount", "crosslinecounting"),
    ("object.abandoned", "objectabandoned", "abandoned", "unattended"),
    ("object.removed", "objectremoved", "missingobject", "removed"),
    ("plate.read", "licenseplate", "alpv.allplates", "lpr", "anpr"),
    ("object.described", "objecttrack/aggregation"),
    ("direction.wrong", "wrongdirection", "directiondetector"),
    ("tamper.scene_change", "globalscenechange", "scenechange"),
    ("tamper.too_dark", "imagetoodark"),
    ("tamper.too_bright", "imagetoobright"),
    ("tamper.defocused", "imagetooblurry", "defocus"),
    ("tamper.signal_loss", "signalloss", "videoloss", "connectionfailed"),
    ("tamper.other", "impairedvisibility", "tamper", "tampering", "shockdetect"),
    ("zone.inside", "fielddetector", "intrusion", "fenceguard", "objectsinside"),
    ("sensor.alarm", "temperaturealarm", "temperaturemeasurementalarm", "bodytemperaturealarm", "radiometryalarm"),
    ("sensor.reading", "radiometry"),
    ("audio.class", "audiodetector", "detectedsound", "babycry", "glassbreak", "barking", "scream", "gunshot"),
    ("audio.anomaly", "audiosource", "triggerlevel", "audioalarm", "sounddetector", "abnormalsound"),
    ("fire.detected", "firedetect", "firealarm", "flame"),
    ("smoke.detected", "smokedetect", "smokealarm"),
    ("io.output", "relay", "digitaloutput"),
    ("io.input", "digitalinput", "virtualinput", "virtualport", "io/port", "device/trigger", "useralarm/alarmin"),
    ("device.fault", "hardwarefailure", "storage/disruption", "storage/alert", "casing", "doorfault", "illegalaccess"),
    ("access.granted", "accessgranted", "accesstaken"),
    ("access.denied", "accesscontrol/denied", "accesscontrol/duress"),
    ("access.other", "accesscontrol", "accesspoint", "door/", "credential/"),
    ("motion.region", "motionalarm", "motion", "vmd", "pir", "motionguard"),
    ("face.seen", "facedetect", "facedetection", "facedetector"),
    ("person.seen", "peopledetect", "people", "humanshapedetect", "persondetect", "humandetect", "visitor"),
    ("vehicle.seen", "vehicledetect", "vehicle"),
    (
        "object.detected",
        "objectdetection",
        "objectdetector",
        "objectanalytics",
        "dogcatdetect",
        "petdetect",
        "animaldetect",
        "package",
    ),
    ("device.status", "monitoring", "media/", "configuration", "recording", "ptzcontroller", "lightcontrol", "device/"),
    ("device.status", "advancedsecurity", "appmgmt", "videosource/", "videooutput", "videodecoder", "schedule"),
    ("device.status", "eventbuffer", "systemmessage", "cameraapplicationplatform/applicationstate"),
)
_LONGEST: Final = 512
_SENSORS: Final = ("/temperature/", "/relativehumidity/", "/absolutehumidity/")
# What a maker's state item says when the topic does not: IsPeople in TPSmartEvent.
_ITEMS: Final = {
    "ispeople": "person.seen",
    "isvehicle": "vehicle.seen",
    "ispet": "object.detected",
    "isintrusion": "zone.inside",
    "islinecross": "line.crossed",
    "istamper": "tamper.other",
    "isregionentrance": "zone.entered",
    "isregionexiting": "zone.left",
    "isunattendedbaggage": "object.abandoned",
    "isobjectremoval": "object.removed",
    "ismissingobject": "object.removed",
    "isloitering": "loitering",
    "isconfigchange": "device.status",
}
_ITEM_CLASSES: Final = {"ispeople": "Human", "isvehicle": "Vehicle", "ispet": "Animal"}
_TOPIC_CLASSES: Final = {
    "dogcatdetect": "Animal",
    "petdetect": "Animal",
    "animaldetect": "Animal",
    "package": "Package",
} | {
    "facedetect": "HumanFace",
    "people": "Human",
    "humanshapedetect": "Human",
    "persondetect": "Human",
    "humandetect": "Human",
    "vehicledetect": "Vehicle",
}
# Written for a record that came from another format: topic, name of the state item, whether it is a property.
WRITTEN: Final[Mapping[str, tuple[str, str, bool]]] = {
    "motion.region": ("RuleEngine/MotionRegionDetector/Motion", "State", True),
    "line.crossed": ("RuleEngine/LineDetector/Crossed", "", False),
    "zone.inside": ("RuleEngine/FieldDetector/ObjectsInside", "IsInside", True),
    "zone.entered": ("RuleEngine/FieldDetector/ObjectsInside", "IsInside", True),
    "zone.left": ("RuleEngine/FieldDetector/ObjectsInside", "IsInside", True),
    "loitering": ("RuleEngine/LoiteringDetector/ObjectIsLoitering", "", True),
    "count.flow": ("RuleEngine/CountAggregation/Counter", "", True),
    "count.occupancy": ("RuleEngine/CountAggregation/OccupancyCounter", "", True),
    "object.abandoned": ("RuleEngine/ObjectAbandoned", "", False),
    "object.removed": ("RuleEngine/ObjectRemoved", "", False),
    "plate.read": ("RuleEngine/Recognition/LicensePlate", "", False),
    "face.match": ("RuleEngine/Recognition/Face", "", False),
    "tamper.scene_change": ("VideoSource/GlobalSceneChange/AnalyticsService", "State", True),
    "tamper.too_dark": ("VideoSource/ImageTooDark/AnalyticsService", "State", True),
    "tamper.too_bright": ("VideoSource/ImageTooBright/AnalyticsService", "State", True),
    "tamper.defocused": ("VideoSource/ImageTooBlurry/AnalyticsService", "State", True),
    "tamper.covered": ("VideoSource/ImpairedVisibility", "State", True),
    "tamper.other": ("VideoSource/ImpairedVisibility", "State", True),
    "tamper.signal_loss": ("VideoSource/SignalLoss", "State", True),
    "audio.class": ("RuleEngine/AudioDetector/Class", "", False),
    "io.input": ("Device/Trigger/DigitalInput", "LogicalState", True),
    "io.output": ("Device/Trigger/Relay", "LogicalState", True),
    "access.granted": ("AccessControl/AccessGranted/Credential", "", False),
    "access.denied": ("AccessControl/Denied/Credential", "", False),
    "device.fault": ("Device/HardwareFailure/StorageFailure", "Failed", True),
}
GENERIC: Final = ("RuleEngine/ObjectDetection/Object", "", False)


def plain(topic: str) -> str:
    """Return a topic without white space and without the namespace prefixes of its steps."""
    return "/".join(step.rpartition(":")[2].strip() for step in topic.split("/"))


@lru_cache(maxsize=4_096)
def meaning(topic: str, item: str = "") -> str:
    """Return the canonical event type of a topic, given the name of its state item."""
    name = plain(topic).lower()
    if item.lower() in _ITEMS:
        return _ITEMS[item.lower()]
    if name.endswith("recognition/face"):
        return "face.seen"
    if "device/sensor/" in name and any(sensor in f"{name}/" for sensor in _SENSORS):
        return "sensor.alarm" if name.endswith(("/high", "/low")) else "sensor.reading"
    if name.startswith("monitoring/"):
        return "device.status"
    if name.startswith("cameraapplicationplatform/alpv.") and not name.endswith("allplates"):
        return "vehicle.seen"
    return next((event for event, *words in _RULES if any(word in name for word in words)), "other")


def class_of(topic: str, item: str) -> str:
    """Return the ONVIF class that a maker's topic or state item stands for, or an empty text."""
    name = plain(topic).lower()
    return _ITEM_CLASSES.get(item.lower(), "") or next((c for word, c in _TOPIC_CLASSES.items() if word in name), "")


@converter("onvif_event_type")
def onvif_event_type() -> Converter:
    """The topic's meaning; `with: {item: …}` names the state item."""

    def decode(value: Any, _: object, item: Any = None) -> str:
        return meaning(str(value)[:_LONGEST], str(item or "")[:_LONGEST])

    def encode(value: Any) -> str | None:
        return f"tns1:{WRITTEN[value][0]}" if value in WRITTEN else None

    return Converter(decode, encode, exact=False)
