// The pictures' own way from the server, ahead of everything else that a page sends.
//
// A note says which picture stands at a place of the page, by its turn, and may bring it along.
// Notes come from the page's elements and over the wire, in any order; the newest turn is shown.

const ASK_AFTER_MS = 2000;

/** By place: the newest picture, what shows it and takes it off, and the clock of who waits. */
const places = new Map();
const nothing = { turn: 0, picture: null, show: null, stop() {}, shown: 0, asking: 0 };

let wire = null;
let refused = false;

/**
 * Follows a place of the page: its element has come, with a note.
 * @param {{data: Uint8Array, parentElement: HTMLElement, setTriggerValue: Function}} component
 * @param {(component: {data: object, parentElement: HTMLElement}) => () => void} mount
 * @param {(bytes: Uint8Array) => {reader: string, place: string, turn: number, picture?: object}} read
 * @returns {() => void}  what takes the place off the page
 */
export function followPlace({ data, parentElement, setTriggerValue }, mount, read) {
  const note = read(data);
  const place = placeNamed(note.place);
  place.show = (picture) => (place.stop = mount({ data: picture, parentElement }));
  clearTimeout(place.asking);
  takeNote(note);
  if (place.shown < note.turn) place.asking = setTimeout(askAgain, ASK_AFTER_MS, setTriggerValue);
  openWire(note.reader, read);
  return () => {
    clearTimeout(place.asking);
    place.stop();
    Object.assign(place, { ...nothing, turn: place.turn, picture: place.picture });
  };
}

function placeNamed(name) {
  if (!places.has(name)) places.set(name, { ...nothing });
  return places.get(name);
}

function takeNote({ place: name, turn, picture }) {
  const place = placeNamed(name);
  if (picture && turn > place.turn) Object.assign(place, { turn, picture });
  if (!place.show || place.shown === place.turn) return;
  place.show(place.picture);
  place.shown = place.turn;
  clearTimeout(place.asking);
}

/** What was announced did not come: the wire is dead, and the server has to know. */
function askAgain(setTriggerValue) {
  wire?.close();
  setTriggerValue("missed", true);
}

/** Where a wire cannot be opened, elements bring the pictures along, and nobody tries again. */
function openWire(reader, read) {
  if (wire || refused) return;
  const address = new URL(`seqviz/wire/${reader}`, document.baseURI);
  address.protocol = address.protocol.replace("http", "ws");
  const opening = new WebSocket(address);
  let opened = false;
  wire = Object.assign(opening, {
    binaryType: "arraybuffer",
    onopen: () => (opened = true),
    onmessage: ({ data }) => takeNote(read(new Uint8Array(data))),
    onclose() {
      if (wire === opening) wire = null;
      refused ||= !opened;
    },
  });
}
