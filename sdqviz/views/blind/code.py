"""A link as a code to photograph (QR), or the reason why no phone could follow it."""

from urllib.parse import urlsplit

import segno

from sdqviz.views.markup import Markup, html

_OWN = ("localhost", "127.0.0.1", "::1")
_PIXELS = 7  # of each module of the code


def link_code(link: str) -> Markup:
    """`link` is an address with its scheme."""
    if urlsplit(link).hostname in _OWN:
        return html(
            '<p class="sdq-note">Only this machine reaches this address. Start the app with '
            "<code>sdqviz app --class</code>, and a code for phones stands here.</p>"
        )
    drawn = segno.make(link, error="m", micro=False)
    picture = drawn.svg_inline(scale=_PIXELS, border=3, dark="#000", light="#fff", omitsize=True)
    return html(
        '<div class="sdq-code" role="img" aria-label="code of {link}">{picture}</div>'
        '<p class="sdq-code-link">{link}</p>',
        link=link,
        picture=Markup(picture),
    )
