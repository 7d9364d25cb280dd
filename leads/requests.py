"""What a page of ours knows about its request once the middleware and the sign-in have had their turn."""

from django.http import HttpRequest

from accounts.models import User


class PageRequest(HttpRequest):
    user: User
    wants_fragment: bool
