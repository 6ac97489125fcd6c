"""The viewer and what is linked with it: exact pixels, modes, keys, boxes, cursor, addresses."""

import base64
import time

import numpy as np
import pytest
from PIL import Image, ImageChops

from sdqviz import api
from sdqviz.metrics.psnr import METRIC
from sdqviz.metrics.regions import box_scores
from sdqviz.views.runs.listing import typical, worst_first

# The component of an element, as the page's script keeps it.
COMPONENT = "([...document.querySelectorAll('#{}, #{} *')].find((e) => e.sdqviz)?.sdqviz ?? {{}})"
VIEWER = COMPONENT.format("viewer", "viewer")
PICTURES = f"({VIEWER}.pictures ?? {{}})"


@pytest.fixture
def store(server):
    from sdqviz.store.store import Store

    return Store(server[1])


@pytest.fixture
def row(store):
    run = next(r for r in store.runs.list() if r.spec.get("recipe") == "fidelity")
    return typical(run.scenes).as_row()


def focus(page):
    """Waits until pictures, timeline and histogram are there: the keys go to the viewer."""
    page.wait_for_function(f"{PICTURES}.ready")
    for part in ("#timeline output", "#histogram .sdqt-values"):
        page.wait_for_function(f"document.querySelector('{part}')?.textContent")
    page.locator("#viewer .sdqv-handle").focus()


def pixels(page, expression):
    """RGBA bytes of an ImageData in the page."""
    code = f"(() => {{ const d = {expression}; let s = '';" + (
        "for (let i = 0; i < d.data.length; i += 8192)"
        " s += String.fromCharCode(...d.data.subarray(i, i + 8192)); return btoa(s); })()"
    )
    return base64.b64decode(page.evaluate(code))


def test_what_is_measured_and_shown_are_the_pngs_pixels(page, store, row):
    focus(page)
    for who in ("fp", "student"):
        with Image.open(store.blobs.path(row["images"][who])) as stored:
            wanted = stored.convert("RGBA").tobytes()
        assert pixels(page, f"{PICTURES}.loaded.{who}.data") == wanted
    # One picture pixel on one screen pixel: the canvas holds them as they are.
    page.keyboard.press("3")
    page.keyboard.press("Space")
    page.evaluate(f"{VIEWER}.swapped = false")
    page.evaluate(f"{VIEWER}.view.least = 1")
    page.keyboard.press("9")
    page.evaluate(f"{VIEWER}.view.scale = 1; {VIEWER}.view.fitted = false")
    page.evaluate(f"Object.assign({VIEWER}.view, {{x: 40, y: 30}})")
    drawn = f"""(() => {{ const v = {VIEWER}; const {{ a }} = v.pictures;
      const c = v.frame.stage.canvas;
      v.frame.stage.pen.clearRect(0, 0, c.width, c.height);
      v.frame.stage.pen.drawImage(a.image, v.view.x, v.view.y, a.width, a.height);
      return v.frame.stage.pen.getImageData(40, 30, a.width, a.height); }})()"""
    with Image.open(store.blobs.path(row["images"]["fp"])) as stored:
        assert pixels(page, drawn) == stored.convert("RGBA").tobytes()


def test_every_mode_by_key_draws_something_else(page):
    focus(page)
    drawn = []
    for key in "1245689":  # 7 is the ST-LPIPS map, which the bundled run does not have
        page.keyboard.press(key)
        pressed = page.locator("#viewer .sdqv-modes [aria-pressed=true]")
        assert pressed.count() == 1
        drawn.append(page.evaluate(f"{VIEWER}.frame.stage.canvas.toDataURL()"))
    assert len(set(drawn)) == len(drawn)
    page.keyboard.press("5")
    page.keyboard.press("g")
    assert page.evaluate(f"{VIEWER}.gain") == 16
    page.keyboard.press("v")
    page.wait_for_function("location.search.includes('signed=1')")
    page.keyboard.press("x")  # what B has more than A, A has less than B
    assert page.evaluate(f"{VIEWER}.frame.stage.canvas.toDataURL()") not in drawn
    page.keyboard.press("?")
    assert page.locator("dialog.sdqv-keys").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("dialog.sdqv-keys").is_visible()


