// What the toy rounds: a table of real numbers, to be seen as a picture and row by row as a curve.

/**
 * `toy_rows` of `views`; `values` are float32 in base64, row after row.
 * @typedef {{
 *   picture: { url: string, label: string },
 *   weights: { label: string, rows: number, columns: number, values: string } | null,
 * }} ToyDocument
 */

/**
 * `channels` values a place; `symmetric` is how the field rounds such numbers.
 * @typedef {{
 *   label: string, rows: number, columns: number, channels: number, symmetric: boolean,
 *   values: Float32Array, low: number, high: number,
 * }} ToyNumbers
 */

const CHANNELS = ["red", "green", "blue"];

/**
 * @param {{ label: string, rows: number, columns: number, channels: number, symmetric: boolean,
 *   values: Float32Array }} table
 * @returns {ToyNumbers}
 */
function toyNumbers(table) {
  const ends = table.values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [0, 0],
  );
  return { ...table, low: ends[0], high: ends[1] };
}

/** @param {NonNullable<ToyDocument["weights"]>} weights */
function weightNumbers({ label, rows, columns, values }) {
  const bytes = Uint8Array.from(atob(values), (c) => c.charCodeAt(0));
  const table = { values: new Float32Array(bytes.buffer), rows, columns, channels: 1 };
  return toyNumbers({ ...table, label, symmetric: true });
}

/**
 * A picture's pixels from -1 to 1, as a diffusion model has them; null where it is not there.
 * @param {ToyDocument["picture"]} picture
 */
async function pictureNumbers({ url, label }) {
  const loaded = await loadPicture(url);
  if (!loaded) return null;
  const { data, width, height } = loaded.data;
  const values = new Float32Array(width * height * 3);
  for (let i = 0; i < width * height; i += 1) {
    for (let c = 0; c < 3; c += 1) values[3 * i + c] = data[4 * i + c] / 127.5 - 1;
  }
  const table = { values, rows: height, columns: width, channels: 3 };
  return toyNumbers({ ...table, label, symmetric: false });
}

/**
 * The values along a row: of a picture those of the colour that changes most.
 * @param {ToyNumbers} numbers
 * @param {number} row
 * @returns {{ name: string, values: number[] }}
 */
function rowOf({ values, columns, channels }, row) {
  let [best, most] = [0, -1];
  const lines = Array.from({ length: channels }, (_, channel) => {
    const line = Array.from(
      { length: columns },
      (_, x) => values[(row * columns + x) * channels + channel],
    );
    const spread = Math.max(...line) - Math.min(...line);
    if (spread > most) [best, most] = [channel, spread];
    return line;
  });
  return { name: channels === 1 ? "weight" : CHANNELS[best], values: lines[best] };
}

/**
 * Paints numbers as a picture, dark where they are low.
 * @param {HTMLCanvasElement} canvas
 * @param {ToyNumbers} numbers
 * @param {(value: number) => number} change
 */
function paintNumbers(canvas, numbers, change) {
  const { values, columns, rows, channels, low, high, symmetric } = numbers;
  const most = symmetric ? Math.max(-low, high) : 1;
  Object.assign(canvas, { width: columns, height: rows });
  const pen = penOf(canvas);
  const image = pen.createImageData(columns, rows);
  for (let i = 0; i < columns * rows; i += 1) {
    for (let c = 0; c < 3; c += 1) {
      const value = change(values[i * channels + (channels === 1 ? 0 : c)]);
      image.data[4 * i + c] = Math.round((value / most + 1) * 127.5);
    }
    image.data[4 * i + 3] = 255;
  }
  pen.putImageData(image, 0, 0);
}
