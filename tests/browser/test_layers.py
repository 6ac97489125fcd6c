"""From a timestep to its layers, and all that is known of one: map, heatmap, sheet, table."""

import pytest

from sdqviz.store.store import Store
from sdqviz.views.layers.errors import layer_errors
from tests.browser.conftest import opened
from tests.browser.test_viewer import COMPONENT, focus

LAYERS = COMPONENT.format("layers", "layers")
SHEET = "#layers .sdql-sheet"


@pytest.fixture
def errors(server):
    store = Store(server[1])
    run = next(r for r in store.runs.list() if r.spec.get("recipe") == "fidelity")
    return layer_errors(store.blobs, run.quantized)


@pytest.fixture(scope="module")
def page(server):
    """One page for all: what a test leaves chosen, the next one finds."""
    with opened(server[0], 1280, 1000) as page:
        focus(page)
        yield page


@pytest.fixture
def layers(page):
    """The page with the Layers tab open."""
    page.get_by_role("tab", name="Layers").click()
    page.wait_for_selector(f"{SHEET} h3", state="visible")
    page.select_option("#layers select[aria-label=colour]", "own_error")
    return page


def shown(page) -> str:
    return page.inner_text(f"{SHEET} h3")


def test_the_sheet_shows_what_the_run_kept(layers, errors):
    name = "mid_block.attentions.0.transformer_blocks.0.ff.net.2"
    layers.locator(f'#layers [data-layer="{name}"]').first.click()
    assert shown(layers) == name
    facts = layers.inner_text(f"{SHEET} dl")
    assert "engine" in facts and "own error" in facts and "scale" not in facts
    bars = layers.locator(f"{SHEET} svg[aria-label*='take each code'] title").all_text_contents()
    assert len(bars) == 16 and bars[0].startswith("-8: ")
    timestep = layers.inner_text(f"{SHEET} .sdqt-values >> nth=0").split("t = ")[1].split(":")[0]
    call = errors.timesteps.index(float(timestep))
    assert f"own error {errors.own[name][call]:#.2g}" in layers.inner_text(SHEET)
    # The layer is chosen in the whole page.
    layers.wait_for_function(f"document.querySelector('#layer input').value === {name!r}")
    layers.get_by_role("button", name="Histogram of its input").click()
    layers.wait_for_selector("#histogram svg", state="visible")


@pytest.mark.slow
def test_the_map_at_the_cursor_follows_it(layers, errors):
    layers.locator("#layers [data-span=here]").click()
    slider = layers.get_by_role("slider", name="timestep of the map")
    name = "up_blocks.2.resnets.1.conv2"
    for call in (0, len(errors.timesteps) - 1):
        slider.fill(str(call))
        title = layers.locator(f'#layers .sdql-tile[data-layer="{name}"]').get_attribute("title")
        assert title.endswith(f"own error {errors.own[name][call]:#.2g}")
    assert f"call {len(errors.timesteps)} of" in layers.text_content("#timeline output")


def test_a_cell_of_the_heatmap_is_a_layer_at_a_timestep(layers):
    layers.locator("#layers [data-span=all]").click()
    field = layers.locator("#layers .sdql-heat canvas")
    rows = layers.evaluate(f"{LAYERS}.map.field.rows.map((l) => l.name)")
    calls = layers.evaluate(f"{LAYERS}.map.doc.timesteps.length")
    edge = field.bounding_box()
    field.click(
        position={
            "x": edge["width"] * (7 + 0.5) / calls,
            "y": edge["height"] * (30 + 0.5) / len(rows),
        }
    )
    assert shown(layers) == rows[30]
    assert layers.text_content("#timeline output").startswith("call 8 of")
    layers.keyboard.press("ArrowDown")
    layers.keyboard.press("ArrowRight")
    assert shown(layers) == rows[31]
    assert layers.text_content("#timeline output").startswith("call 9 of")
    layers.wait_for_function(f"document.querySelector('#layer input').value === {rows[31]!r}")
    assert shown(layers) == rows[31]  # the answer brought no other layer


@pytest.mark.slow
def test_a_timestep_names_its_worst_layers(page, errors):
    page.get_by_role("tab", name="Compare").click()
    for key, call in (("Home", 0), ("End", len(errors.timesteps) - 1)):
        page.get_by_role("slider", name="timestep", exact=True).press(key)
        worst = page.locator("#culprits button").first
        name = worst.get_attribute("title").split(":")[0]
        inputs = [n for n in errors.own if not n.startswith("conv_in")]  # it has no histogram
        assert name == max(inputs, key=lambda n: errors.own[n][call])
    worst.click()
    page.wait_for_function(f"document.querySelector('#layer input').value === {name!r}")
    page.wait_for_function("document.querySelector('#culprits [aria-pressed=true]')")


@pytest.mark.slow
def test_a_layer_that_overflowed_is_shown_first(layers):
    name = layers.evaluate(
        f"""() => {{ const doc = structuredClone({LAYERS}.doc);
        for (const layer of doc.layers) layer.name = `another.${{layer.name}}`;
        doc.layers[9].own_error = "not finite";
        const place = document.body.appendChild(document.createElement("div"));
        place.id = "overflowed";
        window.sdqviz.mount("layers", place, () => JSON.stringify(doc), () => {{}});
        return doc.layers[9].name; }}"""
    )
    assert layers.inner_text("#overflowed .sdql-sheet h3") == name


def test_a_late_histogram_moves_no_choice(layers):
    # `conv_in` has none itself, so no answer of its own comes.
    name = layers.evaluate(
        f"""(name) => {{
          const histogram = {COMPONENT.format("histogram", "histogram")};
          document.querySelector('#layers [data-layer=conv_in]').click();
          histogram.show({{ ...histogram.doc, layer: name }});
          return window.sdqviz.layer.name;
        }}""",
        "mid_block.resnets.0.conv1",
    )
    assert name == shown(layers) == "conv_in"


def test_an_address_opens_the_tab_and_its_map(layers):
    layers.evaluate("window.sdqviz.layer.choose('mid_block.resnets.0.conv1')")  # has a histogram
    layers.select_option("#layers select[aria-label=colour]", "replay_error")
    layers.locator("#layers [data-span=all]").click()
    layers.wait_for_function(
        "[['tab', 'layers'], ['map', 'replay_error'], ['span', 'all']].every("
        "([name, value]) => new URLSearchParams(location.search).get(name) === value)"
    )
    layers.reload()
    layers.wait_for_selector("#layers .sdql-heat canvas", state="visible")
    assert layers.input_value("#layers select[aria-label=colour]") == "replay_error"
    layers.get_by_role("button", name="Histogram of its input").click()
    layers.wait_for_selector("#viewer canvas", state="visible")
    layers.wait_for_function("!location.search.includes('tab=')")  # the first tab needs no name


@pytest.mark.slow
def test_an_address_opens_a_layer_without_a_histogram(layers, server):
    layers.goto(f"{server[0]}?tab=layers&layer=conv_in")
    layers.wait_for_selector(f"{SHEET} h3", state="visible")
    layers.wait_for_function("document.querySelector('#histogram .sdqt-values')?.textContent")
    assert shown(layers) == "conv_in"
