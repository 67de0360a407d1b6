"""How the page looks: at every width, by day and by night, to who sees it and to who hears it; and what it weighs."""
import base64
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

from case import expect
from home import Skipped, case, until
from reader import SOON

AXE = "axe-core-python==0.1.0"
CACHE = Path(__file__).resolve().parents[2] / ".build"
WIDTHS = 360, 768, 1280
SCHEMES = "light", "dark"
HEAVIEST = 68 << 10  # bytes, of all that a browser loads before the first answer


def axe():
    """axe-core's script, out of a package; made once. None where it cannot be had."""
    venv = CACHE / "venv-axe"
    found = list(venv.glob("lib/python3*/site-packages/axe_core_python/axe.min.js"))
    if not found:
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", venv], stdout=subprocess.DEVNULL).returncode == 0
        if made:
            subprocess.run([venv / "bin/pip", "install", "--quiet", "--disable-pip-version-check", AXE])
        found = list(venv.glob("lib/python3*/site-packages/axe_core_python/axe.min.js"))
    return found[0] if found else None


def busy(home):
    """A spool in which there is something of everything."""
    home.furnish().good("spool", "init", "letters", "sent")
    for _ in range(3):
        home.put("letters")
    home.good("deliver", "--to", "me", "--subject", "Briefing", stdin=b"Good morning.\n")
    home.run("deliver", "--to", "command:/nowhere", "--subject", "Lost", stdin=b"Nobody gets it.\n")
    home.good("job", "backup", "--", "true")
    home.run("job", "feeds", "--", "sh", "-c", "exit 3")
    script = home.home / "post.sh"
    script.write_text('set -e\npipeline-step draft -- echo text\npipeline-step render --undo true -- true\n'
                      'pipeline-step publish -- sh -c "exit 7"\n')
    home.run("pipeline-run", script)
    waits = home.home / "brief.sh"
    waits.write_text(f'set -e\npipeline-step gather -- echo a brief\n'
                     f'pipeline-step ask -- wait-approval --to me --subject Brief <"$STEPS/gather"\n')
    home.start("pipeline-run", waits)
    until(lambda: home.names("approvals", "hold"), "the brief waits", SOON)
    home.asks("A text.\n\nOf some lines.\n" + "long " * 400 + "\n" + "x" * 3000, "A post " + "with a long subject " * 8)
    return home


def scheme(home, name):
    home.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]})


def width(home, pixels, height=900):
    home.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                 {"width": pixels, "height": height, "deviceScaleFactor": 1, "mobile": False})


def all_is_shown(home):
    """Also the texts, which come after."""
    home.is_shown()
    until(lambda: len(home.find(".approval .paper")) == 2, "the texts are shown", SOON)
    home.js("for (const one of document.querySelectorAll('details')) one.open = true")


@case
def axe_finds_nothing_serious_by_day_and_by_night(home):
    if not home.options.axe:
        raise Skipped(f"{AXE} could not be had")
    source = home.options.axe.read_text()

    def judge(where):
        home.js(source)
        found = home.browser.execute_async_script(
            "const done = arguments[0]; axe.run({ resultTypes: ['violations'] }).then((all) => done(all.violations.map("
            "(one) => [one.impact, one.id, one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + ' ' + node.failureSummary)])))")
        bad = [one for one in found if one[0] in ("serious", "critical")]
        home.remark(f"{where}: {len(found)} lesser" if found else f"{where}: nothing")
        expect(not bad, f"{where}: {bad}")
        home.transcript += [f"    {where}: {one}" for one in found]

    busy(home).open().browse()
    home.expects("401 (Unauthorized)")
    for name in SCHEMES:
        scheme(home, name)
        home.browser.get(home.url)
        home.sees("#login code", "dashboard --link")
        judge(f"login, {name}")
    home.browser.get(home.link())
    all_is_shown(home)
    home.find(".approval button[id^=no]")[0].click()
    for name in SCHEMES:
        scheme(home, name)
        judge(name)
    width(home, 360)
    judge("narrow")


@case
def it_fits_every_width(home):
    busy(home).come()
    for pixels in 320, *WIDTHS:
        width(home, pixels)
        home.browser.refresh()
        all_is_shown(home)
        wide = home.js("return document.documentElement.scrollWidth")
        expect(wide <= pixels, f"{wide} pixels of {pixels}: it is scrolled sideways")
        if home.options.screenshots and pixels in WIDTHS:
            home.options.screenshots.mkdir(parents=True, exist_ok=True)
            for name in SCHEMES:
                scheme(home, name)
                height = home.js("return document.documentElement.scrollHeight")
                shot = home.browser.execute_cdp_cmd("Page.captureScreenshot", {
                    "captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": pixels, "height": height, "scale": 1}})
                (home.options.screenshots / f"dashboard-{pixels}-{name}.png").write_bytes(base64.b64decode(shot["data"]))


@case
def days_are_the_servers_and_many_agents_with_one_trouble_are_one_line(home):
    home.furnish().good("spool", "init", "letters")
    home.come()
    home.js("""
        const real = window.fetch
        window.fetch = async (path, how) => {
          const answer = await real(path, how)
          if (path !== '/api/data') return answer
          const all = await answer.json(), agents = { main: { status: 'green', detail: 'headless' } }
          for (let i = 1; i < 8; i++) agents['a' + i] = { status: 'red', detail: 'claude was not found' }
          return Response.json({ ...all, agents, day: '2031-03-02', costs: { main: { '2031-03-02': 0.5, '2031-02-24': 0.25, '2031-02-23': 9 } } })
        }""")
    home.put("letters")
    row = home.sees("#costs tbody tr", "$0.75").text
    expect("$0.50" in row and "$9" not in row, f"the cost of seven days is {row!r}")
    expect(["Mon 24", "Today"] == [home.js("return document.querySelector(arguments[0]).textContent", f"#costs th:nth-child({n})") for n in (2, 8)],
           "the days are others")
    many = home.sees("#agents summary", "7 agents")
    expect("claude was not found" in many.text and "a1, a2, a3" in many.text, f"it says {many.text!r}")
    expect(len(home.find("#agents .body > .tiles > li")) == 1, "those who lack the same have a tile each")
    many.click()
    until(lambda: len(home.find("#agents details[open] .tiles > li")) == 7, "they are shown", SOON)


@case
def nothing_is_loaded_from_elsewhere_and_it_is_light(home):
    home.come()
    loaded = home.js("return performance.getEntriesByType('resource').map((one) => one.name)")
    expect(loaded and all(name.startswith(home.url) for name in loaded), f"loaded: {loaded}")
    read = lambda name: urllib.request.urlopen(home.url + name).read()
    # A module that the page does not name is asked for only when the one that imports it has come.
    named = set(re.findall(r'(?:href|src)="/([^"]+)"', read("").decode()))
    files = {name.removeprefix(home.url) for name in loaded if "/api/" not in name}
    expect(files == named, f"loaded, and not named: {files - named}; named, and not loaded: {named - files}")
    weight = sum(len(read(name)) for name in ["", *named])
    home.remark(f"{weight} bytes")
    expect(weight <= HEAVIEST, f"{weight} bytes")
