"""What sales did and can do, for a floor that may not know who they are: named in the settings, see ADR 0012."""

from __future__ import annotations

from django.db import connection
from django.db.models import Sum

from handoff.models import RoundRobinSeat

FIRST = """
SELECT c.lead_id, (extract(epoch FROM min(h.accepted_at)) * 1000000)::bigint
FROM handoff_handoff h JOIN scoring_qualificationcycle c ON c.id = h.cycle_id
WHERE c.lead_id BETWEEN %s AND %s AND h.accepted_at IS NOT NULL GROUP BY c.lead_id
"""


def first_accepted(first_lead: int, last_lead: int) -> dict[int, int]:
    """{lead id: microseconds since 1970} of the first acceptance, for leads in this range of ids."""
    with connection.cursor() as cursor:
        cursor.execute(FIRST, [first_lead, last_lead])
        return dict(cursor.fetchall())


def capacity_a_day() -> int:
    """What the reps who take turns may be offered a day, all together; 0 when no limit is set."""
    seats = RoundRobinSeat.objects.filter(active=True, rep__is_active=True)
    return seats.aggregate(total=Sum("max_today"))["total"] or 0
