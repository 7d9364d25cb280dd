"""Admins make people, teams and keys here."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.http import HttpRequest

from accounts.admin_kinds import NeverDeleted, OneRow
from accounts.models import ApiToken, Organisation, Team, User
from accounts.services import (
    SCOPES,
    BadName,
    UnknownScope,
    check_scopes,
    checked_name,
    create_token,
    revoke_token,
)

admin.site.site_header = admin.site.site_title = "Tandem admin"
admin.site.register(Team)


class UserCreation(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name", "role")
        field_classes: dict[str, Any] = {}


class UserChange(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"
        field_classes: dict[str, Any] = {}


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    form, add_form = UserChange, UserCreation
    ordering = ("name",)
    list_display = ("name", "email", "role", "team", "is_active")
    list_filter = ("role", "team", "is_active")
    search_fields = ("name", "email")
    filter_horizontal = ()
    fieldsets = (
        (
            None,
            {"fields": ("email", "password", "name", "job_title", "role", "team", "time_zone", "is_active")},
        ),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("email", "name", "role", "password1", "password2")}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # switched off, never deleted: history keeps its names


@admin.register(Organisation)
class OrganisationAdmin(OneRow):
    pass


class TokenForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        choices=[(key, f"{key}: {words}") for key, words in SCOPES.items()],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="For API tokens. A write key only sends events in.",
    )

    class Meta:
        model = ApiToken
        fields = ("kind", "name", "scopes", "expires_at")

    def clean_name(self) -> str:
        try:
            return checked_name(self.cleaned_data["name"])
        except BadName as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        try:
            check_scopes(data.get("kind", ""), data.get("scopes") or [])
        except UnknownScope as error:
            self.add_error("scopes", str(error))
        return data


@admin.register(ApiToken)
class ApiTokenAdmin(NeverDeleted):
    form = TokenForm
    list_display = ("name", "kind", "prefix", "created_by", "created_at", "last_used_at", "revoked_at")
    list_filter = ("kind",)
    actions = ("revoke",)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        token, secret = create_token(
            kind=obj.kind,
            name=obj.name,
            scopes=list(obj.scopes),
            actor=request.user,  # type: ignore[arg-type]
        )
        ApiToken.objects.filter(pk=token.pk).update(expires_at=obj.expires_at)
        obj.pk = token.pk
        messages.warning(request, f"Copy this secret now, it is not shown again: {secret}")

    @admin.action(description="Revoke the chosen tokens")
    def revoke(self, request: HttpRequest, queryset: Any) -> None:
        for token in queryset:
            revoke_token(token=token)
