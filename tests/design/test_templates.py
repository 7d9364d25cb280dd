"""Rules every template keeps, so that the content security policy can stay strict and htmx explicit."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings

ROOT = settings.ROOT
PAGES = sorted(ROOT.glob("templates/**/*.html"))
TEMPLATE_CODE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
COMMENT = re.compile(r"\{% comment %\}.*?\{% endcomment %\}|<!--.*?-->", re.DOTALL)
TAG = re.compile(r"""<([a-zA-Z][\w-]*)((?:"[^"]*"|'[^']*'|[^'">])*)>""")
ICON = re.compile(r"""\{% icon "([\w-]+)"|\bicon(?:_name)?="([\w-]+)\"""")
VENDORED = json.loads((ROOT / "static/vendor/vendor.json").read_text())["packages"]


def tags() -> Iterator[tuple[str, str, str]]:
    """(template, tag name, attributes), template code taken out."""
    for page in PAGES:
        text = TEMPLATE_CODE.sub("", COMMENT.sub("", page.read_text()))
        for name, attributes in TAG.findall(text):
            yield str(page.relative_to(ROOT)), name.lower(), attributes


def has(attribute: str, attributes: str) -> bool:
    return re.search(rf"(?:^|\s){attribute}(?:\s|=|$)", attributes) is not None


def asks_a_server(attributes: str) -> bool:
    return has("hx-(?:get|post|put|patch|delete)", attributes)


RULES: dict[str, Callable[[str, str], bool]] = {
    "no style attribute": lambda _name, attributes: has("style", attributes),
    "no style element": lambda name, _attributes: name == "style",
    "no inline script": lambda name, attributes: (
        name == "script" and not has("src", attributes) and "application/json" not in attributes
    ),
    "no event attribute": lambda _name, attributes: has(r"on[a-z]+", attributes) or "hx-on" in attributes,
    "no script in hx-vals": lambda _name, attributes: bool(
        re.search(r"""hx-(?:vals|headers)=["']js:""", attributes)
    ),
    "nothing from another host": lambda name, attributes: (
        name in {"script", "link", "img", "iframe"}
        and bool(re.search(r"""(?:src|href)=["'](?:https?:)?//""", attributes))
    ),
    "hx-target written out": lambda _name, attributes: (
        asks_a_server(attributes) and not has("hx-target", attributes)
    ),
    "hx-swap written out": lambda _name, attributes: (
        asks_a_server(attributes) and not has("hx-swap", attributes)
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_no_template_breaks_the_rule(rule):
    broken = [
        f"{page}: <{name}{attributes}>" for page, name, attributes in tags() if RULES[rule](name, attributes)
    ]

    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_notices_a_breach(rule):
    breaches = [
        ("p", ' style="color:red"'),
        ("style", ""),
        ("script", ' type="module"'),
        ("a", ' onclick="go()"'),
        ("a", """ hx-vals='js:{a: 1}'"""),
        ("script", ' src="https://cdn.example/x.js"'),
        ("a", ' hx-get="/x/" hx-swap="outerHTML"'),
        ("a", ' hx-get="/x/" hx-target="#x"'),
    ]

    assert any(RULES[rule](name, attributes) for name, attributes in breaches)
    assert not RULES[rule]("a", ' class="btn" href="/x/" hx-get="/x/" hx-target="#x" hx-swap="outerHTML"')


def test_every_icon_that_is_named_exists():
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (ROOT / "static/icons.svg").read_text()))
    named = {
        (name or other, str(page.relative_to(ROOT)))
        for page in PAGES
        for name, other in ICON.findall(page.read_text())
    }

    assert not [use for use in named if use[0] not in drawn]


def test_every_icon_of_the_navigation_exists():
    from accounts.navigation import SECTIONS

    drawn = (ROOT / "static/icons.svg").read_text()

    assert not [item.icon for _, items in SECTIONS for item in items if f'id="{item.icon}"' not in drawn]


@pytest.mark.parametrize("package", VENDORED, ids=lambda package: package["name"])
def test_what_others_made_is_what_we_checked(package):
    sums = {
        name: hashlib.sha256((ROOT / "static" / name).read_bytes()).hexdigest() for name in package["files"]
    }

    assert sums == package["files"]
    assert (ROOT / "static" / package["licence_file"]).read_text().strip()


def test_every_vendored_file_is_listed():
    listed = {name for package in VENDORED for name in package["files"]}
    licences = {package["licence_file"] for package in VENDORED}
    shipped = {
        str(path.relative_to(ROOT / "static"))
        for folder in ("fonts", "vendor")
        for path in (ROOT / "static" / folder).rglob("*")
        if path.is_file() and path.name != "vendor.json"
    }

    assert shipped <= listed | licences
