"""What the public form says of itself, in the languages it speaks. Pure."""

LANGUAGES = {"en": "English", "de": "Deutsch"}

SAID: dict[str, dict[str, str]] = {
    "en": {
        "skip": "Skip to content",
        "send": "Send",
        "optional": "optional",
        "choose": "Choose",
        "choice": "Choose one of these.",
        "required": "Please fill this in.",
        "email": "This is not an e-mail address. It looks like name@company.com.",
        "unreadable": "This cannot be read. Please check it.",
        "check_one": "Please check one field",
        "check_many": "Please check some fields",
        "kept": "Nothing has been sent, and what you typed is still here.",
        "quick": "That was very quick. Nothing has been sent yet: please press the button once more.",
        "stale": "This page was open for a long time. Nothing has been sent yet: please press the button once more.",
        "often": "Too many forms came from your network. Nothing has been sent; please try again in ten minutes.",
        "known": "Sending to",
        "not_you": "Not you?",
        "told": "You have told us some things before, so we do not ask again.",
        "consent": "What we may send you",
        "free": "This is optional. Every mail has a link to stop.",
        "confirm": "We confirm by email first.",
        "trap": "Leave this empty",
        "thanks": "Thank you",
        "received": "We have received what you sent.",
        "asked": "We have sent you a mail: please confirm there that you want to hear from us.",
        "download": "Open",
        "closed": "This form is closed.",
        "closed_why": "It takes no answers any more. Nothing has been sent.",
    },
    "de": {
        "skip": "Zum Inhalt",
        "send": "Senden",
        "optional": "freiwillig",
        "choose": "Bitte wählen",
        "choice": "Bitte wählen Sie eine der Antworten.",
        "required": "Bitte ausfüllen.",
        "email": "Das ist keine E-Mail-Adresse. Sie sieht aus wie name@firma.de.",
        "unreadable": "Das ist nicht lesbar. Bitte prüfen Sie es.",
        "check_one": "Bitte prüfen Sie ein Feld",
        "check_many": "Bitte prüfen Sie einige Felder",
        "kept": "Es wurde nichts gesendet, und Ihre Angaben stehen noch da.",
        "quick": "Das ging sehr schnell. Es wurde noch nichts gesendet: Bitte drücken Sie noch einmal auf den Knopf.",
        "stale": "Die Seite war lange offen. Noch wurde nichts gesendet: Bitte drücken Sie noch einmal auf den Knopf.",
        "often": "Aus Ihrem Netz kam zu viel. Es wurde nichts gesendet; bitte versuchen Sie es in zehn Minuten.",
        "known": "Geht an",
        "not_you": "Nicht Sie?",
        "told": "Einiges wissen wir schon von Ihnen und fragen es nicht noch einmal.",
        "consent": "Was wir Ihnen schicken dürfen",
        "free": "Das ist freiwillig. In jeder Mail steht ein Link, der es beendet.",
        "confirm": "Zuerst bestätigen Sie es in einer Mail.",
        "trap": "Bitte frei lassen",
        "thanks": "Vielen Dank",
        "received": "Ihre Angaben sind angekommen.",
        "asked": "Wir haben Ihnen eine Mail geschickt: Bitte bestätigen Sie darin, dass Sie von uns hören möchten.",
        "download": "Öffnen",
        "closed": "Dieses Formular ist geschlossen.",
        "closed_why": "Es nimmt keine Antworten mehr an. Es wurde nichts gesendet.",
    },
}


def language_of(wanted: str, accepted: str, offered: set[str]) -> str:
    """The one asked for, else the first the browser names that the form speaks, else English."""
    names = [wanted, *(part.split(";")[0].strip()[:2].lower() for part in accepted.split(","))]
    return next((name for name in names if name in offered and name in SAID), "en")
