// The link to what is on the screen now, with the step and the pins that only the browser knows.

const fields = new WeakMap();

/**
 * Its data, as JSON: {page: string, base: string, words: Record<string, string>}.
 * @param {{data: Uint8Array, parentElement: HTMLElement}} component
 */
export default function (component) {
  const { parentElement } = component;
  const data = JSON.parse(new TextDecoder().decode(component.data));
  const { row, field, button } = fields.get(parentElement) ?? build(parentElement);
  const { words } = data;
  const show = () => (field.value = current(data));
  field.setAttribute("aria-label", words.link);
  button.textContent = words.copy;
  button.onclick = async () => {
    show();
    await copy(field);
    button.textContent = words.copied;
  };
  field.onfocus = () => (show(), field.select());
  row.onpointerenter = () => (show(), (button.textContent = words.copy));
  requestAnimationFrame(show);
}

/** The address of this page as others reach it; the first page too goes by its own name. */
function current({ page, base }) {
  return new URL(page + location.search, base || document.baseURI).href;
}

async function copy(field) {
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    field.select();
    document.execCommand("copy");
  }
}

function build(parent) {
  const row = document.createElement("div");
  const field = document.createElement("input");
  const button = document.createElement("button");
  row.className = "row";
  field.readOnly = true;
  button.type = "button";
  row.append(field, button);
  parent.append(row);
  const built = { row, field, button };
  fields.set(parent, built);
  return built;
}
