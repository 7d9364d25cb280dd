"""How many events a write key, and an address, may send in a minute. Counted in Valkey, for all processes together.

A sixth of a minute's worth may come at once; what is more has to wait, and is told how long. Without Valkey nobody
is held back: losing events would be worse.
"""

import logging
import math
import time

import redis
from django.conf import settings

logger = logging.getLogger(__name__)
PATIENCE = 0.25  # seconds for an answer of Valkey
PAUSE = 5.0  # seconds without asking, once it did not answer
AT_ONCE = 1 / 6  # of a minute's worth

# For each bucket its level is the moment when it will be empty again. Either all buckets take the cost, or none.
TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local full, wait = {}, 0
for i, key in ipairs(KEYS) do
    local rate, burst = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
    local empty = math.max(tonumber(redis.call('GET', key) or 0), now)
    full[i] = empty + math.min(tonumber(ARGV[1]), burst) / rate
    wait = math.max(wait, full[i] - now - burst / rate)
end
if wait > 0 then return tostring(wait) end
for i, key in ipairs(KEYS) do
    redis.call('SET', key, string.format('%.6f', full[i]), 'PX', math.ceil((full[i] - now) * 1000) + 1000)
end
return '0'
"""


class _Asked:
    """The connection of this process, and until when it is left alone."""

    def __init__(self) -> None:
        server = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
        )
        self.take = server.register_script(TAKE)
        self.away_until = 0.0


_asked: list[_Asked] = []


def wait_for(*, key: str, address: str, events: int) -> int:
    """Seconds until as many events may come; 0 when they may come now, and are counted."""
    names: list[str] = []
    numbers: list[float] = [events]
    for name, per_minute in (
        (f"events:{key}", settings.EVENTS_PER_KEY),
        (f"events:{address}" if address else "", settings.EVENTS_PER_ADDRESS),
    ):
        if name and per_minute:
            names.append(name)
            numbers += [per_minute / 60, max(per_minute * AT_ONCE, 1)]
    return math.ceil(_ask(names, numbers)) if names else 0


def _ask(names: list[str], numbers: list[float]) -> float:
    if not _asked:
        _asked.append(_Asked())
    asked = _asked[0]
    if asked.away_until > time.monotonic():
        return 0
    try:
        return float(asked.take(keys=names, args=numbers))
    except redis.RedisError as error:
        logger.warning("events are not counted, Valkey does not answer: %s", error)
        asked.away_until = time.monotonic() + PAUSE
        return 0


def forget_connection() -> None:
    """For tests that change the server."""
    _asked.clear()
