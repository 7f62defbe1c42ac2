"""The stand-in's page in a real Chromium."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import pytest
from gateway_spans import build_request

from sidecar.stand_in.stubs.collector_pb2 import BOOL

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("browser"),
    pytest.mark.asyncio,
    pytest.mark.timeout(120),
]

HOSTILE = "<script>document.title='hacked'</script>\"'><img src=x onerror=document.title='hacked'>"
ACCEPTED = "document.querySelector('.strip li:last-child dd').textContent"
PAUSE = "document.querySelector('#live-state button').click()"
LATE = """
window.really = window.fetch;
window.fetch = async (...words) => {
  window.asked = true;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const answer = await window.really(...words);
  window.answered = true;
  return answer;
};
"""
"""Has each renewal of the counts take a second more."""
FOCUSED = "document.activeElement.querySelector('.name').textContent.trim()"
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def family(trace=1, names=("GET /", "SELECT", "render")):
    """Return a batch: a span, and its children one after the other."""
    request = build_request(len(names), trace=trace)
    parent = request.batch.spans[0]
    for span, name in zip(request.batch.spans, names, strict=True):
        span.operation_name = name
        if span is not parent:
            span.references.add(trace_id=parent.trace_id, span_id=parent.span_id)
    return request


async def test_the_counts_change_without_a_reload(tab, stand_in):
    """What arrives, what is refused and that newer traces are there appears by itself."""
    await tab.open(stand_in.page)
    await tab.value("window.stays = true")
    before = await tab.value(ACCEPTED)

    stand_in.post(build_request(3), build_request(2, token="wrong", service="shop"))

    await tab.wait_for(f"{ACCEPTED} === '3'")
    # the second batch may be later than the counts that show the first
    await tab.wait_for("document.querySelector('#refused').textContent.includes('shop')")
    await tab.wait_for("!document.getElementById('newer').hidden")
    assert "0" == before
    assert "losses" in await tab.value("document.querySelector('.strip').textContent")
    assert await tab.value("window.stays")


async def test_counts_can_be_held(tab, stand_in):
    """Pause stops the renewal, and the same button goes on."""
    await tab.open(stand_in.page)
    await tab.wait_for("document.getElementById('live-state').textContent.includes('Live')")
    await tab.value(PAUSE)
    stand_in.post(build_request(3))
    await asyncio.sleep(3)
    held = await tab.value(ACCEPTED)

    await tab.value(PAUSE)

    await tab.wait_for(f"{ACCEPTED} === '3'")
    assert "0" == held


async def test_counts_that_are_under_way_at_a_pause_are_not_shown(tab, stand_in):
    """An answer that is late changes neither the counts nor what is said of them."""
    await tab.open(stand_in.page)
    await tab.value(LATE)
    await tab.wait_for("window.asked")
    stand_in.post(build_request(3))

    await tab.value(PAUSE)

    await tab.wait_for("window.answered")
    await asyncio.sleep(0.5)
    assert "Paused. Go on" == await tab.value("document.getElementById('live-state').textContent")
    assert "0" == await tab.value(ACCEPTED)


async def test_a_stand_in_that_ended_is_noticed(tab, stand_in):
    """Counts that no longer change are said to be old."""
    await tab.open(stand_in.page)
    await tab.wait_for("document.getElementById('live-state').textContent.includes('Live')")

    stand_in.process.kill()

    await tab.wait_for("document.getElementById('live-state').textContent.includes('old')")
    tab.complaints.clear()  # the refused connections


async def test_the_timeline_is_used_with_the_keyboard(tab, stand_in):
    """Arrow keys walk over the spans, open and close them."""
    stand_in.post(family())
    await tab.open(f"{stand_in.page}/trace/1")
    await tab.value("document.querySelector('#spans summary').focus()")

    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "ArrowRight"):
        await tab.press(key)

    assert "SELECT" in await tab.value(FOCUSED)
    assert "SELECT" in await tab.value("document.querySelector('details[open]').textContent")
    await tab.press("ArrowLeft")
    assert await tab.value("!document.querySelector('details[open]')")


async def test_the_first_tab_key_offers_to_skip_the_header(tab, stand_in):
    """A link to the content has the focus first, and can then be seen."""
    await tab.open(stand_in.page)

    await tab.press("Tab")

    assert "Skip to the content" == await tab.value("document.activeElement.textContent")
    assert 0 <= await tab.value("document.activeElement.getBoundingClientRect().left")
    assert "solid" == await tab.value("getComputedStyle(document.activeElement).outlineStyle")


async def test_tags_of_a_large_trace_come_when_a_span_is_opened(tab, stand_in):
    """Above 300 spans, a row is light, and its tags are loaded on demand."""
    request = build_request(400)
    request.batch.spans[0].tags.add(key="answer", v_str="42")
    stand_in.post(request)
    await tab.open(f"{stand_in.page}/trace/1")
    before = await tab.value("document.body.textContent.includes('answer')")

    await tab.value("document.querySelector('#spans summary').click()")

    await tab.wait_for("document.querySelector('#spans details').textContent.includes('answer')")
    assert not before


async def test_it_works_without_scripts(tab, stand_in):
    """Counts, search, a trace and the tags of a span are there when scripts are off."""
    request = build_request(400, operation="GET /only")
    request.batch.spans[0].tags.add(key="error", v_type=BOOL, v_bool=True)
    stand_in.post(request)
    await tab.scripts(enabled=False)
    words = {
        "/": ["spans accepted", "GET /only"],
        "/?service=frontend&operation=GET+%2Fonly&errors=1": ["GET /only", "1 error"],
        "/?service=nobody": ["No stored trace"],
        "/trace/1": ["Critical path", "400 spans", "Tags and logs"],
        "/trace/1/span/0000000000000001": ["Authentication", "***"],
    }
    for path, expected in words.items():
        await tab.open(f"{stand_in.page}{path}")
        text = await tab.value("document.body.textContent.replace(/\\s+/g, ' ')")
        assert [] == [word for word in expected if word not in text], path


async def test_hostile_names_are_text(tab, stand_in):
    """Markup in names, tags and refused batches is shown as text, also when counts are renewed."""
    request = build_request(service=HOSTILE, operation=HOSTILE)
    request.batch.spans[0].tags.add(key=HOSTILE, v_str=HOSTILE)
    stand_in.post(request, build_request(token="wrong", service=HOSTILE))

    search = "?" + urlencode({"service": HOSTILE, "operation": HOSTILE, "find": HOSTILE})
    for path in (
        "/",
        "/trace/1",
        "/trace/1/span/0000000000000001",
        "/" + search,
        "/trace/1" + search,
    ):
        await tab.open(f"{stand_in.page}{path}")
        await tab.wait_for("document.readyState === 'complete'")
        assert "hacked" not in await tab.value("document.title.split(' · ')[1]")
        assert 1 == await tab.value("document.scripts.length")
        assert 0 == await tab.value("document.images.length")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1280])
async def test_it_fits_narrow_and_wide_windows(tab, stand_in, width, dark):
    """No page scrolls sideways, and text has contrast with its ground in both schemes."""
    long = "SELECT-" * 60
    stand_in.post(family(names=("GET /", long)), build_request(token="wrong", service=long))
    await tab.resize(width, dark=dark)

    for path in ("/", "/trace/1"):
        await tab.open(f"{stand_in.page}{path}")
        assert not await tab.value(WIDER), path
        assert await tab.value(CONTRAST) >= 4.5, path


CONTRAST = """(() => {
  const light = (text) => {
    const part = (number) => {
      const share = number / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    const [red, green, blue] = text.match(/[0-9.]+/g).map(Number);
    return 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue);
  };
  const ground = (element) => {
    const colour = getComputedStyle(element).backgroundColor, around = element.parentElement;
    return colour.endsWith(", 0)") && around ? ground(around) : colour;
  };
  const ratio = (element) => {
    const pair = [getComputedStyle(element).color, ground(element)].map(light);
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  };
  return Math.min(...[...document.querySelectorAll("main *, header *")].map(ratio));
})()"""
"""The lowest contrast of any text with its ground, as WCAG computes it."""


async def test_ten_thousand_spans_stay_usable(tab, stand_in):
    """A trace of 10,000 spans is there in seconds, and a click or a jump is answered at once."""
    for first in range(1, 10_001, 500):
        stand_in.post(build_request(500, first_span=first))
    await tab.open(f"{stand_in.page}/trace/1")

    load = await tab.value("performance.getEntriesByType('navigation')[0].loadEventEnd")
    opened = await tab.value(f"{FRAME.format('document.querySelector(`summary`).click()')}")
    moved = await tab.value(f"{FRAME.format('scrollTo(0, document.body.scrollHeight / 2)')}")

    assert "10,000 spans" in await tab.value("document.body.textContent")
    assert 1000 == await tab.value("document.querySelectorAll('#spans details').length")
    assert load < 20_000
    assert opened < 1000
    assert moved < 1000


async def test_two_thousand_traces_stay_usable(tab, stand_in):
    """A list of 2,000 traces is there in seconds, and a jump to its end is shown at once."""
    for first in range(1, 2000, 100):
        request = build_request(0)
        for trace in range(first, first + 100):
            request.batch.spans.extend(build_request(trace=trace).batch.spans)
        stand_in.post(request)
    await tab.open(f"{stand_in.page}/?limit=2000")

    load = await tab.value("performance.getEntriesByType('navigation')[0].loadEventEnd")
    moved = await tab.value(f"{FRAME.format('scrollTo(0, document.body.scrollHeight)')}")

    assert 2000 == await tab.value("document.querySelectorAll('.traces li').length")
    assert load < 20_000
    assert moved < 1000


FRAME = """new Promise((resolve) => {{
  const begin = performance.now();
  {};
  requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begin)));
}})"""
"""The time in ms from an action to the end of the frame that shows it."""
