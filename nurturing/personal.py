"""What this app holds on a person; see leads.holdings."""

from __future__ import annotations

from collections.abc import Sequence

from leads.holdings import Holding
from nurturing.models import Enrolment
from nurturing.services import enrolments

MAIL = "message__enrolment__lead"
HOLDINGS = (
    Holding(
        "nurturing.Message",
        "mails",
        path="enrolment__lead",
        addresses=("to_address",),
        blank={"to_address": "", "reply": "", "basis": "", "gates_saw": None, "consent": None},
    ),
    Holding(
        "nurturing.Unsubscribe", "unsubscribes", path=MAIL, addresses=("address",), blank={"address": ""}
    ),
    Holding(
        "nurturing.ReturnedMail",
        "mails that came back",
        path=MAIL,
        addresses=("sender",),
        lists=("recipients",),
        blank={"recipients": [], "sender": "", "subject": "", "words": ""},
    ),
    Holding("nurturing.ConfirmationMail", "mails asking to confirm", path="confirmation__lead"),
    Holding("nurturing.SoftBounce", "failed deliveries", path=MAIL, addresses=("address",)),
    Holding(
        "nurturing.MailEvent",
        "reports of mail services",
        path=MAIL,
        addresses=("recipient",),
        blank={"recipient": "", "event_id": "", "remote_id": "", "words": "", "url": "", "agent": ""},
    ),
    Holding("nurturing.GateNote", "reasons why mails waited", path=MAIL, blank={"words": ""}),
    Holding(
        "nurturing.WebhookCall",
        "calls to other systems",
        path="enrolment__lead",
        blank={"payload": {}, "answer": ""},
    ),
    Holding("nurturing.Enrolment", "runs through campaigns", blank={}),
    Holding("nurturing.Visit", "steps of runs", path="enrolment__lead", blank={"words": ""}),
    Holding("nurturing.HoldOut", "hold-outs", blank={}),
    Holding("nurturing.SegmentMember", "places in segments"),
    Holding("nurturing.SegmentChange", "changes of segments", blank={}),
    Holding("nurturing.SegmentTouch", "notes to look at segments again", path="lead_id"),
    Holding("nurturing.SegmentClock", "alarms of segments"),
    Holding("nurturing.AudienceMember", "places in ad audiences"),
    Holding("nurturing.AudienceUpload", "addresses given to ad networks, as hashes"),
)
ANONYMOUS: dict[str, str] = {}


def stop(leads: Sequence[int]) -> None:
    runs = Enrolment.objects.active().filter(lead__in=leads)
    enrolments.end(runs, Enrolment.Ended.STOPPED, "Stopped.")
