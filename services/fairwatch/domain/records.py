"""Records as fastavro gives and takes them. Generated from schemas/avro by infra/tools/generate_records.py; do not edit."""

from typing import Literal, NotRequired, TypedDict

AlertState = Literal["NEW", "UPDATED", "ENDED", "CANCELLED"]

Severity = Literal["UNKNOWN", "MINOR", "MODERATE", "SEVERE", "EXTREME"]

Urgency = Literal["UNKNOWN", "IMMEDIATE", "EXPECTED", "FUTURE", "PAST"]

Certainty = Literal["UNKNOWN", "OBSERVED", "LIKELY", "POSSIBLE", "UNLIKELY"]


class GeoPoint(TypedDict):
    """A place on earth (ONVIF GeoLocation, GA/T Longitude/Latitude)."""

    lat: float
    lon: float
    elevation: NotRequired[float | None]
    datum: NotRequired[str]

MediaRole = Literal["OTHER", "SCENE", "FACE", "PERSON", "VEHICLE", "PLATE", "THUMBNAIL", "CLIP", "REFERENCE"]


class CodedValue(TypedDict):
    """A value as the source coded it: numberings conflict between editions and makers, so the code system travels with the code."""

    system: str
    code: str
    text: NotRequired[str | None]

TimePrecision = Literal["SECOND", "MILLISECOND", "MICROSECOND"]


class SourceTime(TypedDict):
    """A time as the device wrote it and what it means in UTC."""

    utc: int
    raw: str
    zone: NotRequired[str | None]
    precision: NotRequired[TimePrecision]


class MediaRef(TypedDict):
    """A picture or clip by reference; bytes never travel on event topics."""

    uri: str
    sha256: NotRequired[str | None]
    mime: NotRequired[str | None]
    bytes: NotRequired[int | None]
    role: NotRequired[MediaRole]
    role_code: NotRequired[CodedValue | None]
    width: NotRequired[int | None]
    height: NotRequired[int | None]
    source_id: NotRequired[str | None]
    captured_at: NotRequired[SourceTime | None]
    retention_class: NotRequired[str]


class Alert(TypedDict):
    """An alert in full at each change of its life (CAP 1.2)."""

    alert_id: str
    group: str
    revision: int
    state: NotRequired[AlertState]
    rule: str
    event_type: str
    title: str
    description: NotRequired[str]
    category: NotRequired[str]
    severity: NotRequired[Severity]
    urgency: NotRequired[Urgency]
    certainty: NotRequired[Certainty]
    receivers: list[str]
    started_at: int
    updated_at: int
    ended_at: NotRequired[int | None]
    received_at: int
    issued_at: int
    count: NotRequired[int]
    triggers: list[str]
    device_ids: NotRequired[list[str]]
    device_name: NotRequired[str | None]
    site_id: NotRequired[str | None]
    site_name: NotRequired[str | None]
    zones: NotRequired[list[str]]
    geo: NotRequired[GeoPoint | None]
    candidate_id: NotRequired[str | None]
    entry_id: NotRequired[str | None]
    authorisation_id: NotRequired[str | None]
    verified_by: NotRequired[list[str]]
    media: NotRequired[list[MediaRef]]
    parameters: NotRequired[dict[str, str]]
    exercise: NotRequired[bool]


class AuditRecord(TypedDict):
    """One thing that a person or a rule decided. Chained: altering, removing or reordering one breaks every later hash."""

    audit_id: str
    action: str
    actor: str
    at: int
    subject: str
    authorisation_id: NotRequired[str | None]
    details: NotRequired[dict[str, str]]
    chain: NotRequired[str]
    sequence: NotRequired[int]
    previous_hash: NotRequired[str]
    hash: NotRequired[str]

AuthorisationState = Literal["REQUESTED", "GRANTED", "REJECTED", "REVOKED", "EXPIRED"]

MatchKind = Literal["UNKNOWN", "FACE", "PLATE"]

MatchMode = Literal["REALTIME", "POST"]


