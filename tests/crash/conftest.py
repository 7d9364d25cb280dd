"""The polite mail server of the other tests, for deaths at a known place."""

from tests.nurturing.conftest import sink

__all__ = ["sink"]