@pytest.mark.slow
def test_the_learned_map_is_offered_where_a_run_kept_one(page):
    focus(page)
    button = page.locator("#viewer [data-mode=st_lpips]")
    assert not button.is_visible()  # the bundled run has none: no dead button
    page.keyboard.press("7")
    assert page.evaluate(f"{VIEWER}.mode") != "st_lpips"
    page.evaluate(
        f"""async () => {{
          const doc = structuredClone({PICTURES}.doc);
          doc.made += 1;
          for (const p of doc.pictures) if (p.flip) p.st_lpips = p.flip;
          await {VIEWER}.show(doc);
        }}"""
    )
    assert button.is_visible() and button.is_enabled()
    page.keyboard.press("6")
    flip = page.evaluate("document.querySelector('#viewer canvas').toDataURL()")
    page.keyboard.press("7")
    assert page.evaluate(f"{VIEWER}.mode") == "st_lpips"
    assert "ST-LPIPS (alex)" in page.inner_text("#viewer")
    assert page.inner_text("#viewer .sdqv-scale").split("\n") == ["0", "1 or more"]
    assert page.evaluate("document.querySelector('#viewer canvas').toDataURL()") == flip


def test_all_pictures_of_one_noise_stand_side_by_side(page, store, row):
    focus(page)
    page.keyboard.press("8")
    names = page.locator("#viewer .sdqv-names > *")
    drawn = page.evaluate(f"{PICTURES}.drawn.map((p) => p.label)")
    assert len(drawn) >= 3 and "FP, another seed" not in drawn  # the other bundled run's too
    assert names.count() == len(drawn) and names.first.inner_text() == "FP (A)"
    # The pointer is over the same pixel of every one.
    panel = page.evaluate(f"{VIEWER}.panels[1]")
    edge = page.locator("#viewer canvas").bounding_box()
    page.mouse.move(
        edge["x"] + panel["left"] + panel["width"] / 2,
        edge["y"] + panel["top"] + panel["height"] / 2,
    )
    told = page.inner_text("#viewer .sdqv-readout")
    x, y = (int(part.split(" ")[1]) for part in told.split(" · ")[0].split(", "))
    for who, label in (("fp", "FP"), ("student", "W4A8")):
        with Image.open(store.blobs.path(row["images"][who])) as stored:
            rgb = stored.convert("RGB").getpixel((x, y))
        assert f"{label} {' '.join(map(str, rgb))}" in told.replace("\u2007", "").replace("  ", " ")
    assert abs(x - stored.width / 2) < 2  # the panel's middle
    # Each name's PSNR is of the scene that is shown.
    run = next(r for r in store.runs.list() if r.spec.get("recipe") == "fidelity")
    assert f"{row['metrics']['psnr']:.1f} dB" in names.nth(1).inner_text()
    page.get_by_role("tab", name="Held-out scenes").click()
    page.locator("#gallery .sdqg-card").nth(1).click()
    other = worst_first(run.scenes)[1].as_row()
    page.wait_for_function(f"{PICTURES}.ready && {PICTURES}.doc.scene === '{other['id']}'")
    assert f"{other['metrics']['psnr']:.1f} dB" in names.nth(1).inner_text()
    names.nth(1).click()  # a name opens its picture beside A
    assert page.evaluate(f"[{VIEWER}.mode, {PICTURES}.keys.b]") == ["split", "student"]
    page.keyboard.press("2")  # the keys still go to the viewer
    assert page.evaluate(f"{VIEWER}.mode") == "side"


def test_the_line_is_a_slider_for_everyone(page):
    focus(page)
    slider = page.get_by_role("slider", name="split line")
    for key, now in (("ArrowRight", "51"), ("Home", "0"), ("End", "100"), ("PageDown", "90")):
        page.keyboard.press(key)
        assert slider.get_attribute("aria-valuenow") == now
    assert "FP, right of it: W4A8" in slider.get_attribute("aria-valuetext")
    page.keyboard.press("x")
    assert "W4A8, right of it: FP" in slider.get_attribute("aria-valuetext")
    picture = page.locator("#viewer canvas")
    assert "seed" in picture.get_attribute("aria-label")


