// What the picture's pointer and keys do: a mark is shown at once, its action goes to the server.

import { middleOfSmall } from './geometry.js';
import { objectsAt } from './picking.js';
import { View } from './view.js';

export class Marking {
  constructor(app) {
    this.app = app;
    this.view = new View(app.ref('canvas'), app.look, this.actions());
  }

  // What the view calls for pointer and keys, as its constructor lists them.
  actions() {
    return {
      click: (x, y, positive, alt) =>
        this.mark('click', { x, y, positive, may_overlap: alt }, { x, y, positive }),
      select: (id) => this.select(id),
      toggle: (id) => this.app.selection.toggle(id),
      box: (left, top, right, bottom, drag) => {
        const middle = middleOfSmall(this.view.size, left, top, right, bottom);
        if (middle) this.app.commands.run('finish'); // as a box, it starts an object
        if (middle) this.mark('click', { ...middle, positive: true }, { ...middle, positive: true });
        else this.mark('box', { left, top, right, bottom }, drag);
        if (this.app.oneBox) this.app.settings.showTool('click');
      },
      paint: (points, add, drag) => this.mark('paint', { points, add, diameter: drag.brush }, drag),
      lasso: (points, add, drag) => this.mark('lasso', { points, add }, drag),
      reshape: (points, drag) => this.mark('reshape', { points }, drag),
      fillHole: ({ x, y }) => this.app.send('fill_hole', { x, y }),
      resizeBrush: (direction) => this.app.commands.run(direction > 0 ? 'brush-larger' : 'brush-smaller'),
      hover: (pixel, touch) => {
        this.app.preview.followPointer(pixel, touch);
        this.point(pixel);
      },
      rest: () => this.pointAnew(),
      zoomed: (scale) => {
        this.app.ref('zoom').textContent = `${Math.round(scale * 100)} %`;
        this.app.shownPicture.keepPlace();
        this.app.preview.drop();
        this.pointAnew();
      },
      mode: () => this.app.mode,
      ready: () => this.app.ready(),
      accepts: () => this.app.accepts(),
      inWork: () => this.app.activeSoon !== null,
    };
  }

  // Tell of the pixel under the pointer or the crosshair, and mark the object there.
  point(pixel) {
    this.app.ref('pointer').textContent = pixel ? `${pixel.x}, ${pixel.y}` : '';
    this.app.panel.pointAt(
      pixel ? (objectsAt(this.view.objects, pixel, this.view.reach)[0]?.id ?? null) : null,
    );
  }

  // The picture lies elsewhere, or is another one, while the pointer rests.
  pointAnew() {
    this.point(this.view.pointedPixel);
  }

  // Draw a click or stroke at once and send its action; show hidden masks, so that the answer is seen.
  mark(kind, data, shown) {
    this.app.settings.hideMasks(false);
    this.app.selection.clear();
    this.app.ref('tip').hidden = true;
    const number = this.app.send(kind, data);
    this.view.pending.push({ ...shown, number });
    this.app.panel.showCommands();
    this.view.draw();
  }

  select(id) {
    if (this.app.activeSoon === id) return;
    this.app.settings.hideMasks(false);
    this.app.selection.clear();
    this.app.send('select', { id });
    this.app.replies.showCurrent();
  }
}
