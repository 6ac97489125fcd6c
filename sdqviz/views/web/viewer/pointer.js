// Pointer, wheel, touch and keys of the viewer.
(() => {
  const { clamp, sideways } = window.sdqviz;
  const NEAR = 24; // pixels beside the split line that still take it

  window.sdqviz.viewerInput = (viewer) => {
    const { stage, canvas, handle, keys } = viewer.built;
    const touches = new Map(); // pointer id -> last place
    // "line", "pan", "box", "pinch", or "touch": a finger that may yet scroll the page
    let dragging = "";
    let start = null; // the box's first pixel
    let landed = null; // where in the window the finger touched

    const ratio = () => window.devicePixelRatio || 1;
    const place = (event) => {
      const edge = canvas.getBoundingClientRect();
      return [(event.clientX - edge.left) * ratio(), (event.clientY - edge.top) * ratio()];
    };
    /** The place inside its panel: some modes have several. */
    const inPanel = ([x, y]) => {
      const panels = viewer.panels();
      const panel = panels.findLast(({ left, top }) => x >= left && y >= top) ?? panels[0];
      return [x - panel.left, y - panel.top];
    };
    const pixelAt = (event) => viewer.view.pixel(...inPanel(place(event)));

    viewer.zoomBy = (factor, at) => {
      viewer.view.zoom(factor, ...(at || []));
      viewer.draw();
      viewer.built.read(viewer, null);
    };
    viewer.fit = () => {
      viewer.view.fit();
      viewer.draw();
      viewer.built.read(viewer, null);
    };
    viewer.startBox = () => {
      viewer.boxing = !viewer.boxing;
      if (!viewer.boxing) viewer.select(null);
      viewer.draw();
    };

    const takesLine = (event) => {
      if (viewer.mode !== "split" && viewer.mode !== "fade") return false;
      const edge = canvas.getBoundingClientRect();
      const away = Math.abs(event.clientX - edge.left - viewer.share * edge.width);
      return event.target === handle || away < NEAR || viewer.view.fitted;
    };

    /** A finger on a whole picture: the style sheet lets it scroll the page, up and down. */
    const mayScroll = (event) => event.pointerType !== "mouse" && viewer.view.fitted;

    stage.addEventListener("pointerdown", (event) => {
      if (event.button || event.target.closest("button")) return; // a name is pressed, not dragged
      touches.set(event.pointerId, place(event));
      stage.setPointerCapture(event.pointerId);
      landed = [event.clientX, event.clientY];
      if (touches.size > 1) dragging = "pinch";
      else if (viewer.boxing) {
        start = pixelAt(event);
        dragging = start ? "box" : "";
      } else if (takesLine(event)) dragging = mayScroll(event) ? "touch" : "line";
      else dragging = "pan";
      move(event);
      (dragging === "line" && !handle.hidden ? handle : stage).focus({ preventScroll: true });
      event.preventDefault();
    });
    const move = (event) => {
      viewer.built.read(viewer, pixelAt(event));
      if (!touches.has(event.pointerId)) return;
      const before = touches.get(event.pointerId);
      const now = place(event);
      if (dragging === "touch") {
        const drags = sideways(landed, [event.clientX, event.clientY]);
        if (drags !== undefined) dragging = drags ? "line" : "";
      }
      if (dragging === "line") viewer.setShare(now[0] / canvas.width);
      else if (dragging === "pan") viewer.view.pan(now[0] - before[0], now[1] - before[1]);
      else if (dragging === "box") viewer.box = boxOf(start, viewer.view, inPanel(now));
      else if (dragging === "pinch" && touches.size > 1) pinch(event.pointerId, before, now);
      touches.set(event.pointerId, now);
      viewer.draw();
    };
    const pinch = (id, before, now) => {
      const [, other] = [...touches].find(([key]) => key !== id);
      const apart = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
      const middle = inPanel([(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
      viewer.view.zoom(apart(now) / Math.max(apart(before), 1), ...middle);
      viewer.view.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    };
    const boxOf = ([x, y], view, at) => {
      const column = clamp(Math.floor((at[0] - view.x) / view.scale), 0, view.pictureWidth - 1);
      const row = clamp(Math.floor((at[1] - view.y) / view.scale), 0, view.pictureHeight - 1);
      return {
        x: Math.min(x, column),
        y: Math.min(y, row),
        w: Math.abs(column - x) + 1,
        h: Math.abs(row - y) + 1,
      };
    };
    const release = (event) => {
      touches.delete(event.pointerId);
      const tapped = dragging === "touch" && event.type === "pointerup";
      if (tapped) viewer.setShare(place(event)[0] / canvas.width);
      if (dragging === "box" && viewer.box) {
        viewer.boxing = false;
        viewer.select(viewer.box);
      }
      // Of two fingers that zoomed, the one that stays moves the picture.
      if (dragging !== "pinch") dragging = "";
      else if (touches.size < 2) dragging = touches.size ? "pan" : "";
    };
    stage.addEventListener("pointermove", move);
    stage.addEventListener("pointerup", release);
    stage.addEventListener("pointercancel", release);
    // Two fingers zoom the picture and never scroll the page, whichever way they go.
    for (const kind of ["touchstart", "touchmove"]) {
      const own = (event) => event.touches.length > 1 && event.cancelable && event.preventDefault();
      stage.addEventListener(kind, own, { passive: false });
    }
    stage.addEventListener("pointerleave", () => viewer.built.read(viewer, null));
    stage.addEventListener("wheel", (event) => {
      // A wheel over the page scrolls it; over a viewer in use it zooms.
      const used = event.ctrlKey || stage.contains(document.activeElement);
      if (!used) return;
      event.preventDefault();
      viewer.zoomBy(Math.exp(-event.deltaY / 300), inPanel(place(event)));
    }, { passive: false });
    stage.addEventListener("dblclick", () => viewer.fit());

    const hold = (held) => {
      if (viewer.held === held) return;
      viewer.held = held;
      viewer.draw();
    };
    const line = (by) => () => viewer.setShare(viewer.share + by);
    const pan = (x, y) => () => {
      viewer.view.pan(x * 40 * ratio(), y * 40 * ratio());
      viewer.draw();
    };
    const gain = (factor) => () => {
      if (viewer.mode !== "difference") viewer.setMode("difference");
      viewer.setGain(clamp(viewer.gain * factor, 1, 32));
    };
    const acts = {
      ArrowLeft: line(-0.01), ArrowRight: line(0.01),
      "Shift+ArrowLeft": line(-0.1), "Shift+ArrowRight": line(0.1),
      PageDown: line(-0.1), PageUp: line(0.1),
      Home: () => viewer.setShare(0), End: () => viewer.setShare(1),
      "+": () => viewer.zoomBy(1.5), "=": () => viewer.zoomBy(1.5), "-": () => viewer.zoomBy(1 / 1.5),
      0: () => viewer.fit(),
      9: () => viewer.zoomBy(1 / viewer.view.scale),
      w: pan(0, 1), a: pan(1, 0), s: pan(0, -1), d: pan(-1, 0),
      x: () => viewer.exchange(), r: () => viewer.startBox(),
      g: gain(2), "Shift+G": gain(0.5), v: () => viewer.setGain(viewer.gain, !viewer.signed),
      " ": () => (viewer.paused = !viewer.paused),
      Escape: () => { viewer.boxing = false; viewer.select(null); },
      "?": () => keys.showModal(),
    };
    viewer.built.modes.forEach((mode, index) => {
      acts[index + 1] = () => {
        if (!viewer.built.root.querySelector(`[data-mode=${mode}]`).disabled) viewer.setMode(mode);
      };
    });
    viewer.built.root.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || keys.open) return;
      if (event.target.tagName === "SELECT") return;
      if (event.target.tagName === "BUTTON" && event.key === " ") return; // presses the button
      if (event.key.toLowerCase() === "f") {
        hold(true);
        return;
      }
      const shifted = event.shiftKey && acts[`Shift+${event.key}`];
      const act = shifted || acts[event.key];
      if (!act) return;
      act();
      event.preventDefault();
      event.stopPropagation();
    });
    viewer.built.root.addEventListener("keyup", (event) => {
      if (event.key.toLowerCase() === "f") hold(false);
    });
    // A key that is let go elsewhere tells nothing here.
    window.addEventListener("blur", () => hold(false));
    viewer.built.root.addEventListener("focusout", () => hold(false));
  };
})();
