// Every text on the page that is paler than 4.5 : 1 on its background (WCAG 2, AA), shadow roots too.
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parse = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = (a, b) => [0, 1, 2].map((k) => a[k] * a[3] + b[k] * (1 - a[3]));
  const linear = (part) =>
    part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const parentOf = (node) => node.parentElement ?? node.getRootNode().host ?? null;
  const upwards = (node) => (node ? [node, ...upwards(parentOf(node))] : []);
  const ground = (node) => upwards(node)
    .map((each) => parse(getComputedStyle(each).backgroundColor))
    .reduceRight((below, colour) => over(colour, below), [255, 255, 255]);
  const opacity = (node) =>
    upwards(node).reduce((product, each) => product * getComputedStyle(each).opacity, 1);
  const all = (root) => [...root.querySelectorAll("*")]
    .flatMap((node) => [node, ...(node.shadowRoot ? all(node.shadowRoot) : [])]);
  // Letters on a strip, a token or a mark stand on its own fill, and have tests of their own.
  const elsewhere = ".cell-number, .token-text, .mark *, .spoken, :disabled, :disabled *, style, title";
  return all(document)
    .filter((node) => [...node.childNodes].some((c) => c.nodeType === 3 && c.nodeValue.trim()))
    .filter((node) => node.getClientRects().length && !node.matches(elsewhere))
    .filter((node) => getComputedStyle(node).visibility !== "hidden")
    .map((node) => {
      const svg = node.closest("svg");
      const style = getComputedStyle(node);
      const ink = parse(svg ? style.fill : style.color);
      ink[3] *= opacity(node);
      const paper = ground(svg ?? node);
      const [a, b] = [light(over(ink, paper)), light(paper)];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      return [node.textContent.trim().slice(0, 40), Number(ratio.toFixed(2))];
    })
    .filter(([, ratio]) => ratio < 4.5);
}