class Authorisation(TypedDict):
    """The legal permission without which nothing matches (AI Act Art. 5(2)-(3), 26(10))."""

    authorisation_id: str
    state: NotRequired[AuthorisationState]
    objective: str
    legal_basis: str
    reference: str
    authority: str
    kinds: list[MatchKind]
    modes: NotRequired[list[MatchMode]]
    site_ids: NotRequired[list[str]]
    device_ids: NotRequired[list[str]]
    areas: NotRequired[list[str]]
    valid_from: int
    valid_until: int
    requested_by: str
    approved_by: NotRequired[list[str]]
    required_verifications: NotRequired[int]
    waiver: NotRequired[str | None]
    fria_id: NotRequired[str | None]
    dpia_id: NotRequired[str | None]
    updated_at: NotRequired[int | None]
    reason: NotRequired[str | None]


class DeadLetter(TypedDict):
    """Something that could not be processed, whole, so that it can be redriven."""

    dead_letter_id: str
    processor: str
    version: str
    reason: str
    detail: NotRequired[str]
    field: NotRequired[str | None]
    topic: str
    partition: int
    offset: int
    key: NotRequired[bytes | None]
    value: bytes
    headers: NotRequired[dict[str, bytes]]
    redacted: NotRequired[bool]
    at: int
    redrives: NotRequired[int]

DeliveryState = Literal["DELIVERED", "RETRYING", "FAILED", "SUPPRESSED"]


class Delivery(TypedDict):
    """One attempt to hand one revision of an alert to one receiver."""

    delivery_id: str
    alert_id: str
    revision: int
    receiver: str
    sink: str
    attempt: int
    state: DeliveryState
    at: int
    status: NotRequired[int | None]
    reason: NotRequired[str]
    next_attempt_at: NotRequired[int | None]
    received_at: int


class Point(TypedDict):
    """A point in [0,1], origin top-left."""

    x: float
    y: float


class Zone(TypedDict):
    """A named area in a device's picture."""

    zone_id: str
    name: NotRequired[str]
    polygon: list[Point]


class Device(TypedDict):
    """A registered camera, recorder or platform (GA/T APE, ONVIF device). Credentials are never part of it."""

    device_id: str
    name: NotRequired[str]
    site_id: NotRequired[str | None]
    formats: NotRequired[list[str]]
    aliases: NotRequired[list[str]]
    manufacturer: NotRequired[str | None]
    model: NotRequired[str | None]
    serial: NotRequired[str | None]
    address: NotRequired[str | None]
    geo: NotRequired[GeoPoint | None]
    bearing_deg: NotRequired[float | None]
    time_zone: NotRequired[str | None]
    zones: NotRequired[list[Zone]]
    enabled: NotRequired[bool]
    parent_id: NotRequired[str | None]
    extensions: NotRequired[dict[str, str]]
    updated_at: NotRequired[int | None]


class Box(TypedDict):
    """A box in [0,1], origin top-left (ONVIF BoundingBox, GA/T LeftTopX..RightBtmY, Frigate box, Hikvision faceRect)."""

    x0: float
    y0: float
    x1: float
    y1: float


class MatchCandidate(TypedDict):
    """A possible match, with everything needed to explain it. Not an alert."""

    candidate_id: str
    entry_id: str
    entry_title: NotRequired[str]
    authorisation_id: str
    kind: MatchKind
    mode: NotRequired[MatchMode]
    sighting_id: str
    observation_id: str
    device_id: str
    device_name: NotRequired[str | None]
    site_id: NotRequired[str | None]
    site_name: NotRequired[str | None]
    zones: NotRequired[list[str]]
    occurred_at: int
    received_at: int
    matched_at: int
    score: float
    threshold: float
    threshold_policy: str
    expected_fpir: NotRequired[float | None]
    algorithm: str
    template_space: NotRequired[str | None]
    runtime: NotRequired[str]
    gallery_version: str
    gallery_size: int
    rank: NotRequired[int]
    margin: NotRequired[float | None]
    probe_quality: NotRequired[float | None]
    probe: NotRequired[MediaRef | None]
    scene: NotRequired[MediaRef | None]
    reference: NotRequired[MediaRef | None]
    probe_box: NotRequired[Box | None]
    plate_read: NotRequired[str | None]
    plate_listed: NotRequired[str | None]
    explanation: NotRequired[list[str]]
    priority: NotRequired[int]
    required_verifications: NotRequired[int]
    expires_at: int
    exercise: NotRequired[bool]

