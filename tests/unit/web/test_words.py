import json
import re
from pathlib import Path

import edge.web
from edge.model.clock import ClockQuality
from edge.model.event import EventKind
from edge.model.message import Lane
from edge.model.quality import Quality

STATIC = Path(edge.web.__file__).parent / "static"
SCRIPTS = sorted(STATIC.glob("*.js"))


def words():
    text = (STATIC / "words.js").read_text(encoding="utf-8")
    return json.loads(text[text.index("= {") + 2 : text.rindex("}") + 1])


WORDS = words()


def test_each_word_has_both_languages():
    whole = {
        key
        for key, both in WORDS.items()
        if set(both) == {"vi", "en"} and all(map(str.strip, both.values()))
    }
    assert len(WORDS) > 80
    assert whole == set(WORDS)


def test_both_languages_fill_the_same_places():
    places = {
        key: [set(re.findall(r"\{(\w+)\}", both[language])) for language in ("vi", "en")]
        for key, both in WORDS.items()
    }
    assert [key for key, (vi, en) in places.items() if vi != en] == []


def test_no_key_is_written_twice():
    text = (STATIC / "words.js").read_text(encoding="utf-8")
    assert len(re.findall(r'^  "([\w.]+)": \{', text, re.MULTILINE)) == len(WORDS)


def test_what_the_gateway_says_has_a_word():
    said = {
        *(f"quality.{quality.name.lower()}" for quality in Quality),
        *(f"event.{kind.value}" for kind in EventKind),
        *(f"clock.{quality.name.lower()}" for quality in ClockQuality),
        *(f"lane.{lane.value}" for lane in Lane),
        *(f"device.{state}" for state in ("waiting", "up", "down")),
    }
    assert said <= set(WORDS)


def asked():
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    scripts = "".join(
        path.read_text(encoding="utf-8") for path in SCRIPTS if path.name != "words.js"
    )
    exact = set(re.findall(r'data-word="([^"]+)"', page)) | set(
        re.findall(r'"([a-z]+(?:\.[a-z_]+)*)"', scripts)
    )
    return exact, set(re.findall(r"`([a-z]+\.)\$\{", scripts))


def test_each_word_that_the_page_asks_for_exists():
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    scripts = "".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    exact = set(re.findall(r'data-word="([^"]+)"', page)) | set(
        re.findall(r'\bword\("([^"]+)"', scripts)
    )
    assert len(exact) > 20
    assert exact <= set(WORDS)


def test_no_word_is_left_over():
    exact, prefixes = asked()
    assert [key for key in WORDS if key not in exact and not key.startswith(tuple(prefixes))] == []


def test_the_page_has_nothing_inline():
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)


def test_text_is_never_taken_for_markup():
    taken = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    )
    assert len(SCRIPTS) > 5
    assert [path.name for path in SCRIPTS if taken.search(path.read_text(encoding="utf-8"))] == []
