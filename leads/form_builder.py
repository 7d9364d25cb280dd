"""The builder's own form: what marketers type, as a definition and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from leads.form_questions import (
    ALWAYS,
    CHOICE,
    HIDDEN,
    LONG,
    MOST_QUESTIONS,
    NEXT,
    NUMBER,
    PHONE,
    TEXT,
    UNKNOWN,
    YES,
    Definition,
    Question,
)
from leads.models import Asset, CaptureForm, Topic

KINDS = [
    (TEXT, "One line"), (LONG, "Several lines"), ("email", "E-mail address"), (PHONE, "Phone number"),
    (NUMBER, "Number"), (CHOICE, "Choice from a list"), (YES, "Yes"), (HIDDEN, "Hidden, with a fixed value"),
]  # fmt: skip
ASKS = [
    (ALWAYS, "Always"),
    (UNKNOWN, "Only while we do not know it"),
    (NEXT, "When it is the next best question"),
]
TEXTS = ("kicker", "title", "intro", "points", "button", "thanks", "consent")
LONG_TEXTS = ("intro", "points", "thanks", "consent")
LABELS = {
    "kicker": "Line above the title",
    "title": "Title",
    "intro": "Introduction",
    "points": "Points, one a line",
    "button": "Button",
    "thanks": "Thank-you message",
    "consent": "What people agree to when they tick a topic",
}


class NewForm(forms.ModelForm):
    class Meta:
        model = CaptureForm
        fields = ("name", "slug")
        labels = {"slug": "Address"}


class DraftForm(forms.Form):
    name = forms.CharField(max_length=150, help_text="For colleagues; visitors see the title.")
    topics = forms.ModelMultipleChoiceField(
        Topic.objects.all(), required=False, widget=forms.CheckboxSelectMultiple, label="Topics to offer"
    )
    asset = forms.ModelChoiceField(
        Asset.objects.order_by("name"),
        required=False,
        label="What people get",
        empty_label="Nothing to download",
    )
    redirect = forms.CharField(
        max_length=500,
        required=False,
        label="Page to go to afterwards",
        help_text="Instead of the thank-you message.",
    )
    at_most = forms.IntegerField(
        min_value=0, max_value=10, initial=2, label="Next best questions at most",
        help_text="Of the questions marked so, those are shown that could change the fit most.",
    )  # fmt: skip
    origins = forms.CharField(
        required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
        label="Sites that may show it in a frame", help_text="One a line, such as https://www.example.com.",
    )  # fmt: skip
    mapping = forms.CharField(
        required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3}), label="Names in foreign forms",
        help_text="One a line: their name = our field, such as your-email = email.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in TEXTS:
            for code, language in (("en", "English"), ("de", "German")):
                widget = forms.Textarea(attrs={"rows": 2}) if name in LONG_TEXTS else forms.TextInput()
                self.fields[f"{name}_{code}"] = forms.CharField(
                    required=False, max_length=2000, widget=widget, label=f"{LABELS[name]}, {language}"
                )

    def clean_mapping(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in self.cleaned_data["mapping"].splitlines():
            name, sign, target = (part.strip() for part in line.partition("="))
            if line.strip() and not (name and sign and target):
                raise forms.ValidationError(
                    f"“{line.strip()[:80]}” is not a mapping. Write their name = our field."
                )
            if name:
                found[name] = target
        return found

    def clean_origins(self) -> list[str]:
        return [
            line.strip().rstrip("/") for line in self.cleaned_data["origins"].splitlines() if line.strip()
        ]

    def texts(self, name: str) -> list[Any]:
        return [self[f"{name}_{code}"] for code in ("en", "de")]

    @property
    def words(self) -> list[list[Any]]:
        return [self.texts(name) for name in TEXTS if name != "consent"]


class QuestionForm(forms.Form):
    name = forms.ChoiceField(label="Field of the lead")
    label_en = forms.CharField(max_length=200, required=False, label="Question, English")
    label_de = forms.CharField(max_length=200, required=False, label="Question, German")
    kind = forms.ChoiceField(choices=KINDS, label="Answer")
    ask = forms.ChoiceField(choices=ASKS, label="Asked")
    required = forms.BooleanField(required=False, label="Must be answered")
    help_en = forms.CharField(max_length=300, required=False, label="Help, English")
    help_de = forms.CharField(max_length=300, required=False, label="Help, German")
    choices = forms.CharField(
        max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3}), label="Choices, one a line"
    )
    value = forms.CharField(max_length=300, required=False, label="Value of a hidden one")

    def __init__(self, *args: Any, fields: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].choices = [("", "No field chosen"), *fields.items()]  # type: ignore[attr-defined]

    def question(self) -> Question:
        data = self.cleaned_data
        lines = [line.strip()[:200] for line in data["choices"].splitlines() if line.strip()]
        return Question(
            name=data["name"],
            label=_words(data, "label"),
            kind=data["kind"],
            required=data["required"],
            ask=data["ask"],
            help=_words(data, "help"),
            choices=tuple(dict.fromkeys(lines)),
            value=data["value"],
        )


Questions = forms.formset_factory(
    QuestionForm,
    can_order=True,
    can_delete=True,
    extra=1,
    max_num=MOST_QUESTIONS,
    absolute_max=MOST_QUESTIONS + 5,
)


def initial(name: str, definition: Definition) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": name,
        "topics": list(definition.topics),
        "asset": definition.asset,
        "redirect": definition.redirect,
        "at_most": definition.at_most,
        "origins": "\n".join(definition.origins),
        "mapping": "\n".join(f"{theirs} = {ours}" for theirs, ours in definition.mapping.items()),
    }
    for text in TEXTS:
        values |= {f"{text}_{code}": getattr(definition, text).get(code, "") for code in ("en", "de")}
    return values


def initial_questions(definition: Definition) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name, "kind": one.kind, "ask": one.ask, "required": one.required, "value": one.value,
            "choices": "\n".join(one.choices),
            **{f"label_{code}": one.label.get(code, "") for code in ("en", "de")},
            **{f"help_{code}": one.help.get(code, "") for code in ("en", "de")},
        }
        for one in definition.questions
    ]  # fmt: skip


def definition_of(draft: DraftForm, questions: Any) -> Definition:
    data = draft.cleaned_data
    kept = [form for form in questions.ordered_forms if form.has_changed() or form.initial]
    return Definition(
        **{name: _words(data, name) for name in TEXTS},
        questions=tuple(form.question() for form in kept if form.cleaned_data.get("name")),
        topics=tuple(topic.pk for topic in data["topics"]),
        redirect=data["redirect"].strip(),
        asset=data["asset"].pk if data["asset"] else None,
        at_most=data["at_most"],
        origins=tuple(data["origins"]),
        mapping=data["mapping"],
    )


def _words(data: Mapping[str, Any], name: str) -> dict[str, str]:
    return {code: data[f"{name}_{code}"] for code in ("en", "de") if data[f"{name}_{code}"]}


class AssetForm(forms.ModelForm):
    class Meta:
        model = Asset
        fields = ("name", "url", "file", "days")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if bool(data.get("url")) == bool(data.get("file")):
            raise forms.ValidationError("Give either an address or a file.")
        return data