Lifecycle = Literal["MOMENTARY", "START", "UPDATE", "END", "SYNC"]


class Source(TypedDict):
    """Who said it, in the source's own terms."""

    format: str
    version: NotRequired[str | None]
    device_id: NotRequired[str | None]
    channel: NotRequired[str | None]
    module: NotRequired[str | None]
    rule: NotRequired[str | None]
    tokens: NotRequired[dict[str, str]]

ObjectClass = Literal["UNKNOWN", "FACE", "PERSON", "MOTOR_VEHICLE", "NON_MOTOR_VEHICLE", "PLATE", "ANIMAL", "BARCODE", "FIRE", "SMOKE", "PACKAGE", "OTHER"]

ConfidenceScale = Literal["VENDOR", "LIKELIHOOD01", "PERCENT", "SIMILARITY"]


class Confidence(TypedDict):
    """A confidence with the scale it was given in; an absent confidence stays absent."""

    value: float
    raw: NotRequired[str | None]
    scale: NotRequired[ConfidenceScale]

FrameSpaceKind = Literal["NORM_TOPLEFT", "PIXEL_TOPLEFT", "PIXEL_BOTTOMLEFT", "ONVIF_NORM", "PERMILLE_TOPLEFT"]


class FrameSpace(TypedDict):
    """What the source's numbers are relative to (ONVIF Transformation, GA/T picture size, Hikvision 0..1 or 0..1000)."""

    kind: NotRequired[FrameSpaceKind]
    width: NotRequired[int | None]
    height: NotRequired[int | None]
    transform: NotRequired[list[float]]


class Shape(TypedDict):
    """Where in the picture; normalised values with the source's own numbers kept."""

    box: NotRequired[Box | None]
    centre: NotRequired[Point | None]
    polygons: NotRequired[list[list[Point]]]
    source: NotRequired[list[float]]
    space: NotRequired[FrameSpace | None]

ColourName = Literal["UNKNOWN", "BLACK", "WHITE", "GREY", "RED", "BLUE", "YELLOW", "ORANGE", "BROWN", "GREEN", "PURPLE", "CYAN", "PINK", "TRANSPARENT", "SILVER", "GOLD", "YELLOW_GREEN", "GREEN_GRADIENT", "OTHER"]


class Colour(TypedDict):
    """A colour: a name only where the source named it (ONVIF ColorCluster, GA/T code:Color)."""

    name: NotRequired[ColourName]
    code: NotRequired[CodedValue | None]
    components: NotRequired[list[float]]
    colourspace: NotRequired[str | None]
    weight: NotRequired[float | None]
    likelihood: NotRequired[float | None]


class Direction(TypedDict):
    """Which way it moved."""

    code: NotRequired[CodedValue | None]
    compass_deg: NotRequired[float | None]
    image_yaw_deg: NotRequired[float | None]
    image_pitch_deg: NotRequired[float | None]


class Pose(TypedDict):
    """Head pose in degrees (ONVIF PoseAngle, GA/T Attitude coarse)."""

    yaw: NotRequired[float | None]
    pitch: NotRequired[float | None]
    roll: NotRequired[float | None]
    uncertainty: NotRequired[float | None]
    code: NotRequired[CodedValue | None]

TriState = Literal["ABSENT", "NO", "YES", "UNSURE"]


class Range(TypedDict):
    """A closed range; either end may be open."""

    min: NotRequired[float | None]
    max: NotRequired[float | None]
    unit: NotRequired[str]


class FaceAttributes(TypedDict):
    """What was said of a face beside its picture; nothing here infers a protected attribute."""

    pose: NotRequired[Pose | None]
    mask: NotRequired[TriState]
    glasses: NotRequired[TriState]
    hat: NotRequired[TriState]
    helmet: NotRequired[TriState]
    codes: NotRequired[dict[str, CodedValue]]
    age_years: NotRequired[Range | None]
    gender: NotRequired[CodedValue | None]
    quality: NotRequired[Confidence | None]


class PersonAttributes(TypedDict):
    """What was said of a person: posture, clothing, what is carried."""

    height_cm: NotRequired[Range | None]
    posture: NotRequired[CodedValue | None]
    clothing: NotRequired[dict[str, CodedValue]]
    activities: NotRequired[dict[str, CodedValue]]
    carried: NotRequired[list[CodedValue]]
    age_years: NotRequired[Range | None]
    gender: NotRequired[CodedValue | None]

