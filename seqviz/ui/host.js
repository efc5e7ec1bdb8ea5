// What the page tells the browser around it: its language, and its state for the address.
// The player's own parameters stay in the address as long as they are well formed.

const COUNTED = /^[1-9]\d*$/;
const PLAYER = {
  t: COUNTED,
  u: COUNTED,
  s: COUNTED,
  head: COUNTED,
  pin: /^[^\s.]+(\.[1-9]\d*){2}$/,
  point: /^[^\s.,]+\.[1-9]\d{0,3}(,-?\d{1,7}(\.\d{1,4})?){2}$/,
  level: /^(flow|arithmetic)$/,
  view: /^rolled$/,
  future: /^hidden$/,
  speed: /^(0\.25|0\.5|2|4|8|24)$/,
};
const PLATFORM = ["embed", "embed_options"];

let session = null;
let writing = 0;

/**
 * Its data, as JSON: {language: string, values: [string, string][], session: string}.
 * @param {{data: Uint8Array}} component
 */
export default function (component) {
  const data = JSON.parse(new TextDecoder().decode(component.data));
  session ??= data.session;
  if (session !== data.session) {
    location.reload();
    return;
  }
  document.documentElement.lang = data.language;
  cancelAnimationFrame(writing);
  writing = requestAnimationFrame(() => setTimeout(write, 0, data.values));
}

/** The address, once the picture is on the screen: writing it takes the browser a while. */
function write(values) {
  const address = new URL(location.href);
  const query = new URLSearchParams(values);
  for (const [key, value] of address.searchParams) {
    if (PLAYER[key]?.test(value) || PLATFORM.includes(key)) query.append(key, value);
  }
  address.search = query.toString();
  if (address.href !== location.href) history.replaceState(history.state, "", address);
}
