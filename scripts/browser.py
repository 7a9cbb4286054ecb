"""A small browser for authorization servers: it opens a page, fills in the forms of a person who agrees, and follows."""

from __future__ import annotations

import html.parser
import http.cookiejar
import urllib.parse
import urllib.request

import harness

PATIENCE = 60
PERSON = {"login": "ada", "password": "lovelace"}


class Forms(html.parser.HTMLParser):
    """The first form of a page: where it goes, and what it holds. Of its buttons the first is pressed."""

    def __init__(self, page: str):
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.pressed = False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "form" and self.action is None:
            self.action = found.get("action") or ""
        if tag == "button" and self.pressed:
            return
        self.pressed |= tag == "button"
        if tag in ("input", "button") and found.get("name"):
            self.fields[found["name"]] = found.get("value") or ""


def consent(url: str) -> str:
    """Goes where a person would go, and yields the page they see at the end."""
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)
    answer = browser.open(url, timeout=PATIENCE)
    for _ in range(5):
        place, page = answer.geturl(), answer.read().decode()
        form = Forms(page)
        if form.action is None:
            return page
        fields = form.fields | (PERSON if "login" in form.fields else {})
        data = urllib.parse.urlencode(fields).encode()
        answer = browser.open(urllib.parse.urljoin(place, form.action), data, timeout=PATIENCE)
    raise harness.Broken("the authorization server never stops asking")
