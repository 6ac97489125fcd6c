// What the type checker must know of the page around the scripts. No browser loads this file.

/** Meaning of each word that the scripts write (`views/terms.py`); `script.py` puts it before. */
declare const TERMS: Record<string, string>;

/** Colours of maps, evenly spaced, as six hexadecimal digits (`metrics/magma.py`); likewise. */
declare const MAGMA: string[];

interface Component {
  /** Shows a document, or null for nothing. */
  show(document: any): void;
}

interface Element {
  /** The component that is mounted here. */
  sdqviz?: Component;
}

interface Window {
  /** What the page around the scripts may use (`page/mount.js`). */
  sdqviz?: object;
  /** What the data files of a static report call (`report/report.js`). */
  sdqvizReport?: object;
}