@pytest.mark.slow
def test_the_flicker_rests_where_motion_is_unwanted(page):
    focus(page)
    page.keyboard.press("3")
    page.wait_for_function(f"{VIEWER}.swapped")
    page.emulate_media(reduced_motion="reduce")
    page.evaluate(f"{VIEWER}.swapped = false")
    page.wait_for_timeout(1500)
    assert page.evaluate(f"{VIEWER}.swapped") is False
    page.keyboard.down("f")
    assert page.evaluate(f"{VIEWER}.turned") is True
    page.keyboard.up("f")
    assert page.evaluate(f"{VIEWER}.turned") is False


@pytest.mark.slow
def test_scores_of_a_former_pair_change_nothing(page):
    focus(page)
    page.locator("#viewer select[data-which=a]").select_option("other_seed")  # no run scored them
    page.wait_for_function(f"{VIEWER}.measure.asked?.a === 'other_seed'")
    asked = page.evaluate(f"{VIEWER}.measure.asked")
    page.locator("#viewer select[data-which=a]").select_option("fp")
    kept = page.inner_html("#answer .sdqv-scores")
    assert "sdq-chip" in kept
    late = {**asked, "ssim": 0.5, "flip": 0.5}
    page.evaluate(
        "detail => document.dispatchEvent(new CustomEvent('sdqviz-region', { detail }))", late
    )
    assert page.inner_html("#answer .sdqv-scores") == kept


