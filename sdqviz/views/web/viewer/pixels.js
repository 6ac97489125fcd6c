// Numbers out of two pictures' pixels (ImageData): difference pictures, PSNR, where they differ.
(() => {
  /** |a - b| x gain of each channel, as a picture; signed: b - a around middle grey. */
  function difference(a, b, gain, signed = false) {
    const out = new ImageData(a.width, a.height);
    for (let i = 0; i < a.data.length; i += 4) {
      for (let c = i; c < i + 3; c++) {
        const d = (b.data[c] - a.data[c]) * gain;
        out.data[c] = signed ? 128 + d : Math.abs(d);
      }
      out.data[i + 3] = 255;
    }
    return out;
  }

  /** Mean squared error and largest difference of a box, over its pixels' three channels. */
  function boxError(a, b, box) {
    let sum = 0;
    let most = 0;
    for (let y = box.y; y < box.y + box.h; y++) {
      for (let x = box.x; x < box.x + box.w; x++) {
        const i = 4 * (y * a.width + x);
        for (let c = i; c < i + 3; c++) {
          const d = Math.abs(a.data[c] - b.data[c]);
          sum += d * d;
          if (d > most) most = d;
        }
      }
    }
    return { mse: sum / (3 * box.w * box.h), most };
  }

  /** Peak signal-to-noise ratio in dB, data range 255. */
  const psnr = (mse) => (mse === 0 ? Infinity : 10 * Math.log10((255 * 255) / mse));

  /** The `count` squares with the largest mean squared error, apart from each other. */
  function worstBoxes(a, b, count = 3) {
    const side = Math.max(4, Math.round(Math.min(a.width, a.height) / 8));
    const stride = Math.max(1, side >> 2);
    const found = [];
    for (let y = 0; y + side <= a.height; y += stride) {
      for (let x = 0; x + side <= a.width; x += stride) {
        const box = { x, y, w: side, h: side };
        found.push({ ...box, ...boxError(a, b, box) });
      }
    }
    found.sort((p, q) => q.mse - p.mse);
    const apart = (p, q) => Math.abs(p.x - q.x) >= side || Math.abs(p.y - q.y) >= side;
    const chosen = [];
    for (const box of found) {
      if (chosen.length === count || box.mse === 0) break;
      if (chosen.every((other) => apart(box, other))) chosen.push(box);
    }
    return chosen;
  }

  window.sdqviz.pixels = { difference, boxError, psnr, worstBoxes };
})();
