// What the viewer is made of: toolbar, stage, split handle, read-out, list of keys.
(() => {
  const { node, clamp, pixels } = window.sdqviz;
  const KEYS = [
    ["1 … 9", "mode"],
    ["← →", "move the line or the mix (with Shift: faster); Home, End"],
    ["hold F", "show the other picture"],
    ["Space", "pause the flicker"],
    ["X", "exchange the two pictures"],
    ["+ −, 0", "zoom, fit; 9: one picture pixel on one screen pixel"],
    ["W A S D", "pan"],
    ["G, Shift G", "more, less gain; V: with or without sign"],
    ["R", "measure a box: drag it; Esc removes it"],
    [", .", "former, next timestep (anywhere on the page)"],
    ["?", "this list"],
  ];

  window.sdqviz.viewerParts = (viewer, element, modes, gains) => {
    const modeButtons = modes.map(([name, title, help], index) =>
      node(
        "button",
        { type: "button", title: `${help} (${index + 1})`, "data-mode": name,
          onclick: () => viewer.setMode(name) },
        title,
      ),
    );
    const gain = node(
      "select",
      { "aria-label": "gain of the difference", onchange: () => viewer.setGain(+gain.value) },
      ...gains.map((g) => node("option", { value: g }, `× ${g}`)),
    );
    const sign = node("select", { "aria-label": "sign of the difference",
      onchange: () => viewer.setGain(viewer.gain, sign.value === "1") },
      node("option", { value: "0" }, "|A − B|"), node("option", { value: "1" }, "B − A"));
    const chooser = (which, name) =>
      node("select", { "aria-label": `picture ${name}`, "data-which": which,
        onchange: (event) => viewer.choose(which, event.target.value) });
    const choosers = { a: chooser("a", "A"), b: chooser("b", "B") };
    const button = (text, title, act) =>
      node("button", { type: "button", title, "aria-label": title, onclick: act }, text);
    const keys = node("dialog", { class: "sdqv-keys", "aria-label": "keys" },
      node("dl", {}, ...KEYS.flatMap(([key, does]) => [node("dt", {}, key), node("dd", {}, does)])),
      node("form", { method: "dialog" }, node("button", {}, "Close")));
    const region = button("▭ Box", "measure a box: drag it on the picture (R)", () =>
      viewer.startBox());
    const bar = node("div", { class: "sdqv-modes", role: "group", "aria-label": "mode" }, ...modeButtons);
    // Below the picture: what comes and goes with a mode must not move it.
    const tools = node("div", { class: "sdqv-bar sdqv-tools" },
      region,
      button("−", "zoom out (-)", () => viewer.zoomBy(1 / 1.5)),
      button("+", "zoom in (+)", () => viewer.zoomBy(1.5)),
      button("Fit", "show the whole picture (0)", () => viewer.fit()),
      button("Link", "copy the address of what is shown", () => copy()),
      button("?", "keys", () => keys.showModal()),
      node("span", { class: "sdqv-gap" }), sign, gain);
    const copy = async () => {
      const link = window.sdqviz.address.link();
      try {
        await navigator.clipboard.writeText(link);
        tell.say("link copied");
        told.textContent = "Copied.";
      } catch {
        told.textContent = link; // no clipboard without a secure page: to copy by hand
      }
      setTimeout(() => (told.textContent = ""), 8000);
    };
    const canvas = node("canvas", { role: "img" });
    const handle = node("div", { class: "sdqv-handle", role: "slider", tabindex: 0,
      "aria-orientation": "horizontal", "aria-valuemin": 0, "aria-valuemax": 100 });
    const tags = { a: node("span", { class: "sdqv-tag" }), b: node("span", { class: "sdqv-tag" }) };
    const names = node("div", { class: "sdqv-names" }); // one for each picture, where all are shown
    const stage = node("div", { class: "sdqv-stage", tabindex: 0 }, canvas, handle, tags.a, tags.b, names);
    const readout = node("div", { class: "sdqv-readout" });
    const scores = node("div", { class: "sdqv-scores" });
    const boxed = node("div", { class: "sdqv-boxed", "aria-live": "polite" });
    const worst = node("div", { class: "sdqv-worst" });
    const told = node("div", { class: "sdqv-told" });
    const live = node("div", { class: "sdqv-unseen", "aria-live": "polite" });
    const trouble = node("p", { class: "sdq-error", role: "alert", hidden: true });
    const note = node("p", { class: "sdq-note", hidden: true });
    const sources = node("div", { class: "sdqv-sources" });
    const pair = node("div", { class: "sdqv-pair" }, "A ", choosers.a,
      button("⇄", "exchange A and B (X)", () => viewer.exchange()), " B ", choosers.b, sources);
    const root = node("div", { class: "sdqv", hidden: true },
      bar, pair, trouble, note, stage, tools, told, readout, scores, boxed, worst, live, keys);
    element.append(root);
    const tell = { root, stage, canvas, handle, keys, region, modes: modes.map(([name]) => name) };

    tell.offer = (doc, chosen) => {
      for (const which of ["a", "b"]) {
        const options = doc.pictures.map((p) => node("option", { value: p.key }, p.label));
        choosers[which].replaceChildren(...options);
        choosers[which].value = chosen[which];
      }
      // Links to the files themselves: what is saved is what was measured.
      sources.replaceChildren(...doc.pictures.map((p) =>
        node("a", { href: p.url, download: `${p.key}.png`, "data-who": p.key,
          title: `save the PNG of ${p.label}` })));
    };
    tell.press = (v) => {
      for (const b of modeButtons) {
        b.setAttribute("aria-pressed", b.dataset.mode === v.mode);
      }
      for (const link of sources.children) {
        const which = ["a", "b"].find((one) => v.keys?.[one] === link.dataset.who);
        link.hidden = !which;
        link.textContent = which ? `⤓ ${which.toUpperCase()}` : "";
      }
      for (const button of modeButtons.filter((b) => v.maps.includes(b.dataset.mode))) {
        const name = button.dataset.mode;
        button.hidden = !v.doc?.pictures.some((p) => p[name]); // none of these runs kept one
        button.disabled = !(v.keys && v.map(name));
        if (v.ready && button.disabled && v.mode === name) v.setMode("difference");
      }
      const notes = (v.doc?.pictures ?? [])
        .filter((p) => p.note && [v.keys.a, v.keys.b].includes(p.key)).map((p) => p.note);
      note.textContent = notes.join(" ");
      note.hidden = !notes.length;
      gain.hidden = sign.hidden = v.mode !== "difference";
      gain.value = v.gain;
      sign.value = v.signed ? "1" : "0";
      const focused = document.activeElement === handle;
      handle.hidden = !["split", "fade"].includes(v.mode);
      if (focused && handle.hidden) stage.focus({ preventScroll: true }); // the keys go on
      handle.classList.toggle("sdqv-mix", v.mode === "fade");
    };
    tell.place = (v, ratio) => {
      handle.style.left = `${clamp(v.share, 0, 1) * 100}%`;
      handle.setAttribute("aria-valuenow", Math.round(v.share * 100));
      const said = v.mode === "fade"
        ? `${Math.round(v.share * 100)} % ${v.label("b")} mixed into ${v.label("a")}`
        : `left ${Math.round(v.share * 100)} %: ${v.label("a")}, right of it: ${v.label("b")}`;
      handle.setAttribute("aria-valuetext", said);
      handle.setAttribute("aria-label", v.mode === "fade" ? "mix" : "split line");
      const [left, right] = {
        split: [v.label(v.turned ? "b" : "a"), v.label(v.turned ? "a" : "b")],
        side: [v.label("a"), v.label("b")],
        flicker: [v.label(v.turned ? "b" : "a"), ""],
        fade: [v.label("a"), v.label("b")],
        difference: [v.signed
          ? `(${v.label("b")} − ${v.label("a")}) × ${v.gain}: grey is equal, black and white ±${Math.ceil(127 / v.gain)} of 255`
          : `|${v.label("a")} − ${v.label("b")}| × ${v.gain}: white is ${Math.ceil(255 / v.gain)} of 255 or more`, ""],
        checker: [`${v.label("a")} and ${v.label("b")} in turn; the upper left square is ${v.label("a")}`, ""],
        flip: ["FLIP: black 0, pale yellow 1", ""],
        st_lpips: ["ST-LPIPS (alex): black 0, pale yellow 1 or more", ""],
        all: ["", ""],
      }[v.mode];
      nameAll(v, ratio);
      tags.a.textContent = left;
      tags.b.textContent = right;
      tags.b.hidden = !right;
      region.setAttribute("aria-pressed", Boolean(v.boxing));
      stage.classList.toggle("sdqv-boxing", Boolean(v.boxing));
      stage.classList.toggle("sdqv-zoomed", !v.view.fitted);
      stage.dataset.zoom = (v.view.scale / ratio).toFixed(2);
    };
    /** The name of each panel where all pictures are shown; it opens its picture against A. */
    const nameAll = (v, ratio) => {
      const panels = v.mode === "all" ? v.panels() : [];
      const made = JSON.stringify([v.doc.run, v.doc.scene, v.keys.a, ...v.drawn.map((p) => [p.key, p.label])]);
      if (names.dataset.made !== made || names.children.length !== panels.length) {
        names.dataset.made = made; // not while the pictures are moved: a name may have the focus
        names.replaceChildren(...panels.map(({ key }) => {
          const label = v.doc.pictures.find((p) => p.key === key).label;
          if (key === v.keys.a) return node("span", { class: "sdqv-tag" }, `${label} (A)`);
          const psnr = v.psnr(key);
          const near = Number.isFinite(psnr) ? `${psnr.toFixed(1)} dB` : Number.isNaN(psnr) ? "" : "identical";
          const open = () => {
            v.choose("b", key);
            tell.offer(v.doc, v.keys);
            v.setMode("split");
            stage.focus({ preventScroll: true }); // the pressed name is gone: the keys go on
          };
          return node("button", { type: "button", class: "sdqv-tag", onclick: open,
            title: `PSNR against ${v.label("a")}; click to see the two under the split line` },
            node("span", {}, label), node("b", {}, near));
        }));
      }
      panels.forEach((panel, i) => {
        names.children[i].style.left = `${panel.left / ratio + 6}px`;
        names.children[i].style.top = `${panel.top / ratio + 6}px`;
        names.children[i].style.maxWidth = `${panel.width / ratio - 12}px`;
      });
    };
    tell.read = (v, at) => {
      const zoom = `${(v.view.scale / (window.devicePixelRatio || 1)).toFixed(1)} × zoom`;
      if (!at || !v.ready) {
        readout.textContent = zoom;
        return;
      }
      const i = 4 * (at[1] * v.a.width + at[0]);
      const rgb = (picture) => [...picture.data.data.slice(i, i + 3)];
      const show = (values) => values.map((n) => String(n).padStart(3, "\u2007")).join(" ");
      if (v.mode === "all") {
        const each = v.drawn.map((p) => `${p.label} ${show(rgb(v.loaded[p.key]))}`);
        readout.textContent = [`x ${at[0]}, y ${at[1]}`, ...each, zoom].join(" · ");
        return;
      }
      const [a, b] = [rgb(v.a), rgb(v.b)];
      const signed = b.map((n, k) => (n - a[k] > 0 ? "+" : "") + (n - a[k]));
      readout.textContent = `x ${at[0]}, y ${at[1]} · ${v.label("a")} ${show(a)} · ` +
        `${v.label("b")} ${show(b)} · B − A ${show(signed)} · ${zoom}`;
    };
    /** The scores that were kept of the pair, or what the page measures itself. */
    tell.score = (v) => {
      const psnr = v.psnr(v.keys.b);
      const near = Number.isFinite(psnr) ? `PSNR ${psnr.toFixed(1)} dB` : Number.isNaN(psnr) ? "not compared" : "identical";
      const usual = [v.keys.a, v.keys.b].sort().join() === "fp,student";
      canvas.ariaLabel = usual ? v.doc.alt : `${v.doc.about}: ${v.label("a")} and ${v.label("b")}; ${near}`;
      if (v.scored) scores.innerHTML = v.scored.chips; // made by sdqviz, with every text escaped
      else scores.textContent = v.ready ? `${v.label("a")} against ${v.label("b")}: ${near}` : "";
    };
    tell.tellBox = (box, psnr, most) => {
      boxed.textContent = box
        ? `Box ${box.w} × ${box.h} at (${box.x}, ${box.y}): PSNR ${
            Number.isFinite(psnr) ? psnr.toFixed(1) + " dB" : "∞ (identical)"
          }, largest difference ${most} of 255`
        : "";
    };
    tell.tellMore = ({ ssim, flip }, inBox) => {
      const place = inBox ? boxed : scores;
      place.textContent = `${place.textContent.split(" · SSIM")[0]} · SSIM ${ssim.toFixed(4)} · FLIP ${flip.toFixed(4)}${
        inBox ? " (of the whole pictures' maps)" : ""}`;
    };
    tell.listWorst = (boxes) => {
      worst.replaceChildren(...(boxes.length ? ["Most different: "] : []), ...boxes.map((box) =>
        button(`(${box.x}, ${box.y}) ${pixels.psnr(box.mse).toFixed(1)} dB`,
          `show and measure the box of ${box.w} × ${box.h} at ${box.x}, ${box.y}`, () => {
            viewer.view.show(box);
            viewer.select({ x: box.x, y: box.y, w: box.w, h: box.h });
          })));
    };
    tell.missing = (absent) => {
      trouble.hidden = !absent.length;
      trouble.textContent = absent.length
        ? `The picture ${absent.join(", ")} of this scene is not there any more: draw it again.`
        : "";
    };
    tell.say = (text) => (live.textContent = text);
    tell.press(viewer);
    return tell;
  };
})();
