"""Points as people write them."""

from django import template

register = template.Library()


@register.simple_tag
def signed(points: int) -> str:
    """+12, 0 or −5, with a real minus sign."""
    return f"+{points}" if points > 0 else f"−{-points}" if points < 0 else "0"
