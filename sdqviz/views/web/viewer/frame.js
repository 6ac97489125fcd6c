// What the viewer is made of: controls, stage, words.

class ViewerFrame {
  /**
   * @param {Viewer} viewer
   * @param {Element} element
   */
  constructor(viewer, element) {
    this.words = new ViewerReadout();
    this.tools = new ViewerTools(viewer, (words) => this.words.say(words));
    this.stage = new ViewerStage();
    const { words, tools, stage } = this;
    this.root = node(
      "div",
      { class: "sdqv", hidden: true },
      ...[tools.bar, tools.pair, words.trouble, words.note, stage.root, tools.root, tools.copied],
      ...[words.pixel, words.boxed, words.worst, words.live, tools.keys],
    );
    if (!shownAnswer.root.isConnected) shownAnswer.moveTo(element);
    element.append(this.root);
    this.press(viewer);
  }

  /**
   * Shows what is chosen.
   * @param {Viewer} viewer
   */
  press(viewer) {
    this.tools.press(viewer);
    this.stage.press(viewer);
  }

  /**
   * Puts everything where the pictures are.
   * @param {Viewer} viewer
   */
  place(viewer) {
    this.stage.place(viewer);
    press(this.tools.region, viewer.boxing);
  }
}
