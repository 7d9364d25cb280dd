"""What mail services call things where anymail's normal form says too little. Data: field -> values, as text."""

KEY = "tandem_message"  # the metadata that names our message

# This address may work again tomorrow.
SOFT_WORDS = {
    "event": {"soft_bounce"},  # Brevo, Mandrill
    "type": {"blocked", "activity.soft_bounced"},  # SendGrid, MailerSend
    "Type": {"SoftBounce", "Transient", "DnsError"},  # Postmark
    "bounce_class": {  # SparkPost
        "1",
        "20",
        "21",
        "22",
        "23",
        "24",
        "25",
        "40",
        "50",
        "51",
        "52",
        "53",
        "54",
        "70",
    },
    "hard_bounce": {"False"},  # Mailjet
    "bounceType": {"Transient", "Undetermined"},  # Amazon SES
}
# It will not.
HARD_WORDS = {
    "event": {"hard_bounce", "invalid_email"},
    "type": {"bounce"},
    "Type": {"HardBounce", "BadEmailAddress"},
    "hard_bounce": {"True"},
    "bounceType": {"Permanent"},
    "SuppressionReason": {"HardBounce"},
}
DEAD = {"bounced", "invalid"}  # anymail's reject reasons

# Opened by Apple's or another proxy, or by a security scanner.
MACHINE_WORDS = {
    "event": {"proxy_open", "unique_proxy_open"},  # Brevo
    "sg_machine_open": {"True"},  # SendGrid
    "bot": {"apple", "generic", "gmail"},  # Mailgun
    "initial_open": {"True"},  # SparkPost
}

NESTED = (  # parts of an event in which such words stand
    "msys", "event-data", "client-info", "bounce", "msg", "data", "message_event", "track_event", "event_data",
)  # fmt: skip
