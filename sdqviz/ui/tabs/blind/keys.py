"""The blind test in the browser: its keyboard, what it covers, and the test that a reload goes on
with.

1, 2, 3 or A, B, N press the answer that is on the page.
"""

from sdqviz.base.blind import FIRST, SECOND, UNSURE

BUTTONS = {FIRST: "blind-first", SECOND: "blind-second", UNSURE: "blind-unsure"}

# A reload of the page goes on with the tab's own test: kept until the browser's tab is closed.
# Where a browser denies storage, as in some embedded pages, a reload starts anew.
# While it lasts, the style sheet covers the pictures with names in other tabs. (A style that asked
# `body:has(...)` would be worked out anew at every change anywhere in the page.)
KEEP = """(id) => {
  document.body.classList.toggle('sdq-blind-on', Boolean(id));
  try {
    if (id) sessionStorage.setItem('sdqviz-blind', id);
    else sessionStorage.removeItem('sdqviz-blind');
  } catch {}
}"""
# Before the server answers, a reload of a running test must not show whose picture is whose.
COVER = """(() => {
  const cover = () => {
    try {
      const runs = Boolean(sessionStorage.getItem('sdqviz-blind'));
      document.body.classList.toggle('sdq-blind-on', runs);
    } catch {}
  };
  if (document.body) cover();
  else document.addEventListener('DOMContentLoaded', cover);
})();"""
# Once the server said which test goes on, if any (`before` is set with that).
SETTLE = f"(id, before) => {{ if (before) ({KEEP})(id); }}"
RECALL = """(run, id, before) => {
  let kept = null;
  try { kept = sessionStorage.getItem('sdqviz-blind'); } catch {}
  return [run, id || (before ? '' : kept) || '', before];
}"""

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
