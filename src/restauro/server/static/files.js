/** How files come into the page and leave it: choosing, dropping, pasting, saving. */

import { element, input } from "./interface.js";
/** @import { Session } from "./session.js" */

/** Lets pictures come in by every way a browser has. @param {Session} session */
export function acceptFiles(session) {
  /** @param {File | undefined} file */
  const open = (file) => file && afterAsking(session, () => session.open(file, file.name));
  onChosen("picture-file", open);
  onChosen("mask-file", (file) => session.useMask(file, file.name));
  const highlight = (/** @type {boolean} */ isOver) =>
    document.body.classList.toggle("dragged-over", isOver);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    highlight(true);
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => relatedTarget ?? highlight(false));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    highlight(false);
    open(event.dataTransfer?.files[0]);
  });
  document.addEventListener("paste", ({ clipboardData }) => open(clipboardData?.files[0]));
  window.addEventListener("beforeunload", (event) => {
    if (session.isUnsaved && !session.isKept) event.preventDefault();
  });
  element("close-picture").addEventListener("click", () => {
    void afterAsking(session, async () => session.close());
  });
}

/**
 * @param {string} id of a file input
 * @param {(file: File) => void} action
 */
function onChosen(id, action) {
  input(id).addEventListener("change", () => {
    const file = input(id).files?.[0];
    if (file) action(file);
    input(id).value = ""; // so that the same file can be chosen again
  });
}

/**
 * Opens or closes a picture; asks first if that would lose work.
 * @param {Session} session
 * @param {() => Promise<void>} action
 */
async function afterAsking(session, action) {
  const dialog = /** @type {HTMLDialogElement} */ (element("replace"));
  if (session.isUnsaved) {
    if (dialog.open) return;
    dialog.returnValue = "keep";
    dialog.showModal();
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    if (dialog.returnValue !== "replace") return;
  }
  await action();
}

/** @param {Blob} bytes @param {string} name */
export function save(bytes, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(bytes);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser may still be reading
}
