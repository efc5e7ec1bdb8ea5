// How long from an event to the painted answer, measured in the page: the first animation frame
// that finds another text in the watched node, and the one after it, when that is on the screen.
globalThis.bench = {
  /** The first node that matches in the page or in any open shadow root. */
  find(selector, root = document) {
    const found = root.querySelector(selector);
    if (found) return found;
    for (const node of root.querySelectorAll("*")) {
      const inside = node.shadowRoot && bench.find(selector, node.shadowRoot);
      if (inside) return inside;
    }
    return null;
  },

  frame: () => new Promise((resolve) => requestAnimationFrame(resolve)),

  /** Arms the watch: milliseconds from the next `event` until `selector` says something else. */
  watch(event, selector) {
    let start = 0;
    addEventListener(event, () => { start = performance.now(); }, { capture: true, once: true });
    let node = bench.find(selector);
    const before = node.textContent;
    const changed = () => {
      if (!node?.isConnected) node = bench.find(selector);
      return node && node.textContent !== before;
    };
    bench.painted = (async () => {
      do await bench.frame(); while (!start || !changed());
      await bench.frame();
      return performance.now() - start;
    })();
  },

  /** Presses a key `count` times, `rate` a second, and lists what `selector` says each frame. */
  async hold(key, count, rate, selector) {
    const node = bench.find(selector);
    const seen = [];
    const start = performance.now();
    for (let sent = 0; sent < count;) {
      await bench.frame();
      seen.push(node.textContent);
      if (performance.now() - start < (1000 * sent) / rate) continue;
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      sent += 1;
    }
    await bench.frame();
    seen.push(node.textContent);
    return { steps: new Set(seen).size, seconds: (performance.now() - start) / 1000 };
  },
};
