"""Readers who report mails as spam: above 0.1 % it is said, above 0.3 % sending stops. Gmail's own limit is 0.3 %.

One complaint is chance, not a rate: below three of them, or of a hundred mails, nothing is judged.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models.functions import Now

from leads.models import Suppression
from nurturing.models import Campaign, Epoch, Message

DAYS = 7
LEAST_COMPLAINTS, LEAST_MAILS = 3, 100
WARN, STOP = 0.001, 0.003

COUNT = """
WITH since AS (
    SELECT c.id, GREATEST(now() - make_interval(days => %(days)s), c.complaints_from, %(looked_at)s) AS start
    FROM nurturing_campaign c WHERE c.state <> 'draft'
), reported AS (  -- by a report about the mail, or by a complaint that names only the lead: then its last mail
    SELECT m.id AS message, e.campaign_id AS campaign, m.complained_at AS at
    FROM nurturing_message m JOIN nurturing_enrolment e ON e.id = m.enrolment_id
    WHERE m.complained_at > now() - make_interval(days => %(days)s)
    UNION ALL
    SELECT last.id, last.campaign_id, s.at FROM leads_suppression s CROSS JOIN LATERAL (
        SELECT m.id, e.campaign_id FROM nurturing_enrolment e JOIN nurturing_message m ON m.enrolment_id = e.id
        WHERE e.lead_id = s.lead_id AND m.sent_at <= s.at AND m.sent_at > s.at - interval '30 days'
        ORDER BY m.complained_at IS NULL, m.sent_at DESC LIMIT 1) last
    WHERE s.reason = 'complained' AND s.at > now() - make_interval(days => %(days)s)
)
SELECT since.id,
    (SELECT count(*) FROM nurturing_message m JOIN nurturing_enrolment e ON e.id = m.enrolment_id
     WHERE e.campaign_id = since.id AND m.state = 'accepted' AND m.sent_at > since.start),
    (SELECT count(DISTINCT reported.message) FROM reported
     WHERE reported.campaign = since.id AND reported.at > since.start)
FROM since
"""


class Rate(NamedTuple):
    complaints: int
    mails: int

    @property
    def verdict(self) -> str:
        """ "stop", "warn", or empty: fine, or too few to say."""
        if self.complaints < LEAST_COMPLAINTS or self.mails < LEAST_MAILS:
            return ""
        share = self.complaints / self.mails
        return "stop" if share > STOP else "warn" if share > WARN else ""

    @property
    def words(self) -> str:
        """ "0.42% of 1,204 mails (5)"."""
        share = 100 * self.complaints / self.mails if self.mails else 0
        return f"{share:.2f}% of {self.mails:,} mails ({self.complaints:,}) in the last {DAYS} days"


def rates() -> dict[int, Rate]:
    """By campaign, since somebody last looked; nothing while there are too few complaints to judge by."""
    if _reported() < LEAST_COMPLAINTS:
        return {}
    looked_at = Epoch.objects.values_list("complaints_from", flat=True).first()
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"days": DAYS, "looked_at": looked_at})
        return {row[0]: Rate(row[2], row[1]) for row in cursor.fetchall()}


def _reported() -> int:
    recently = Now() - timedelta(days=DAYS)
    mails = Message.objects.filter(complained_at__gt=recently).count()
    return mails + Suppression.objects.filter(reason="complained", at__gt=recently).count()


def whole(found: dict[int, Rate]) -> Rate:
    """The installation's."""
    return Rate(sum(rate.complaints for rate in found.values()), sum(rate.mails for rate in found.values()))


def warned(found: dict[int, Rate]) -> list[tuple[Campaign, Rate]]:
    """Running campaigns between the two lines."""
    names = Campaign.objects.filter(
        state=Campaign.State.ACTIVE, pk__in=[pk for pk, rate in found.items() if rate.verdict]
    )
    return [(campaign, found[campaign.pk]) for campaign in names.order_by("name")]
