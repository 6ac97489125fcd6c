"""What tabs are built of: components that the page's own script draws, and folding parts."""

import gradio as gr

FOLDING = "sdq-fold"  # what a page on a narrow screen opens with folded
NOTHING = "null"  # the value of a component that has nothing to show; "" is: not asked yet


def component(kind: str, elem_id: str, events: tuple[str, ...] = (), waits: bool = True) -> gr.HTML:
    """A gr.HTML whose value is the JSON text of what a component of this kind (`mount.js`) shows.

    `events` are those that it triggers: each is an attribute to attach a listener to. `waits`:
    whether a first value will come; its place is held until then.
    """
    # Gradio finds an event's name as a quoted word in the script.
    named = ", ".join(f"'{event}'" for event in events)
    return gr.HTML(
        value="" if waits else NOTHING,
        html_template="",
        apply_default_css=False,
        js_on_load=f"""
          // {named}
          window.sdqviz.mount('{kind}', element, () => props.value,
            (show) => watch('value', show), trigger);
        """,
        elem_id=elem_id,
    )


def folding(label: str) -> gr.Accordion:
    """A part of a tab that goes deeper: open, but folded where a page opens on a narrow screen."""
    return gr.Accordion(label, open=True, elem_classes=FOLDING)
