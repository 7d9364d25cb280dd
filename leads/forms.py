"""What people type on the pages of this floor, checked; a refused form keeps what was typed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError

from accounts.models import User
from leads.fields import FIELDS
from leads.merging import COMPANY, PERSON
from leads.models import CustomField, Lead, Seniority, Topic
from leads.values import BadValue, read, unanswered

MOST_UPLOAD = 50 * 1024**2  # bytes
MINE, NOBODY = "me", "none"


class LeadFilters(forms.Form):
    """The filters of the lead list, as they stand in its address. Wrong ones are left out, not refused."""

    q = forms.CharField(required=False, max_length=200)
    stage = forms.ChoiceField(required=False, choices=[("", "Any stage"), *Lead.Stage.choices])
    owner = forms.CharField(required=False, max_length=20)
    source = forms.CharField(
        required=False, max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    country = forms.CharField(
        required=False, max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    company = forms.IntegerField(required=False, widget=forms.HiddenInput)
    score = forms.IntegerField(
        required=False, label="Score at least", min_value=-1000, max_value=1000, widget=forms.NumberInput
    )
    email = forms.ChoiceField(
        required=False, label="E-mail address", choices=[("", "Any"), ("yes", "Has one"), ("no", "Has none")]
    )
    suppressed = forms.ChoiceField(
        required=False,
        label="Mail",
        choices=[("", "Any"), ("no", "May be mailed"), ("yes", "Must not be mailed")],
    )
    created = forms.DateField(
        required=False, label="Created since", widget=forms.DateInput(attrs={"type": "date"})
    )
    active = forms.DateField(
        required=False, label="Active since", widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "filter_%s")
        super().__init__(*args, **kwargs)
        people = [] if user.is_rep else owners()
        choices = [("", "Anybody"), (MINE, "Me"), *([] if user.is_rep else [(NOBODY, "Nobody")]), *people]
        self.fields["owner"] = forms.ChoiceField(required=False, choices=choices)

    @property
    def chosen(self) -> dict[str, Any]:
        """The filters that say something and can be read."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}


def owners() -> list[tuple[str, str]]:
    reps = User.objects.reps().order_by("name", "email")
    return [(str(rep.pk), str(rep)) for rep in reps]


class AssignForm(forms.Form):
    """Who shall own these leads; blank for nobody."""

    owner = forms.ModelChoiceField(
        User.objects.none(), required=False, empty_label="Nobody", label="New owner"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["owner"]
        field.queryset = User.objects.reps().order_by("name")  # type: ignore[attr-defined]
        field.widget.attrs["class"] = "input"
        field.error_messages["invalid_choice"] = "This person cannot own leads. Choose an active rep."


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=200,
        label="Why will they never buy?",
        error_messages={"required": "Say why, so that colleagues need not ask."},
    )


class ConsentForm(forms.Form):
    """What somebody told a colleague about one topic. Everything at once is the button beside it."""

    topic = forms.ModelChoiceField(
        Topic.objects.all(),
        empty_label=None,
        error_messages={"invalid_choice": "Choose a topic of the list.", "required": "Choose a topic."},
    )
    state = forms.ChoiceField(
        label="They",
        choices=[
            ("given", "agreed"),
            ("asked", "asked for it; send a mail to confirm"),
            ("withdrawn", "do not want it"),
        ],
        error_messages={"required": "Say whether they agreed.", "invalid_choice": "Say whether they agreed."},
    )
    wording = forms.CharField(
        label="In which words, and when",
        max_length=1000,
        error_messages={
            "required": "Say in which words they told you; it is the proof.",
            "max_length": "At most 1,000 characters.",
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "consent_%s")
        super().__init__(*args, **kwargs)


LABELS = {key: field.label for key, field in FIELDS.items()} | {
    "first_name": "First name",
    "last_name": "Last name",
    "time_zone": "Time zone",
    "company_domain": "Company website",
}
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Person",
        ("first_name", "last_name", "email", "phone", "title", "seniority", "department", "country", "city"),
    ),
    ("Company", ("company", "industry", "employees", "revenue", "company_country", "technologies")),
    ("Origin", ("source", "campaign")),
)
WIDE = frozenset(["email", "title", "technologies"])