VehicleKind = Literal["UNKNOWN", "CAR", "BUS", "TRUCK", "TRAILER", "SPECIAL", "MOTORCYCLE", "TRACTOR", "THREE_WHEEL", "TRAM", "BICYCLE", "OTHER"]


class VehicleAttributes(TypedDict):
    """What was said of a vehicle."""

    kind: NotRequired[VehicleKind]
    kind_code: NotRequired[CodedValue | None]
    brand: NotRequired[CodedValue | None]
    model: NotRequired[str | None]
    model_year: NotRequired[str | None]
    colour: NotRequired[Colour | None]
    colour_depth: NotRequired[CodedValue | None]
    lane: NotRequired[int | None]
    length_cm: NotRequired[float | None]
    width_cm: NotRequired[float | None]
    height_cm: NotRequired[float | None]
    details: NotRequired[dict[str, str]]

PlateState = Literal["READ", "NONE", "UNREADABLE", "COVERED", "ALTERED", "CLONED"]

PlateType = Literal["UNKNOWN", "NORMAL", "POLICE", "DIPLOMATIC", "TEMPORARY", "MILITARY", "EMERGENCY", "NONE", "FAKE", "MISUSED", "OTHER"]


class CharConfidence(TypedDict):
    """Confidence of one character of a plate (GA/T 1400 PlateCharReliability, Hikvision plateCharBelieve)."""

    char: str
    value: float


class PlateReading(TypedDict):
    """One reading of one plate."""

    text: str
    raw: str
    state: NotRequired[PlateState]
    type: NotRequired[PlateType]
    type_code: NotRequired[CodedValue | None]
    colour: NotRequired[Colour | None]
    country: NotRequired[str | None]
    country_code: NotRequired[CodedValue | None]
    issuer: NotRequired[str | None]
    confidence: NotRequired[Confidence | None]
    characters: NotRequired[list[CharConfidence]]
    box: NotRequired[Box | None]
    secondary: NotRequired[bool]


class RecognitionClaim(TypedDict):
    """What a device itself claims to have recognised (ONVIF Recognition/Face EnrollmentID, Frigate sub_label). It is a claim: it is never routed as a match."""

    enrolment_id: str
    label: NotRequired[CodedValue | None]
    similarity: NotRequired[Confidence | None]
    reference: NotRequired[MediaRef | None]


class CountReading(TypedDict):
    """A count (ONVIF Counter, Hikvision peopleCounting, GA/T VideoLabel numbers)."""

    total: NotRequired[int | None]
    entered: NotRequired[int | None]
    left: NotRequired[int | None]
    passing: NotRequired[int | None]
    since: NotRequired[SourceTime | None]
    by_class: NotRequired[dict[str, int]]


class SensorReading(TypedDict):
    """A measurement (ONVIF SensorData, radiometry, audio)."""

    quantity: str
    value: NotRequired[float | None]
    text: NotRequired[str | None]
    unit: NotRequired[str]
    sensor_id: NotRequired[str | None]


class TrackChange(TypedDict):
    """ONVIF ObjectTree: tracks renamed, split, merged or deleted."""

    operation: str
    from_ids: NotRequired[list[str]]
    to_ids: NotRequired[list[str]]


