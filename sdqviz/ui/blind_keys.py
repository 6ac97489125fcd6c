"""The keyboard of the blind test: 1, 2, 3 or A, B, N press the answer that is on the page."""

from sdqviz.base.blind import FIRST, SECOND, UNSURE

BUTTONS = {FIRST: "blind-first", SECOND: "blind-second", UNSURE: "blind-unsure"}

# A button of a hidden tab has no offsetParent; a text field keeps its letters.
LISTEN = f"""() => {{
  const ids = {{
    1: '{BUTTONS[FIRST]}', a: '{BUTTONS[FIRST]}',
    2: '{BUTTONS[SECOND]}', b: '{BUTTONS[SECOND]}',
    3: '{BUTTONS[UNSURE]}', n: '{BUTTONS[UNSURE]}',
  }};
  const text = 'input:not([type=radio]), textarea, select, [contenteditable=true]';
  document.addEventListener('keydown', (event) => {{
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    const button = document.getElementById(ids[event.key.toLowerCase()] ?? '');
    if (!button?.offsetParent || event.target.closest?.(text)) return;
    event.preventDefault();
    button.click();
  }});
}}"""
