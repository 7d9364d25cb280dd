"""The fence's statement, planned once for each connection to the database instead of once for each mail.

It asks every gate at once, so planning it takes many times as long as running it. Django never lets psycopg prepare
anything, so it is prepared by SQL. What the server has prepared is asked for under the lead's lock: a connection may be
new, or another one than a moment ago when a pooler hands them out by transaction.

The plan is the generic one. That is right here: each of its parameters is one row's own key or plain data. The
server makes it anew when a table's statistics change.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

from django.db import connection

from nurturing import gates

# The parameters: $1 message, $2 attempt, $3 lease, $4 consent, $5 basis.
FENCE = """
UPDATE nurturing_message
SET state = 'dot', dot_at = statement_timestamp(), lease_until = statement_timestamp() + $3,
    consent_id = $4, basis = $5, gates_saw = gate.saw
FROM ({gate}) gate
WHERE id = $1 AND attempt = $2 AND state = 'claimed' AND lease_until > statement_timestamp()
"""
PREPARE = "PREPARE {name} (bigint, integer, interval, bigint, text) AS {body}"
# Plans for good values are no better than the plan for any, and the choice between them costs a plan each time.
LOCK_LEAD = """
SELECT EXISTS (SELECT FROM pg_prepared_statements WHERE name = %s),
       set_config('plan_cache_mode', 'force_generic_plan', true)
FROM leads_lead WHERE id = (
    SELECT e.lead_id FROM nurturing_message m JOIN nurturing_enrolment e ON e.id = m.enrolment_id WHERE m.id = %s)
FOR UPDATE
"""


class Prepared(NamedTuple):
    name: str
    statement: str


def passes(cursor: Any, message_id: int, attempt: int, *facts: Any) -> bool:
    """Locks the lead, then looks and changes the row in one statement. `facts`: lease, consent, basis."""
    gate, params = gates.one_may_be_sent()
    it = _written(gate, tuple(params))
    cursor.execute(LOCK_LEAD, [it.name, message_id])
    found = cursor.fetchone()
    if found is None:
        return False
    if not found[0]:
        cursor.execute(it.statement)
    cursor.execute(f"EXECUTE {it.name} (%s, %s, %s, %s, %s)", [message_id, attempt, *facts])
    return bool(cursor.rowcount == 1)


@cache
def _written(gate: str, params: tuple[Any, ...]) -> Prepared:
    """The name follows from the statement, so that a new version of Tandem never runs an old one's."""
    asked = connection.ops.compose_sql(gate, params).replace(str(gates.ONE), "$1")  # type: ignore[attr-defined]  # PostgreSQL's has it
    body = FENCE.replace("{gate}", asked)
    name = f"tandem_fence_{sha256(body.encode()).hexdigest()[:16]}"
    return Prepared(name, PREPARE.replace("{name}", name).replace("{body}", body))
