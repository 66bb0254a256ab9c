// The keys of the review of evidence. Every one of them does what a link, a button or a field of the page does as well.
"use strict";

(() => {
  const byId = (id) => document.getElementById(id);
  const picture = byId("picture");
  const stage = byId("stage");
  const form = byId("decision");
  const reason = byId("reason");
  let turns = 0;
  // A key that leads away is heard once: the same key, pressed again or held, is not meant for the next piece.
  let leaving = false;
  const leave = () => {
    leaving = true;
    // Where it leads nowhere after all, keys are heard again.
    setTimeout(() => { leaving = false; }, 5000);
  };
  window.addEventListener("pageshow", (event) => { if (event.persisted) leaving = false; });

  const zoom = byId("zoom");
  const rotate = byId("rotate");
  if (picture) for (const tool of [zoom, rotate]) tool.hidden = false;
  zoom.addEventListener("click", () => {
    const zoomed = stage.classList.toggle("zoomed");
    zoom.setAttribute("aria-pressed", String(zoomed));
  });
  rotate.addEventListener("click", () => {
    turns = (turns + 1) % 4;
    picture.dataset.turns = String(turns);
  });

  const follow = (id) => {
    const link = byId(id);
    if (!link || leaving) return;
    leave();
    link.click();
  };
  const choose = (verdict) => {
    const choice = form?.querySelector(`input[value="${verdict}"]`);
    if (!choice) return false;
    choice.checked = true;
    return true;
  };
  const why = (verdict) => { if (choose(verdict)) reason.focus(); };

  const keys = {
    j: () => follow("next"), arrowright: () => follow("next"),
    k: () => follow("previous"), arrowleft: () => follow("previous"),
    z: () => { if (picture) zoom.click(); },
    r: () => { if (picture) rotate.click(); },
    c: () => document.querySelector("a.compare")?.click(),
    a: () => { if (!leaving && choose("accepted")) form.requestSubmit(); },
    q: () => why("questioned"),
    x: () => why("rejected"),
  };

  // Sent once: what is sent twice would be told that somebody else was faster.
  form?.addEventListener("submit", (event) => {
    if (leaving) event.preventDefault();
    else leave();
  });

  // The usual reasons are chosen by a finger too.
  for (const usual of document.querySelectorAll("[data-reason]")) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "quiet", textContent: usual.textContent });
    button.dataset.reason = usual.dataset.reason;
    button.addEventListener("click", () => { reason.value = button.textContent; });
    usual.replaceWith(button);
  }

  document.addEventListener("keydown", (event) => {
    // What an input method composes is its own; a key that is held decides nothing.
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const at = document.activeElement;
    if (at === reason) {
      if (event.key === "Escape") { reason.blur(); return; }
      // A number before anything is typed chooses one of the usual reasons.
      const usual = reason.value === "" && document.querySelector(`[data-reason="${CSS.escape(event.key)}"]`);
      if (usual) { reason.value = usual.textContent; event.preventDefault(); }
      return;
    }
    if (/^(SELECT|TEXTAREA|VIDEO)$/.test(at?.tagName ?? "") || (at?.tagName === "INPUT" && at.type !== "radio")) return;
    const key = event.key.toLowerCase();
    if (event.repeat && "aqx".includes(key)) { event.preventDefault(); return; }
    const act = keys[key];
    if (!act || (at?.type === "radio" && event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    act();
  });
})();
