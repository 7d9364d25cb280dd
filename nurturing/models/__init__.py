"""Facts about segments, campaigns, who runs through them, and every mail."""

from nurturing.models.audiences import Audience, AudienceExport, AudienceMember, AudienceUpload
from nurturing.models.campaigns import Campaign, CampaignVersion, Step
from nurturing.models.confirmations import ConfirmationMail
from nurturing.models.contents import LinkCheck, Picture
from nurturing.models.drafts import DraftChange, PeopleMove
from nurturing.models.enrolments import Enrolment, Visit
from nurturing.models.experiments import HoldOut, SplitDecision
from nurturing.models.halts import Epoch, SendingHalt
from nurturing.models.members import SegmentChange, SegmentCheck, SegmentClock, SegmentMember, SegmentTouch
from nurturing.models.messages import MailTrouble, Message, TrackedLink, Unsubscribe
from nurturing.models.returns import MailboxTrouble, MailEvent, ReturnedMail, SoftBounce
from nurturing.models.segments import Segment
from nurturing.models.sending import GateNote, SendingRules
from nurturing.models.throttles import Throttle, ThrottleSlot, ThrottleState
from nurturing.models.webhooks import WebhookCall, WebhookEndpoint

__all__ = [
    "Audience",
    "AudienceExport",
    "AudienceMember",
    "AudienceUpload",
    "Campaign",
    "CampaignVersion",
    "ConfirmationMail",
    "DraftChange",
    "Enrolment",
    "Epoch",
    "GateNote",
    "HoldOut",
    "LinkCheck",
    "MailEvent",
    "MailTrouble",
    "MailboxTrouble",
    "Message",
    "PeopleMove",
    "Picture",
    "ReturnedMail",
    "Segment",
    "SegmentChange",
    "SegmentCheck",
    "SegmentClock",
    "SegmentMember",
    "SegmentTouch",
    "SendingHalt",
    "SendingRules",
    "SoftBounce",
    "SplitDecision",
    "Step",
    "Throttle",
    "ThrottleSlot",
    "ThrottleState",
    "TrackedLink",
    "Unsubscribe",
    "Visit",
    "WebhookCall",
    "WebhookEndpoint",
]
