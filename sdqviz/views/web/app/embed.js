// `?embed=1`: the viewer alone, to stand in another page. The style sheet hides the rest.

if (address.get(EMBED) === "1") document.documentElement.classList.add("sdq-embed");
