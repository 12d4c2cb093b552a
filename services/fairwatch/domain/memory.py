"""What was done before, so that it is not done again: by id for a month, by offset for ever.

The same thing may come again under its old offset (a crash before the offset was committed, offsets reset by hand) and
under a new one (a producer that tries again, a dead letter that is driven again, a foreign program that sends twice).
Ids tell both for `KEEP` microseconds. What is dated before that and lies before the highest offset that was handled is
old, too. A log that was deleted and made anew counts from 0 again: what is dated later is told by its id alone.

An id is kept as 72 bits of a hash, on one of a thousand shelves of the span of time in which it came: a new id rewrites
a few hundred bytes, and to forget a span is to delete its shelves. Nothing is held outside the state, so a rollback or
a rebalance cannot leave memory and state apart.
"""

from base64 import b64encode
from hashlib import blake2b

from fairwatch.domain.event import Event
from fairwatch.domain.ports import State

DAY = 86_400_000_000
KEEP = 31 * DAY  # longer than candidates, decisions and verdicts lie in their topics, from which the rest follows
SPAN = 4 * DAY
APART = DAY  # clocks of two workers, and of a worker and a record, are never that far apart
SHELVES = 1_024
SHELF_LIMIT = 48_000  # characters; a fuller shelf opens a new span early
HIDDEN = "\0"  # begins keys of state that are no key of an event
INDEX = HIDDEN + "memory"


class Memory:
    r"""The memory of one partition, for the time of one batch.

    Call `save` after everything else was put: were a crash to tear the two apart, it is better to do a thing twice than
    never.

    Args:
        state: Key `\0memory`: {spans: [[number, opened at]], marks: {topic: offset}}; `\0<number>.<shelf>`: {ids}.
        partition: Of the batch.
        now: The wall clock, microseconds UTC.
    """

    def __init__(self, state: State, partition: int, now: int) -> None:
        self._state = state
        self._partition = partition
        self._now = now
        index = state.get(partition, INDEX) or {"spans": [], "marks": {}}
        self._spans: list[tuple[int, int]] = [(number, opened) for number, opened in index["spans"]]
        self._marks: dict[str, int] = index["marks"]
        self._before = dict(self._marks)  # of earlier batches: one event may be several things to do
        self._shelves: dict[tuple[int, int], str] = {}
        self._changed: dict[tuple[int, int], None] = {}
        self._touched = False

    def repeats(self, event: Event, identity: str, at: int) -> bool:
        """Tell whether this was done before; if not, remember it as done.

        Args:
            event: Where it comes from; an offset below 0 says nothing.
            identity: What makes it the same thing.
            at: When it happened, by the record itself, microseconds UTC.
        """
        topic, offset = event.topic, event.offset
        old = at < self._now - KEEP + APART and 0 <= offset <= self._before.get(topic, -1)
        shelf, word = _place(identity)
        if old or self._holds(shelf, word):
            self._mark(topic, max(offset, self._marks.get(topic, -1)))
            return True
        self._keep(shelf, word)
        if offset >= 0:
            self._mark(topic, offset)
            if offset <= self._before.get(topic, -1):  # new, and yet below the mark: the log begins anew
                self._before[topic] = offset - 1
        return False

    def knows(self, identity: str) -> bool:
        """Tell whether an id was noted within `KEEP`."""
        return self._holds(*_place(identity))

    def note(self, identity: str) -> None:
        """Remember an id."""
        self._keep(*_place(identity))

    def _holds(self, shelf: int, word: str) -> bool:
        return any(word in self._shelf(number, shelf) for number, _ in reversed(self._spans))

    def _keep(self, shelf: int, word: str) -> None:
        if not self._spans or abs(self._now - self._spans[-1][1]) >= SPAN:
            self._open()
        number = self._spans[-1][0]
        ids = self._shelf(number, shelf)
        if len(ids) > SHELF_LIMIT:
            self._open()
            number = self._spans[-1][0]
            ids = self._shelf(number, shelf)
        self._fill(number, shelf, (ids or ",") + word[1:])

    def forget(self, identity: str) -> None:
        """Take an id out, because it may come again."""
        shelf, word = _place(identity)
        for number, _ in self._spans:
            if word in (ids := self._shelf(number, shelf)):
                self._fill(number, shelf, ids.replace(word, ","))

    def save(self) -> None:
        """Put what changed into the state."""
        for number, shelf in self._changed:
            self._state.put(self._partition, _key(number, shelf), {"ids": self._shelves[number, shelf]})
        if self._touched:
            self._state.put(self._partition, INDEX, {"spans": self._spans, "marks": self._marks})
        self._changed, self._touched = {}, False

    def _open(self) -> None:
        number = self._spans[-1][0] + 1 if self._spans else 0
        self._spans.append((number, self._now))
        self._touched = True
        while len(self._spans) > 1 and self._spans[1][1] <= self._now - KEEP:
            self._clear(self._spans.pop(0)[0])

    def _clear(self, number: int) -> None:
        for shelf in range(SHELVES):
            self._state.delete(self._partition, _key(number, shelf))
            self._changed.pop((number, shelf), None)

    def _mark(self, topic: str, offset: int) -> None:
        if self._marks.get(topic, -1) != offset:
            self._marks[topic] = offset
            self._touched = True

    def _shelf(self, number: int, shelf: int) -> str:
        ids = self._shelves.get((number, shelf))
        if ids is None:
            value = self._state.get(self._partition, _key(number, shelf))
            ids = self._shelves[number, shelf] = value["ids"] if value else ""
        return ids

    def _fill(self, number: int, shelf: int, ids: str) -> None:
        self._shelves[number, shelf] = ids
        self._changed[number, shelf] = None


class BriefMemory:
    """A memory of one process that nobody restores: what a back-test has played."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def repeats(self, _event: Event, identity: str, _at: int) -> bool:
        """Tell whether this was done before; if not, remember it as done."""
        if identity in self._known:
            return True
        self._known.add(identity)
        return False

    def knows(self, identity: str) -> bool:
        """Tell whether an id was noted."""
        return identity in self._known

    def note(self, identity: str) -> None:
        """Remember an id."""
        self._known.add(identity)

    def save(self) -> None:
        """Do nothing: it is kept in this process."""


def _place(identity: str) -> tuple[int, str]:
    """Return the shelf of an id, and how it stands there, between commas."""
    digest = blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=11).digest()
    return int.from_bytes(digest[:2]) % SHELVES, f",{b64encode(digest[2:]).decode('ascii')},"


def _key(number: int, shelf: int) -> str:
    return f"{HIDDEN}{number}.{shelf}"
