// The page is changed in place and only where it differs, so that nothing flickers and no selection is lost.
/* global document */
export const find = (root, name) => root.querySelector(`[data-fill="${name}"]`);

export function text(node, value) {
    if (node.textContent !== value) node.textContent = value;
}

export function fill(root, name, value) {
    text(find(root, name), value);
}

export function attribute(node, name, value) {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

export function element(tag, className = '', content = '') {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (content) node.textContent = content;
    return node;
}

// Keeps one child an item, in the items' order: makes what is new, removes what is gone, moves only what moved.
export function list(parent, items, { key, make, update }) {
    const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
    items.forEach((item, index) => {
        const id = String(key(item));
        let child = before.get(id);
        if (!child) {
            child = make(item);
            child.dataset.key = id;
        }
        before.delete(id);
        if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
        update?.(child, item, index);
    });
    before.forEach((child) => child.remove());
}