class Observation(TypedDict):
    """What a device says it saw, in canonical form. Protected attributes were removed before this record existed."""

    observation_id: str
    event_type: str
    event_code: NotRequired[CodedValue | None]
    lifecycle: NotRequired[Lifecycle]
    active: NotRequired[bool | None]
    device_id: str
    source: Source
    occurred_at: int
    device_time: NotRequired[SourceTime | None]
    received_at: int
    appeared_at: NotRequired[SourceTime | None]
    disappeared_at: NotRequired[SourceTime | None]
    object_class: NotRequired[ObjectClass]
    class_code: NotRequired[CodedValue | None]
    confidence: NotRequired[Confidence | None]
    object_id: NotRequired[str | None]
    object_uuid: NotRequired[str | None]
    parent_id: NotRequired[str | None]
    related: NotRequired[list[str]]
    shape: NotRequired[Shape | None]
    geo: NotRequired[GeoPoint | None]
    colours: NotRequired[list[Colour]]
    speed_mps: NotRequired[float | None]
    direction: NotRequired[Direction | None]
    zones: NotRequired[list[str]]
    face: NotRequired[FaceAttributes | None]
    person: NotRequired[PersonAttributes | None]
    vehicle: NotRequired[VehicleAttributes | None]
    plates: NotRequired[list[PlateReading]]
    claim: NotRequired[RecognitionClaim | None]
    count: NotRequired[CountReading | None]
    sensor: NotRequired[SensorReading | None]
    track_change: NotRequired[TrackChange | None]
    media: NotRequired[list[MediaRef]]
    extensions: NotRequired[dict[str, str]]
    removed_fields: NotRequired[int]
    raw_sha256: NotRequired[str | None]
    retention_class: NotRequired[str]


class RawEvent(TypedDict):
    """A payload exactly as a gateway received it."""

    raw_id: str
    device_id: str
    gateway: str
    transport: str
    path: NotRequired[str]
    format: NotRequired[str | None]
    content_type: NotRequired[str]
    headers: NotRequired[dict[str, str]]
    received_at: int
    sha256: str
    size: int
    body: NotRequired[bytes]
    body_ref: NotRequired[MediaRef | None]

ClockQuality = Literal["UNKNOWN", "OK", "OFFSET", "IMPLAUSIBLE"]


class Sighting(TypedDict):
    """An observation placed: device, site, zones and corrected time."""

    sighting_id: str
    observation: Observation
    occurred_at: int
    clock_offset_ms: NotRequired[int]
    clock: NotRequired[ClockQuality]
    device_known: NotRequired[bool]
    device_name: NotRequired[str | None]
    site_id: NotRequired[str | None]
    site_name: NotRequired[str | None]
    time_zone: NotRequired[str | None]
    zones: NotRequired[list[str]]
    geo: NotRequired[GeoPoint | None]
    exercise: NotRequired[bool]


class Site(TypedDict):
    """A place: airport terminal, station, hospital."""

    site_id: str
    name: NotRequired[str]
    time_zone: NotRequired[str]
    geo: NotRequired[GeoPoint | None]
    areas: NotRequired[list[str]]
    kind: NotRequired[str]
    parent_id: NotRequired[str | None]
    updated_at: NotRequired[int | None]

Outcome = Literal["PENDING", "CONFIRMED", "REJECTED", "EXPIRED", "REVOKED"]

Decision = Literal["UNSURE", "MATCH", "NO_MATCH"]


class Verification(TypedDict):
    """One signed-in person's decision on one candidate."""

    verification_id: str
    candidate_id: str
    reviewer: str
    role: str
    decision: Decision
    decided_at: int
    reason: NotRequired[str]
    blind: NotRequired[bool]
    shown: NotRequired[dict[str, str]]


class Verdict(TypedDict):
    """The outcome of verification of one candidate."""

    verdict_id: str
    candidate_id: str
    outcome: Outcome
    decided_at: int
    verifications: NotRequired[list[Verification]]
    reason: NotRequired[str]
    candidate: MatchCandidate

EntryState = Literal["ACTIVE", "SUSPENDED", "WITHDRAWN", "EXPIRED"]


class WatchlistEntry(TypedDict):
    """One thing somebody is authorised to look for (GA/T Disposition, ONVIF EnrollmentID)."""

    entry_id: str
    authorisation_id: NotRequired[str | None]
    kind: MatchKind
    state: NotRequired[EntryState]
    title: NotRequired[str]
    plate: NotRequired[str | None]
    plate_country: NotRequired[str | None]
    plate_edits: NotRequired[int]
    references: NotRequired[list[MediaRef]]
    priority: NotRequired[int]
    reason: NotRequired[str]
    source_of_media: NotRequired[str]
    valid_from: int
    valid_until: int
    created_by: NotRequired[str]
    approved_by: NotRequired[str | None]
    review_at: NotRequired[int | None]
    device_ids: NotRequired[list[str]]
    areas: NotRequired[list[str]]
    extensions: NotRequired[dict[str, str]]
    updated_at: NotRequired[int | None]
