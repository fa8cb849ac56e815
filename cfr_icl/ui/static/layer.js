// A canvas of the stage's size. It is painted only when its content changes.

export class Layer {
  constructor() {
    this.context = document.createElement('canvas').getContext('2d');
    this.shown = [];
  }

  // `shown` lists all that the painting depends on
  update(stage, shown, paint) {
    const { context } = this,
      now = [stage.width, stage.height, ...shown];
    if (now.length === this.shown.length && now.every((value, index) => value === this.shown[index])) return;
    this.shown = now;
    context.canvas.width = stage.width; // empties it
    context.canvas.height = stage.height;
    paint(context);
  }
}
