"""A circuit breaker per host, so that a dead index costs seconds and not hours. No clock and no socket here."""

from __future__ import annotations

import enum

THRESHOLD = 5  # failures in a row, with no success between them, that open the circuit
PROBE_DELAYS = (0.5, 1.0, 2.0)  # seconds to the first, second and third probe
PATIENCE = 10.0  # seconds after which a failed probe is the last
POLL = 0.1  # seconds between two looks of those who wait for a probe


class State(enum.Enum):
    CLOSED = "closed"
    OPEN = "open"  # nobody asks until the next probe is due
    PROBING = "probing"  # one request is on its way; the others wait for its outcome
    DEAD = "dead"  # given up for this run


class Circuit:
    """Lets requests through while the host answers; after THRESHOLD failures in a row only single probes.

    >>> circuit = Circuit()
    >>> for _ in range(THRESHOLD):
    ...     circuit.failure(0.0, "refused")
    >>> circuit.admit(0.1), circuit.admit(0.5), circuit.state.value
    (0.4, 0.0, 'probing')
    """

    def __init__(self) -> None:
        self.state = State.CLOSED
        self.reason = ""  # why the last request failed
        self._failures = 0
        self._opened = 0.0
        self._probes = 0
        self._next_probe = 0.0

    def admit(self, now: float) -> float | None:
        """0.0: ask now. More: come back after so many seconds. None: the host is given up."""
        if self.state is State.CLOSED:
            return 0.0
        if self.state is State.DEAD:
            return None
        if self.state is State.PROBING:
            return POLL
        if now < self._next_probe:
            return self._next_probe - now
        self.state = State.PROBING
        return 0.0

    def success(self) -> None:
        """The host answered, whatever it said."""
        self.state = State.CLOSED
        self._failures = self._probes = 0

    def failure(self, now: float, reason: str) -> None:
        """No answer, or one that says that the server is in trouble."""
        self.reason = reason
        self._failures += 1
        if self.state is State.CLOSED and self._failures >= THRESHOLD:
            self._opened = now
            self._reopen(now)
        elif self.state is State.PROBING:
            if self._probes >= len(PROBE_DELAYS) or now - self._opened > PATIENCE:
                self.state = State.DEAD
            else:
                self._reopen(now)

    def _reopen(self, now: float) -> None:
        self.state = State.OPEN
        self._next_probe = now + PROBE_DELAYS[self._probes]
        self._probes += 1

    def abandon(self, now: float) -> None:
        """The probe was cancelled and says nothing: let the next one be made."""
        if self.state is State.PROBING:
            self.state = State.OPEN
            self._next_probe = now
