"""Names that senders give to events, and the kinds of activity we know them as.

Source  the Segment spec's semantic events (B2B SaaS, e-commerce, e-mail, live chat), and the product's own kinds
"""

import hashlib
import re
from functools import lru_cache

from leads.kinds import KINDS

SEMANTIC = {
    "page_viewed": "page_view",
    "viewed_page": "page_view",
    "screen_viewed": "page_view",
    "time_on_page": "engaged_time",
    "content_downloaded": "content_download",
    "asset_downloaded": "content_download",
    "file_downloaded": "content_download",
    "whitepaper_downloaded": "content_download",
    "ebook_downloaded": "content_download",
    "form_submitted": "form_submit",
    "form_completed": "form_submit",
    "newsletter_subscribed": "newsletter_signup",
    "subscribed_to_newsletter": "newsletter_signup",
    "webinar_signup": "webinar_registered",
    "registered_for_webinar": "webinar_registered",
    "attended_webinar": "webinar_attended",
    "demo_requested": "demo_request",
    "requested_demo": "demo_request",
    "signed_up": "trial_started",
    "trial_start": "trial_started",
    "started_trial": "trial_started",
    "contact_requested": "contact_request",
    "contact_us": "contact_request",
    "live_chat_conversation_started": "chat_started",
    "live_chat_message_sent": "chat_started",
    "ad_clicked": "ad_click",
    "promotion_clicked": "ad_click",
    "email_opened": "email_open",
    "email_link_clicked": "email_click",
    "email_clicked": "email_click",
    "email_bounced": "email_bounce",
    "email_marked_as_spam": "email_complaint",
    "unsubscribed": "email_unsubscribe",
    "email_unsubscribed": "email_unsubscribe",
    "product_added_to_wishlist": "wishlist_add",
    "product_added": "cart_add",
    "cart_abandon": "cart_abandoned",
    "checkout_abandoned": "cart_abandoned",
    "order_completed": "purchase",
    "product_purchased": "purchase",
    "invite_sent": "referral",
    "call_logged": "call",
    "meeting_booked": "meeting",
    "meeting_held": "meeting",
}
LONGEST_CUSTOM = 60

_GAP = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=4096)
def kind_of(event: str) -> str:
    """`Demo Requested` is a demo_request; `Danced wildly` is custom:danced_wildly."""
    slug = _slug(event.removeprefix("custom:"))
    if event.startswith("custom:"):
        return f"custom:{slug}"
    if slug in KINDS:
        return slug
    return SEMANTIC.get(slug) or f"custom:{slug}"


def _slug(text: str) -> str:
    """Words joined by underscores. A name without Latin letters gets a short, stable name of its own."""
    slug = _GAP.sub("_", text.casefold()).strip("_")[:LONGEST_CUSTOM].rstrip("_")
    return slug or "event_" + hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=4).hexdigest()