def test_a_dragged_box_has_its_scores(page, store, row):
    focus(page)
    page.keyboard.press("r")
    edge = page.locator("#viewer canvas").bounding_box()
    page.mouse.move(edge["x"] + edge["width"] * 0.3, edge["y"] + edge["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(edge["x"] + edge["width"] * 0.7, edge["y"] + edge["height"] * 0.5, steps=4)
    page.mouse.up()
    page.wait_for_selector("#viewer .sdqv-boxed >> text=SSIM")
    box = page.evaluate(f"{VIEWER}.measure.box")

    files = [store.blobs.path(row["images"][who]) for who in ("fp", "student")]
    scores = box_scores(*files, box["x"], box["y"], box["w"], box["h"])
    assert f"SSIM {scores['ssim']:.4f} · FLIP {scores['flip']:.4f}" in page.inner_text(
        "#viewer .sdqv-boxed"
    )
    inside = np.s_[box["y"] : box["y"] + box["h"], box["x"] : box["x"] + box["w"]]
    a, b = (np.asarray(Image.open(file).convert("RGB"))[inside] for file in files)
    assert f"PSNR {METRIC.score(a, b):.1f} dB" in page.inner_text("#viewer .sdqv-boxed")
    # The numbers are of the pair that is shown, and go with it.
    page.locator("#viewer select[data-which=b]").select_option("other_seed")
    page.wait_for_function(
        f"!document.querySelector('.sdqv-boxed').innerText.includes('SSIM {scores['ssim']:.4f}')"
    )
    page.locator("#viewer select[data-which=b]").select_option("student")
    page.locator("#viewer .sdqv-worst button").first.click()
    assert page.evaluate(f"{VIEWER}.view.fitted") is False
    box = page.evaluate(f"{VIEWER}.measure.asked")
    page.keyboard.press("Escape")
    # The answer to a box that is gone changes nothing.
    late = {**box, "ssim": 0.5, "flip": 0.5}
    page.evaluate(
        "detail => document.dispatchEvent(new CustomEvent('sdqviz-region', { detail }))", late
    )
    assert page.locator("#answer .sdqv-scores .sdq-chip").count() == 3
    assert page.text_content("#viewer .sdqv-boxed") == ""


@pytest.mark.slow
def test_every_pair_has_its_own_scores(page, store, row):
    focus(page)
    scores = page.locator("#answer .sdqv-scores")
    assert f"{row['metrics']['ssim']:.3f}" in scores.inner_text()
    second = page.locator("#viewer select[data-which=b]")
    flip = page.locator("#viewer [data-mode=flip]")
    # Another run's picture against FP: as that run scored it, with its FLIP map.
    other = next(r for r in store.runs.list() if r.spec.get("recipe") == "round_nearest")
    theirs = next((r for r in other.result["scenes"] if r["id"] == row["id"]), None)
    if theirs is None:  # not every scene is in both bundles
        run = next(r for r in store.runs.list() if r.spec.get("recipe") == "fidelity")
        both = {r["id"] for r in other.result["scenes"]} & {r["id"] for r in run.result["scenes"]}
        page.goto(f"{page.url.split('?')[0]}?scene={sorted(both)[0]}")
        focus(page)
        theirs = next(r for r in other.result["scenes"] if r["id"] == sorted(both)[0])
        row = next(r for r in run.result["scenes"] if r["id"] == sorted(both)[0])
    second.select_option(other.id)
    assert f"{theirs['metrics']['flip']:.3f}" in scores.inner_text()
    assert flip.is_enabled()
    flip.click()
    with Image.open(store.blobs.path(theirs["images"]["flip"])) as stored:
        assert pixels(page, f"{PICTURES}.map('flip').data") == stored.convert("RGBA").tobytes()
    # Two quantized models against each other: measured now, the whole picture.
    page.locator("#viewer select[data-which=a]").select_option("student")
    assert flip.is_disabled() and page.evaluate(f"{VIEWER}.mode") == "difference"
    files = [store.blobs.path(r["images"]["student"]) for r in (row, theirs)]
    with Image.open(files[0]) as picture:
        whole = box_scores(*files, 0, 0, *picture.size)
    wanted = f"SSIM {whole['ssim']:.4f} · FLIP {whole['flip']:.4f}"
    page.wait_for_selector(f"#answer .sdqv-scores >> text={wanted}")
    assert "PSNR" in scores.inner_text()
    alt = page.get_attribute("#viewer canvas", "aria-label")
    assert alt.startswith(row["prompt"]) and "W4A8 and round_nearest" in alt


@pytest.mark.slow
def test_the_cursor_runs_to_the_picture_and_stops(page):
    focus(page)
    page.get_by_role("slider", name="timestep", exact=True).press("End")
    play = page.locator("#timeline .sdqt-play")
    play.click()  # from the first call, for it stands at the last
    page.wait_for_function(
        "document.querySelector('#timeline output').textContent.match(/^call [3-9] /)"
    )
    assert play.get_attribute("aria-label") == "stop the cursor"
    page.wait_for_function(
        "document.querySelector('#timeline output').textContent.startsWith('call 26 ')"
    )
    page.wait_for_function("!window.sdqviz.cursor.running")
    page.get_by_role("tab", name="Layers").click()
    page.keyboard.press(",")  # the keys are the whole page's, but not a text field's
    assert page.text_content("#timeline output").startswith("call 25 ")
    page.fill("#layers input[type=search]", "conv1")
    page.locator("#layers input[type=search]").press(",")
    assert page.text_content("#timeline output").startswith("call 25 ")


@pytest.mark.slow
def test_each_view_of_the_histogram_has_both_models(page):
    focus(page)
    drawn = set()
    for view in ("here", "overlay", "all", "heat", "bands", "steps"):
        page.click(f"#histogram [data-view={view}]")
        for scale in ("linear", "symlog"):
            chooser = page.locator("#histogram select[aria-label='value scale']")
            assert chooser.is_visible() == (view != "steps")
            if view != "steps":
                chooser.select_option(scale)
            if view == "heat":
                page.select_option("#histogram select[aria-label='whose values']", "difference")
            drawn.add(page.inner_html("#histogram .sdqh-plot"))
        if view != "steps":
            assert "W4A8" in page.inner_text("#histogram .sdq-legend")
    assert len(drawn) == 11
    page.click("#histogram [data-view=overlay]")
    lines = page.locator("#histogram polyline[data-row]")
    assert lines.count() == 25
    page.wait_for_function("location.search.includes('histogram=overlay')")


def test_one_cursor_moves_everything_and_the_address(page):
    focus(page)
    before = page.inner_text("#histogram .sdqt-values")
    for _ in range(3):
        page.keyboard.press(".")
    where = page.inner_text("#timeline output")
    assert where.startswith("call 19 of 26")
    timestep = where.split("t = ")[1]
    assert f"t = {timestep}" in page.inner_text("#histogram .sdqt-values") != before
    page.keyboard.press("5")
    page.wait_for_function("location.search.includes('mode=difference')")
    page.goto(page.url)
    focus_ready = f"{PICTURES}.ready && {VIEWER}.mode === 'difference'"
    page.wait_for_selector("#viewer canvas")
    page.wait_for_function(focus_ready)
    assert page.inner_text("#timeline output") == where


def test_an_address_opens_scene_and_layer_and_tells_of_a_lost_run(page, store, server):
    run = next(r for r in store.runs.list() if r.spec.get("recipe") == "round_nearest")
    wanted = run.result["scenes"][2]
    layer = "down_blocks.1.resnets.0.conv1"
    page.goto(f"{server[0]}?run={run.id}&scene={wanted['id']}&layer={layer}")
    page.wait_for_function(f"{PICTURES}.doc?.scene === '{wanted['id']}'")
    assert page.input_value("#scene input").startswith(wanted["prompt"])
    page.wait_for_function(f"document.querySelector('#layer input').value === {layer!r}")
    newer = store.runs.add_made("quantize", run.spec, {**run.result, "format": 99})
    page.goto(f"{server[0]}?run={newer}")
    page.wait_for_selector(f"text=Run {newer} was made by a newer sdqviz: update to see it")
    page.wait_for_function(f"{PICTURES}.ready")
    page.goto(f"{server[0]}?run=deadbeef")
    page.wait_for_selector("text=There is no finished run deadbeef here")
    page.wait_for_function(f"{PICTURES}.ready")


@pytest.mark.slow
def test_the_gallery_and_the_layers_open_what_is_chosen(page):
    focus(page)
    page.get_by_role("tab", name="Held-out scenes").click()
    page.wait_for_selector("#gallery .sdqg-card")
    cards = page.locator("#gallery .sdqg-card")
    assert cards.count() == 8
    prompt = cards.nth(2).inner_text()
    cards.nth(2).click()
    page.wait_for_function(f"{PICTURES}.doc.alt.startsWith({prompt.splitlines()[1][:12]!r})")
    page.wait_for_selector("#viewer canvas", state="visible")
    page.get_by_role("tab", name="Layers").click()
    page.fill("#layers input[type=search]", "mid_block conv2")
    names = page.locator("#layers .sdql-name")
    assert names.count() == 2
    chosen = names.first.inner_text()
    names.first.click()
    page.wait_for_function(f"document.querySelector('#layer input').value === {chosen!r}")


@pytest.mark.slow
def test_a_single_layer_is_drawn_and_can_take_the_second_place(page, store, server):
    focus(page)
    page.wait_for_function("document.querySelector('#layer input').value !== ''")
    page.get_by_role("tab", name="Layers").click()
    page.get_by_role("button", name="The picture with only this layer quantized").click()
    page.wait_for_selector("#viewer canvas", state="visible")  # the tab with the pictures
    made = drawn(page, store, server, "generate")
    assert page.evaluate(f"{PICTURES}.label('b')") == f"only {made.spec['only']} quantized"
    alone = page.evaluate(f"{VIEWER}.measure.worst[0].mse")
    page.locator("#viewer select[data-which=b]").select_option("student")
    assert (
        0 < alone < page.evaluate(f"{VIEWER}.measure.worst[0].mse")
    )  # one layer does less than all


@pytest.mark.slow
def test_a_folder_made_elsewhere_draws_the_same_scene(page, store, server, tmp_path, monkeypatch):
    made = [r for r in store.runs.list() if r.state == "done"]  # one of a newer version is here too
    run = next(r for r in made if r.spec.get("recipe") == "round_nearest")
    api.write_model(store, run, tmp_path / "elsewhere")
    focus(page)
    page.get_by_role("button", name="Another quantized folder").click()
    page.get_by_label("Folder of a quantized model").fill(str(tmp_path / "elsewhere"))
    page.get_by_role("button", name="Draw this scene with it").click()
    made = drawn(page, store, server, "compare")
    assert page.evaluate(f"{PICTURES}.label('b')") == "folder elsewhere"
    # The folder is that run's model: it draws what the run's own draws here, bit for bit.
    monkeypatch.setenv("SDQVIZ_HOME", str(server[1]))
    scene = made.scenes[0].scene
    own = store.runs.get(api.generate(run.id, scene)["run"]).scenes[0].pictures
    files = (store.blobs.path(p.student) for p in (own, made.scenes[0].pictures))
    one, other = (Image.open(file).convert("RGB") for file in files)
    assert ImageChops.difference(one, other).getbbox() is None


def drawn(page, store, server, kind):
    """Waits for the run of this kind, and shows its picture as B on the page loaded again."""
    until = time.monotonic() + 180
    while not (made := [r for r in store.runs.list(kind) if r.state == "done"]):
        assert not [r for r in store.runs.list(kind) if r.state == "failed"], page.inner_text(
            "#job"
        )
        assert time.monotonic() < until, page.inner_text("#job")
        page.wait_for_timeout(500)
    page.goto(server[0])
    page.wait_for_selector("#viewer canvas")
    focus(page)
    page.locator("#viewer select[data-which=b]").select_option(made[0].id)
    return made[0]


def test_a_picture_that_is_gone_is_told_and_the_rest_lives(page, store, server):
    run = next(r for r in store.runs.list() if r.spec.get("recipe") == "fidelity")
    row = worst_first(run.scenes)[5].as_row()  # the first page has the first one's in its cache
    path = store.blobs.path(row["images"]["student"])
    data = path.read_bytes()
    path.unlink()
    try:
        page.goto(f"{server[0]}?scene={row['id']}")
        page.wait_for_selector("#viewer [role=alert] >> text=is not there any more")
        assert page.locator("#timeline svg polyline").count() == 2
    finally:
        path.write_bytes(data)


def test_back_and_forward_show_what_was_shown(page):
    def scene():
        return page.evaluate(f"{PICTURES}.doc.scene")

    first = scene()
    page.click("#extreme")  # the worst scene
    page.wait_for_function(f"{PICTURES}.doc.scene !== '{first}' && {PICTURES}.ready")
    second = scene()
    page.wait_for_function("location.search.includes('scene=')")
    page.get_by_role("tab", name="Runs").click()
    page.wait_for_function("location.search.includes('tab=runs')")
    page.go_back()
    page.wait_for_function("document.querySelector('#viewer').offsetParent !== null")
    assert scene() == second
    page.go_back()
    page.wait_for_function(f"{PICTURES}.doc.scene === '{first}'")
    page.go_forward()
    page.wait_for_function(f"{PICTURES}.doc.scene === '{second}'")


def test_an_address_has_zoom_and_box(page, server):
    page.evaluate(f"{VIEWER}.zoomBy(4)")
    page.locator(".sdqv-worst button").first.click()
    page.wait_for_function("location.search.includes('zoom=') && location.search.includes('box=')")
    seen = f"[{VIEWER}.view.words, JSON.stringify({VIEWER}.measure.box)]"
    before = page.evaluate(seen)
    page.goto(page.url)
    page.wait_for_selector("#viewer canvas")
    page.wait_for_function(f"{PICTURES}.ready && {VIEWER}.view.words")
    assert page.evaluate(seen) == before
    page.goto(f"{server[0]}?zoom=a,b&box=1,2,3,9999")  # someone's typing
    page.wait_for_function(f"{PICTURES}.ready")
    assert page.evaluate(seen) == [None, "null"]


def test_a_link_wins_over_newer_runs_of_ones_own(page, store, server):
    first = page.evaluate(f"{PICTURES}.doc.run")
    run = store.runs.get(first)
    for _ in range(5):
        own = store.runs.add_made("quantize", run.spec, run.result)  # becomes the usual one
        page.goto(f"{server[0]}?run={first}")
        page.wait_for_function(f"{PICTURES}.ready")
        page.wait_for_timeout(1500)  # the page's timer has looked by now
        assert page.evaluate(f"{PICTURES}.doc.run") == first != own
