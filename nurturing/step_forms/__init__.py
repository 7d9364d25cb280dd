"""The settings form of each kind of step. A new kind puts its form here and its words into nurturing.kinds.

A form is made with what was typed or None, the step's `settings`, and what they may name (`around`). When it is valid,
its `settings` are what the step keeps. `template` is how it looks inside of the inspector's <form>; the plain one shows
every field.
"""

from nurturing.step_forms.base import StepForm
from nurturing.step_forms.deciding import ConditionForm, SplitForm
from nurturing.step_forms.doing import ExitForm, FieldForm, HandoffForm, PointsForm, StartForm
from nurturing.step_forms.outside import AudienceForm, TaskForm, WebhookForm, WebinarForm
from nurturing.step_forms.timing import EventForm, WaitForm

FORMS: dict[str, type[StepForm]] = {
    "wait": WaitForm,
    "event": EventForm,
    "condition": ConditionForm,
    "split": SplitForm,
    "field": FieldForm,
    "points": PointsForm,
    "handoff": HandoffForm,
    "start": StartForm,
    "exit": ExitForm,
    "task": TaskForm,
    "webinar": WebinarForm,
    "audience": AudienceForm,
    "webhook": WebhookForm,
}

__all__ = ["FORMS", "StepForm"]
