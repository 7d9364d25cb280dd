"""Header shapes of common tools, as data: which column means what, and what gives the tool away.

Headers are compared folded: lower case, no accents, only letters, digits and `#`. A preset's columns go before
the generic words. `prefix` keeps the ids of one tool apart from those of another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

OPT_OUT = "opt_out"  # whoever is marked there must not be mailed


@dataclass(frozen=True)
class Preset:
    key: str
    label: str
    marks: frozenset[str]
    columns: dict[str, str | None]  # folded header -> field; None leaves the column out
    prefix: str = ""
    refuse: str = ""
    needs: int = 2  # marks
    prefer: dict[str, tuple[str, ...]] = field(default_factory=dict)  # field -> headers, best first


def fold(header: str) -> str:
    plain = unicodedata.normalize("NFKD", header).encode("ascii", "ignore").decode().lower()
    return " ".join(re.sub(r"[^a-z0-9#]+", " ", plain).split())


GENERIC_WORDS: dict[str, str] = {
    "external_id": "external id|contact id|lead id|record id|customer id|user id|prospect id|person id|id",
    "email": "email|e mail|mail|email address|e mail address|email 1|work email|business email|primary email"
    "|courriel|adresse e mail|adresse email|correo|correo electronico|e mail adresse",
    "first_name": "first name|firstname|given name|forename|fname|prenom|vorname|nombre",
    "last_name": "last name|lastname|surname|family name|lname|nom de famille|nachname|apellido|apellidos",
    "name": "name|full name|fullname|contact name|lead name|contact|nom|nom complet",
    "phone": "phone|phone number|telephone|tel|mobile|mobile phone|mobile number|cell|work phone|telefon",
    "title": "job title|jobtitle|title|position|role|fonction|poste|berufsbezeichnung|cargo",
    "seniority": "seniority|management level|job level",
    "department": "department|departments|job function|service|abteilung",
    "company": "company|company name|organisation|organization|account|account name|employer|entreprise|societe"
    "|firma|unternehmen|empresa",
    "company_domain": "company domain|domain|website|company website|web site|website url|site web",
    "industry": "industry|sector|primary industry|branche|secteur",
    "employees": "employees|# employees|number of employees|company size|employee count|headcount|effectif",
    "revenue": "revenue|annual revenue|company revenue|chiffre d affaires|umsatz",
    "company_country": "company country|hq country",
    "technologies": "technologies|tech stack|technology",
    "country": "country|country region|person country|pays|land|pais",
    "city": "city|town|person city|ville|stadt|ciudad",
    "time_zone": "time zone|timezone",
    "source": "source|lead source|leadsource|original source|origine|quelle",
    "campaign": "campaign|utm campaign|campaign name",
    "created_at": "created at|created|create date|created date|createddate|date created|creation date|signup date",
    OPT_OUT: "opt out|opted out|unsubscribed|email opt out|do not email|unsubscribed from all email"
    "|hasoptedoutofemail|has opted out of email",
}
GENERIC = {word: target for target, words in GENERIC_WORDS.items() for word in words.split("|")}


def _marks(words: str) -> frozenset[str]:
    return frozenset(words.split("|"))


PRESETS: dict[str, Preset] = {
    preset.key: preset
    for preset in (
        Preset("generic", "Any file", frozenset(), {}),
        Preset(
            "hubspot",
            "HubSpot contacts",
            _marks(
                "record id|lifecycle stage|lead status|original source|contact owner|country region|website url"
                "|create date|marketing contact status|associated company"
            ),
            {
                "mobile phone number": "phone",
                "associated company": "company",
                "employment seniority": "seniority",
            },
            prefix="hubspot:",
        ),
        Preset(
            "salesforce",
            "Salesforce leads",
            _marks(
                "lead id|leadsource|ownerid|isconverted|hasoptedoutofemail|createddate|lastmodifieddate|lead owner"
                "|lead status|company account|annualrevenue|numberofemployees"
            ),
            {
                "company account": "company",
                "mobilephone": "phone",
                "annualrevenue": "revenue",
                "numberofemployees": "employees",
                "isconverted": None,
            },
            prefix="salesforce:",
        ),
        Preset(
            "salesforce_accounts",
            "Salesforce accounts",
            _marks("masterrecordid|parentid|billingstreet|billingcity|accountnumber|tickersymbol"),
            {},
            refuse="These rows are companies (Salesforce accounts), not people. Export leads or contacts instead.",
            needs=4,
        ),
        Preset(
            "mailchimp",
            "Mailchimp audience",
            _marks(
                "leid|euid|optin time|optin ip|confirm time|confirm ip|member rating|last changed|unsub time"
            ),
            {
                "leid": "external_id",
                "cc": "country",
                "optin time": "created_at",
                **dict.fromkeys(("status", "unsub", "bounce", "unsub time", "cleaned time"), OPT_OUT),
                **dict.fromkeys(
                    ("euid", "optin ip", "confirm ip", "latitude", "longitude", "gmtoff", "dstoff")
                ),
            },
            prefix="mailchimp:",
        ),
        Preset(
            "linkedin",
            "LinkedIn connections",
            _marks("connected on|position|url"),
            {"url": "external_id"},
            needs=3,
        ),
        Preset(
            "apollo",
            "Apollo contacts",
            _marks(
                "company name for emails|# employees|person linkedin url|email status|first phone|work direct phone"
                "|corporate phone|company linkedin url"
            ),
            {
                "person linkedin url": "external_id",
                "company name for emails": None,
                **dict.fromkeys(("mobile phone", "work direct phone", "first phone", "home phone"), "phone"),
            },
            prefer={"phone": ("mobile phone", "work direct phone", "first phone", "home phone")},
        ),
        Preset(
            "mautic",
            "Mautic contacts",
            _marks("firstname|lastname|address1|zipcode|points|ip"),
            {"title": "custom.salutation", "ip": None, "points": "custom.mautic_points"},
            prefix="mautic:",
            needs=4,
        ),
    )
}


def detect(columns: Sequence[str]) -> Preset:
    """The preset with most of its marks among these columns; generic when none has enough."""
    folded = {fold(column) for column in columns}
    found = {preset.key: len(preset.marks & folded) for preset in PRESETS.values()}
    enough = [key for key, marks in found.items() if marks >= PRESETS[key].needs]
    return PRESETS[max(enough, key=lambda key: found[key])] if enough else PRESETS["generic"]


def guess(columns: Sequence[str], preset: Preset) -> dict[str, str | None]:
    """{column: field} where this preset knows one. Columns that are not named become own fields."""
    known = GENERIC | preset.columns
    found = {column: known[fold(column)] for column in columns if fold(column) in known}
    if "first_name" in found.values() and "last_name" not in found.values():
        found = {column: "last_name" if target == "name" else target for column, target in found.items()}
    order = {header: place for headers in preset.prefer.values() for place, header in enumerate(headers)}
    return dict(sorted(found.items(), key=lambda item: order.get(fold(item[0]), -1)))
