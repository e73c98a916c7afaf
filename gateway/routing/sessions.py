"""PURE: what this process has seen of sessions lately, as hashes: by it an agent is noticed that goes round in circles.

Each process knows what passed through it alone. What an agent sends along of its own history is looked at in every one
(gateway/wire/loops.py).
"""

from collections import Counter, OrderedDict
from dataclasses import dataclass, field

_MAX_SESSIONS = 10_000
_MAX_KNOWN = 200
"""Hashes that are kept of one session, of requests and of answers each."""


@dataclass(slots=True)
class _Session:
    requests: Counter[bytes] = field(default_factory=Counter)
    answers: set[bytes] = field(default_factory=set)
    idle_tokens: int = 0


class Sessions:
    """The sessions of all teams, the latest ones."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[tuple[int, str], _Session] = OrderedDict()

    def same_request(self, team_id: int, session: str, digest: bytes) -> int:
        """Notes a request; how often it came in this session, this time included."""
        requests = self._session(team_id, session).requests
        if digest not in requests and len(requests) >= _MAX_KNOWN:
            requests.clear()
        requests[digest] += 1
        return requests[digest]

    def forget_request(self, team_id: int, session: str, digest: bytes) -> None:
        """Takes back one that was noted: what was not answered may be sent again."""
        requests = self._session(team_id, session).requests
        if requests[digest] > 1:
            requests[digest] -= 1
        else:
            del requests[digest]

    def note_answer(self, team_id: int, session: str, digest: bytes, tokens: int) -> None:
        """Notes an answer: tokens count from one to the next that is new."""
        found = self._session(team_id, session)
        if digest in found.answers:
            found.idle_tokens += tokens
            return
        if len(found.answers) >= _MAX_KNOWN:
            found.answers.clear()
        found.answers.add(digest)
        found.idle_tokens = 0

    def idle_tokens(self, team_id: int, session: str) -> int:
        """Tokens of the session since an answer that was new."""
        return self._session(team_id, session).idle_tokens

    def _session(self, team_id: int, session: str) -> _Session:
        key = (team_id, session)
        found = self._sessions.get(key)
        if found is None:
            found = self._sessions[key] = _Session()
            if len(self._sessions) > _MAX_SESSIONS:
                self._sessions.popitem(last=False)
        else:
            self._sessions.move_to_end(key)
        return found
