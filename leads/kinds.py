"""The activity kinds of the product, with the words and icon each is shown with.

Any other kind is `custom:<name>`; names are lower case, digits, dots, dashes and underscores, 60 characters at most.
"""

import re
from typing import NamedTuple


class Kind(NamedTuple):
    label: str
    icon: str
    channel: str  # web, email, event, sales or system: the timeline's tabs


KINDS: dict[str, Kind] = {
    "page_view": Kind("Viewed a page", "monitor", "web"),
    "engaged_time": Kind("Spent time on a page", "timer", "web"),
    "content_download": Kind("Downloaded content", "file-down", "web"),
    "form_submit": Kind("Sent a form", "file-input", "web"),
    "newsletter_signup": Kind("Signed up for the newsletter", "mail", "web"),
    "webinar_registered": Kind("Registered for a webinar", "calendar-plus", "event"),
    "webinar_attended": Kind("Attended a webinar", "video", "event"),
    "demo_request": Kind("Asked for a demo", "flame", "web"),
    "trial_started": Kind("Started a trial", "play", "web"),
    "contact_request": Kind("Asked to be contacted", "message-square", "web"),
    "chat_started": Kind("Started a chat", "message-square", "web"),
    "ad_click": Kind("Clicked an ad", "megaphone", "web"),
    "email_sent": Kind("Was sent a mail", "send", "email"),
    "email_delivered": Kind("Received a mail", "mail", "email"),
    "email_open": Kind("Opened a mail", "mail-open", "email"),
    "email_click": Kind("Clicked in a mail", "mouse-pointer-click", "email"),
    "email_bounce": Kind("Mail bounced", "mail-warning", "email"),
    "email_complaint": Kind("Reported a mail as spam", "shield-alert", "email"),
    "email_unsubscribe": Kind("Unsubscribed", "ban", "email"),
    "wishlist_add": Kind("Added to the wishlist", "flag", "web"),
    "cart_add": Kind("Added to the cart", "plus", "web"),
    "cart_abandoned": Kind("Abandoned a cart", "rotate-ccw", "web"),
    "purchase": Kind("Bought", "check", "web"),
    "product_used": Kind("Used the product", "play", "web"),
    "referral": Kind("Was referred", "users", "event"),
    "call": Kind("Call", "phone", "sales"),
    "meeting": Kind("Meeting", "calendar-check", "sales"),
    "note": Kind("Note", "square-pen", "sales"),
    "score_lowered": Kind("Score lowered by sales", "arrow-down", "sales"),
    "points_added": Kind("Points added by a campaign", "arrow-up", "system"),
    "points_taken": Kind("Points taken by a campaign", "arrow-down", "system"),
}
# Kinds under `custom:` that Tandem itself records; the closed list of names above stays as it is.
OWN: dict[str, Kind] = {"custom:reply": Kind("Answered a mail", "mail", "email")}
KNOWN = KINDS | OWN
CUSTOM = re.compile(r"custom:[a-z0-9][a-z0-9._-]{0,59}")


def is_kind(name: str) -> bool:
    return name in KINDS or CUSTOM.fullmatch(name) is not None


def describe(name: str) -> Kind:
    """Words and icon; custom kinds show their own name."""
    return KNOWN.get(name) or Kind(
        name.removeprefix("custom:").replace("_", " ").capitalize(), "sparkles", "web"
    )
