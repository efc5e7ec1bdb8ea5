// What the page tells the browser around it: its language, and its state for the address.
// The player's own parameters stay in the address as long as they are well formed.

const PLAYER = { t: /^[1-9]\d*$/, u: /^[1-9]\d*$/, pin: /^[^\s.]+(\.[1-9]\d*){2}$/ };
const PLATFORM = ["embed", "embed_options"];

let session = null;

/** @param {{data: {language: string, values: [string, string][], session: string}}} component */
export default function ({ data }) {
  session ??= data.session;
  if (session !== data.session) {
    location.reload();
    return;
  }
  document.documentElement.lang = data.language;
  const address = new URL(location.href);
  const query = new URLSearchParams(data.values);
  for (const [key, value] of address.searchParams) {
    if (PLAYER[key]?.test(value) || PLATFORM.includes(key)) query.append(key, value);
  }
  address.search = query.toString();
  if (address.href !== location.href) history.replaceState(history.state, "", address);
}
