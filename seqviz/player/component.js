// The Streamlit component: one player for each place on the page, kept across reruns.
import { mount } from "./player.js";

const mounted = new WeakMap();

/** @param {{data: object, parentElement: HTMLElement|ShadowRoot}} component */
export default function component({ data, parentElement }) {
  const known = mounted.get(parentElement);
  if (known) known.update(data);
  else mounted.set(parentElement, mount(parentElement, data));
  return () => {
    const player = mounted.get(parentElement);
    mounted.delete(parentElement);
    if (player) player.destroy();
  };
}