class DetailsForm(forms.Form):
    """A lead's fields. Knows what the page showed, so that two people editing at once lose nothing.

    `seen` carries the values as they were when the form was made, signed. A field that somebody else changed
    since is refused once, with their value beside it; saving again then replaces it knowingly.
    """

    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, lead: Lead) -> None:
        self.lead = lead
        self.current = current_values(lead)
        self.custom = list(CustomField.objects.order_by("label"))
        super().__init__(
            data, initial=self._as_typed() | {"seen": signing.dumps(self._as_typed(), compress=True)}
        )
        for key in [key for _, keys in GROUPS for key in keys]:
            self.fields[key] = _field(key)
        for own in self.custom:
            self.fields[f"custom.{own.key}"] = _custom_field(own)
        self.taken_over: list[str] = []

    def groups(self) -> list[tuple[str, list[Any]]]:
        own = [(f"custom.{field.key}") for field in self.custom]
        groups = [*GROUPS, ("Own fields", tuple(own))] if own else list(GROUPS)
        return [(title, [self[key] for key in keys]) for title, keys in groups]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        seen = self._seen(values.get("seen", ""))
        types = {own.key: own.type for own in self.custom}
        changes: dict[str, Any] = {}
        for key in [name for name in self.fields if name != "seen" and name not in self.errors]:
            typed = (values.get(key) or "").strip()
            if typed == seen.get(key, ""):
                continue
            self._check(key, typed, seen.get(key, ""), changes, types)
        self.changes = changes
        return values

    def _check(self, key: str, typed: str, seen: str, changes: dict[str, Any], types: dict[str, str]) -> None:
        now = _shown(self.current.get(key))
        if now not in (seen, typed):
            self.taken_over.append(key)
            self.add_error(
                key, f"Somebody changed this to “{now or 'blank'}” meanwhile. Save again to replace it."
            )
            return
        try:
            changes[key] = read(key, typed, types) if typed and not unanswered(typed) else None
        except BadValue as error:
            self.add_error(key, str(error))

    def _seen(self, token: str) -> dict[str, str]:
        try:
            return dict(signing.loads(token))
        except signing.BadSignature:
            raise ValidationError(
                "This form is out of date. Your values are still here; save again."
            ) from None

    def renewed(self) -> str:
        """The token for the next try: what stands there now has been shown."""
        return signing.dumps(self._as_typed(), compress=True)

    def _as_typed(self) -> dict[str, str]:
        return {key: _shown(value) for key, value in self.current.items()}


def current_values(lead: Lead) -> dict[str, Any]:
    person = {key: getattr(lead, key) for key in PERSON}
    firm = {key: getattr(lead.company, name) if lead.company else None for key, name in COMPANY.items()}
    return person | firm | {f"custom.{key}": value for key, value in lead.custom.items()}


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _field(key: str) -> forms.Field:
    if key == "seniority":
        return forms.ChoiceField(required=False, choices=[("", "Not known"), *Seniority.choices])
    kind = {"email": "email", "phone": "tel"}.get(key, "text")
    widget = forms.TextInput(attrs={"type": kind, "autocomplete": "off"})
    # The readers of leads.values say what is too long; a browser must not cut it silently.
    return forms.CharField(required=False, label=LABELS.get(key, key), widget=widget)


def _custom_field(own: CustomField) -> forms.Field:
    if own.type == CustomField.Type.BOOLEAN:
        return forms.ChoiceField(
            required=False, label=own.label, choices=[("", "Not known"), ("yes", "Yes"), ("no", "No")]
        )
    widget = forms.DateInput(attrs={"type": "date"}) if own.type == CustomField.Type.DATE else forms.TextInput
    return forms.CharField(required=False, label=own.label, widget=widget)


class UploadForm(forms.Form):
    file = forms.FileField(
        label="CSV file",
        help_text="A .csv or .csv.gz file, at most 50 MB and 1,000,000 rows.",
        error_messages={
            "required": "Choose a file first.",
            "empty": "The file is empty. Choose a file with a header and at least one row.",
        },
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.gz,.txt,.tsv,text/csv"}),
    )

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if upload.size > MOST_UPLOAD:
            raise ValidationError(
                f"The file has {upload.size // 1024**2} MB; at most 50 MB can be imported. Split it."
            )
        return upload
