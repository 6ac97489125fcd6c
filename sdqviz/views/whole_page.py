"""A page that opens from a file, without a server and without gradio."""

from sdqviz.views.markup import html


def whole_page(title: str, head: str, body: str = "") -> str:
    """The document; `head` and `body` are markup."""
    return html(
        """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
{head}
</head>
<body><main>{body}</main></body>
</html>
""",
        title=title,
        head=head,
        body=body,
    )
